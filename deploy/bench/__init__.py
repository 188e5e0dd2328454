"""Measures the services beside the same statements run by PostgreSQL's own tools.

`python -m deploy.bench [group …]` needs DATABASE_URL (administrator) and REDIS_URL, as `make bench`
gives them. It builds a database of its own, starts real web processes, and for each case reports
requests or rows per second, milliseconds, processor time of the process, and the ratio to pgbench
or psql in the same run. A group is a module of this package with `prepare` and `CASES`.
"""
