"""Every system that can be connected, one line each."""

from collections.abc import Mapping, Sequence

from sync_worker.connectors.base import Connector, RecordConnector
from sync_worker.connectors.imap.connector import Imap
from sync_worker.connectors.mail_base import MailConnector
from sync_worker.connectors.salesforce.connector import Salesforce

RECORD_CONNECTORS: Sequence[RecordConnector] = (
    Salesforce(),
)  # fmt: skip
MAIL_CONNECTORS: Sequence[MailConnector] = (
    Imap(),
)  # fmt: skip
CONNECTORS: Sequence[Connector] = (*RECORD_CONNECTORS, *MAIL_CONNECTORS)


def connector(system: str) -> Connector:
    """Raises `KeyError` for a system that this release does not know."""
    by_key: Mapping[str, Connector] = {
        each.spec.key: each for each in (*RECORD_CONNECTORS, *MAIL_CONNECTORS)
    }
    return by_key[system]


def record_connector(system: str) -> RecordConnector:
    """Raises `KeyError` for a system that has no records."""
    return {each.spec.key: each for each in RECORD_CONNECTORS}[system]


def record_systems() -> list[str]:
    return [each.spec.key for each in RECORD_CONNECTORS]


def mail_connector(system: str) -> MailConnector:
    """Raises `KeyError` for a system that has no mail."""
    return {each.spec.key: each for each in MAIL_CONNECTORS}[system]


def mail_systems() -> list[str]:
    return [each.spec.key for each in MAIL_CONNECTORS]
