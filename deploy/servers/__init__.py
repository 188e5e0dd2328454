"""PostgreSQL and Valkey on this machine: `python -m deploy.servers -- CMD…` runs beside them."""
