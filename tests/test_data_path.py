"""Statements run in `shared/data.py` (docs/decisions/0018). What ran them on a session of its own
when that was written is named here, and the list may only shrink.
"""

import ast

from tests.source_code import imported_names, sources

RUNNING = {"shared.data", "shared.db", "shared.uow"}
ON_A_SESSION = {
    "accounts_api.language.sql.snapshot",
    "shared.feed.consumer",
    "shared.feed.dead_events",
    "shared.feed.reader",
    "shared.fetch",
    "shared.held_work",
    "shared.outbox",
    "shared.page_bytes",
    "shared.web.idempotency",
    "sync_worker.connections.queries",
    "sync_worker.connections.service",
    "sync_worker.crm_sync.source_records.queries.endings",
    "sync_worker.crm_sync.source_records.queries.records",
    "sync_worker.crm_sync.source_records.queries.troubled",
    "sync_worker.crm_sync.write_backs.queries",
    "sync_worker.mail.mailbox.queries",
    "sync_worker.partners.partner_events.queries",
    "sync_worker.partners.webhook_deliveries.queries",
    "sync_worker.partners.webhook_deliveries.sending",
    "sync_worker.partners.webhook_deliveries.service",
    "sync_worker.partners.webhooks.queries",
    "sync_worker.partners.webhooks.service",
    "sync_worker.runner.runs.queries",
    "sync_worker.runner.runs.service",
    "sync_worker.runner.streams.queries",
}
"""A name leaves with the last statement that its module runs on a session. None is added."""


def runs_statements(module: str) -> bool:
    """True when `module` takes a session, or uses the one of a unit of work to do anything but
    hand it on.
    """
    return ("sqlalchemy.ext.asyncio", "AsyncSession") in imported_names(module) or any(
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "session"
        and ast.unparse(node.value.value).rpartition(".")[2] in {"scope", "uow"}
        for node in ast.walk(sources()[module])
    )


def test_statements_run_on_the_unit_of_work() -> None:
    assert {*filter(runs_statements, sources())} - RUNNING == ON_A_SESSION


def test_a_savepoint_is_one_of_the_unit_of_work() -> None:
    """Of a session's own the data path knows nothing, and nothing would be rolled back."""
    beginning = {
        module
        for module, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "begin_nested"
    }
    assert beginning == {"shared.data"}
