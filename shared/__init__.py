"""What the four services have in common. It knows no service, and no customer word but in `events`.

A process is built by `app` (web) or `worker` and holds a `service`. Work happens in a unit of work
(`uow`, over `db`, `data` and `outbox`). `web` serves the public operations, `routers` those that
every service has, `transport` is below them; `feed` reads other services' events, `net` calls other
hosts, `mail` knows addresses and mail failures, `values` says which values are accepted.
"""
