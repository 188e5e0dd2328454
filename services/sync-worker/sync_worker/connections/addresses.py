"""Which addresses a connection may have."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import invalid
from shared.net.egress import AddressRefused
from shared.service import Service
from sync_worker.connections.schemas import ConnectionIn, ConnectionPatch
from sync_worker.connectors import registry


async def check_reachable(service: Service, data: ConnectionIn | ConnectionPatch) -> None:
    """Refuse addresses that could never be called. Asks the name server, so not within a
    transaction; every use checks anew. Raises `Invalid`.
    """
    policy = service.outside.policy
    given = data.model_dump(exclude_unset=True)
    for connector in registry.CONNECTORS:
        peer = connector.spec.peer
        for name in connector.spec.urls:
            if name in given:
                with _told_as_unreachable(name):
                    await policy.check_url(given[name])
        if peer is not None and peer.host in given:
            settings = connector.spec.settings.model_fields
            with _told_as_unreachable(peer.host):
                await policy.checked_peer(
                    given[peer.host],
                    given.get(peer.port, settings[peer.port].default),
                    encrypted=given.get(peer.security, "tls") == "tls",
                    ports=peer.ports,
                )


@contextmanager
def _told_as_unreachable(name: str) -> Iterator[None]:
    try:
        yield
    except AddressRefused as error:
        raise invalid(f"/{name}", "unreachable", str(error)) from error
