"""What no linter can say about the shape of this code (style.md 5.3)."""

import ast
import importlib
import inspect
import json
import re
from collections.abc import Iterator
from types import ModuleType
from typing import get_args

import pytest
from pydantic import BaseModel

from shared.events import accounts, product_events, sequences, sync, tasks, traits
from shared.events.base import Event
from shared.events.registry import EVENTS
from shared.events.routes import SUBSCRIBES_TO
from shared.events.signals import health, indicators, metrics, surveys
from shared.openapi.document import api_routes
from shared.schemas import In
from shared.settings import SERVICES, ServiceName
from tests.event_samples import GOLDEN, sample
from tests.operations import PACKAGES, app_of
from tests.source_code import (
    ROOT,
    feature,
    feature_modules,
    functions,
    imported_names,
    imports,
    is_from,
    named,
    query_modules,
    router_modules,
    sources,
)

PUBLISHERS: dict[ModuleType, ServiceName] = {
    accounts: "accounts",
    health: "accounts",
    indicators: "accounts",
    metrics: "accounts",
    product_events: "accounts",
    surveys: "accounts",
    traits: "accounts",
    tasks: "tasks",
    sequences: "sequencer",
    sync: "sync",
}

SPANNING = {
    # Every process and worker: the feed, what has been heard, what is old, whether PostgreSQL
    # answers.
    "shared.feed.consumer.Consumer._checkpoint",
    "shared.feed.consumer.Consumer._failed",
    "shared.routers.internal.feed",
    "shared.routers.internal.feed_state",
    "shared.routers.internal.readyz",
    "shared.worker.health_app.readyz",
    "shared.worker.forget_old_idempotency_keys",
    # Whose key this is, before anybody is known.
    "accounts_api.identity.api_keys.service.key_details",
    # Finding due work; its effects happen in the workspace.
    "accounts_api.automation.handovers.moving.step",
    "accounts_api.automation.corrections.service.step",
    "accounts_api.customers.key_roles.planned.step",
    "accounts_api.signals.event_properties.service.fill",
    "accounts_api.signals.product_events.service.attach_waiting",
    "accounts_api.records.cascades.service.step",
    "accounts_api.customers.object_types.service.clear_buried",
    "accounts_api.customers.import_rows.executor.step",
    "accounts_api.automation.debounce.service.step",
    "accounts_api.customers.trait_usages.service.clear_buried",
    "accounts_api.evaluation.engine.service.step",
    "sequencer.sequences.reevaluation_queue.service.workspaces_with_due_opportunities",
    "sequencer.sequences.enrollments.service.workspaces_with_due_enrollments",
    "sequencer.mail.sending.jobs.Dispatcher._fill_slots",
    "sequencer.mail.sending.service.recover",
    "sync_worker.connections.service.claim_due",
    "sync_worker.crm_sync.write_backs.service.claim",
    "tasks_api.notes.notes.jobs.write_fields",
    "tasks_api.records.trait_values.service.step",
    "tasks_api.work.tasks.jobs.publish_breaches",
    # Upkeep that means no one in particular.
    "accounts_api.records.history.service.make_partitions",
    "accounts_api.customers.imports.service.forget_old",
    "accounts_api.signals.product_events.service.forget_old",
    "accounts_api.signals.product_events.service.make_partitions",
    "accounts_api.signals.profiles.service.write_profiles",
    "accounts_api.evaluation.engine.service.recheck_all",
    "sync_worker.connections.service.remove_purged",
    "sync_worker.mail.mailbox.service.forget_old",
    "sync_worker.partners.partner_events.service.forget_old",
    "sync_worker.runner.runs.service.forget_old",
    "sync_worker.partners.webhook_sending.service.record",
    "sync_worker.partners.webhook_sending.service.turn_over",
    "sync_worker.partners.webhook_deliveries.service.forget_old",
    "sync_worker.partners.webhooks.service.forget_old",
}
"""All that may look across workspaces. A new name here is a decision: say in review why."""

PRIVATE = ("queries", "client", "router", "handlers", "jobs")
"""Modules of a feature that no other feature may import."""

SHARED_STATEMENTS = {
    "shared.rules.sql": "writes rules as SQL for all that judge or list records",
    "accounts_api.evaluation.engine.next_changes": "adds to a statement until when it stays true",
    "accounts_api.records.history.as_of": "gives statements the tables as they were",
    "accounts_api.customers.ignored.conditions": "leaves out of a list what is ignored",
    "accounts_api.evaluation.rule_sets.store": "stores the rules of every feature that has a set",
    "accounts_api.signals.scoring.sql": "makes points and scores of expressions",
    "accounts_api.signals.health_inputs.sql": "makes expressions of what measures read",
    "accounts_api.signals.health_values.statement": "scores records, also for who tries a list",
}
"""What writes statements for other features than its own, and why."""

OUTSIDE = ("sqlalchemy", "fastapi", "starlette", "httpx2", "arq", "redis", "asyncpg")


def calls_itself(function: ast.AST, method: str) -> bool:
    """True when `function`, not one within it, calls `….method(…)`."""
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Attribute) and node.attr == method:
            return True
        waiting += ast.iter_child_nodes(node)
    return False


def test_only_named_functions_look_across_workspaces() -> None:
    found = {
        name
        for module, tree in sources().items()
        for name, function in functions(tree, module)
        if calls_itself(function, "across_workspaces")
    }
    assert found == SPANNING


def test_no_service_keeps_a_list_that_others_fill_when_it_starts() -> None:
    """Who does what for whom is written out in `wiring.py`, not gathered in a module."""
    gathered = {
        f"{module}.{ast.unparse(statement).partition(':')[0].partition(' =')[0]}"
        for module, tree in sources().items()
        if module.partition(".")[0] in PACKAGES.values()
        for statement in tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        if statement.value is not None and ast.unparse(statement.value) in EMPTY
    }
    # Tasks under way, kept from the garbage collector.
    assert gathered == {"accounts_api.identity.api_keys.service._notes"}


EMPTY = ("[]", "{}", "set()", "list()", "dict()")


def test_a_feature_is_entered_through_its_service() -> None:
    """Nor by a module that writes statements, whatever its name."""
    private = {*named(*PRIVATE)} | {
        module
        for module in query_modules()
        if not any(is_from(shared, module) for shared in SHARED_STATEMENTS)
    }
    wrong = [
        f"{importer} imports {module}"
        for module in sorted(private)
        for importer in imports().find_modules_that_directly_import(module)
        # main and worker of a service put its features together.
        if importer in feature_modules() and feature(importer) != feature(module)
    ]
    assert wrong == []


def test_every_query_takes_its_unit_of_work_first() -> None:
    """It knows the workspace. A scope does not: either the workspace comes second, or the query
    spans all of them and is named.
    """
    spanning = set()
    for module in query_modules():
        queries = importlib.import_module(module)
        for name, query in inspect.getmembers(queries, inspect.isroutine):
            waits = inspect.iscoroutinefunction(query) or inspect.isasyncgenfunction(query)
            if not waits or query.__module__ != module or name.startswith("_"):
                continue
            first, second, *_ = [*inspect.signature(query).parameters, ""]
            assert first in {"scope", "uow"}, f"{module}.{name}"
            if first == "scope" and second != "workspace_id":
                spanning.add(f"{module}.{name}")
    assert spanning == SPANNING_QUERIES


SPANNING_QUERIES = {
    "accounts_api.records.cascades.queries.next_queued",
    "accounts_api.identity.api_keys.queries.key_by_digest",
    "accounts_api.records.history.queries.make_partitions",
    "accounts_api.customers.import_rows.queries.next_running",
    "accounts_api.customers.imports.queries.old_import",
    "accounts_api.customers.imports.queries.remove_left_over",
    "accounts_api.signals.event_properties.queries.workspaces_to_fill",
    "accounts_api.signals.product_events.queries.forget",
    "accounts_api.signals.product_events.queries.make_partitions",
    "accounts_api.signals.product_events.queries.workspaces_with_waiting_events",
    "accounts_api.signals.profiles.queries.workspaces_with_due_profiles",
    "accounts_api.automation.handovers.queries.running",
    "accounts_api.customers.key_roles.queries.workspaces_with_due_plans",
    "accounts_api.customers.object_types.queries.buried_type",
    "accounts_api.automation.corrections.queries.workspaces_waiting",
    "accounts_api.automation.debounce.queries.workspaces_with_due",
    "accounts_api.customers.trait_usages.queries.buried_trait",
    "accounts_api.evaluation.engine.queries.workspaces_with_work",
    "accounts_api.evaluation.engine.backfills.restart_old_backfills",
    "sequencer.sequences.reevaluation_queue.queries.workspaces_with_due_opportunities",
    "sequencer.sequences.enrollments.queries.workspaces_with_due_enrollments",
    "sequencer.mail.sending.queries.lapsed_messages",
    "sequencer.mail.sending.queries.workspaces_with_due_messages",
    "sync_worker.connections.queries.claim_due",
    "sync_worker.connections.queries.removed_connections",
    "sync_worker.mail.mailbox.queries.forget_old_mails",
    "sync_worker.partners.partner_events.queries.forget_events",
    "sync_worker.runner.runs.queries.forget_old_runs",
    "sync_worker.partners.webhook_sending.queries.claim_due",
    "sync_worker.partners.webhook_sending.queries.endpoints_of",
    "sync_worker.partners.webhook_sending.queries.events_of",
    "sync_worker.partners.webhook_deliveries.queries.forget_deliveries",
    "sync_worker.partners.webhook_sending.queries.put_back",
    "sync_worker.partners.webhook_sending.queries.settle",
    "sync_worker.partners.webhooks.queries.forget_expired_secrets",
    "sync_worker.partners.webhooks.queries.removed_endpoints",
    "sync_worker.crm_sync.write_backs.queries.claim_due",
    "tasks_api.notes.notes.queries.claim_writes",
    "tasks_api.records.trait_values.queries.due_trait",
    "tasks_api.work.tasks.queries.overdue_tasks",
}
"""Queries that the functions in `SPANNING` use, or that no row belongs to."""


PURE = {"rules", "classification"}


def test_rules_do_no_input_or_output_even_through_what_they_import() -> None:
    known = [package for package in OUTSIDE if package in imports().modules]
    wrong = [
        " -> ".join(chain)
        for module in feature_modules()
        # The rules that customers write are an area, and one feature of it writes them as SQL.
        if not PURE.isdisjoint(module.split(".")[1:]) and not is_from("shared.rules.sql", module)
        for package in known
        if (chain := imports().find_shortest_chain(module, package))
    ]
    assert wrong == []


def test_http_is_spoken_in_routers() -> None:
    speaking = {
        module
        for module in feature_modules()
        if any(
            is_from(package, source)
            for source, _ in imported_names(module)
            for package in ("fastapi", "starlette", "shared.web.routing")
        )
    }
    assert speaking - router_modules() == {
        # What a router takes and shows, described for its OpenAPI document.
        "accounts_api.customers.record_routes.parameters",
        "accounts_api.customers.record_routes.responses",
        "accounts_api.records.requests.schemas",
        # The route of what SDKs send: a key in the body, pages of any origin.
        "accounts_api.signals.ingest.route",
    }
    assert speaking & query_modules() == set()


def test_private_names_stay_within_their_feature() -> None:
    """ruff sees to it between packages (PLC2701), and to attributes (SLF001)."""
    wrong = [
        f"{module} imports {source}.{name}"
        for module in sources()
        for source, name in imported_names(module)
        for part in (*source.split("."), name)
        if part.startswith("_") and not part.startswith("__") and feature(source) != feature(module)
        if source.split(".")[0] in {*PACKAGES.values(), "shared", "deploy"}
    ]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES.values())
def test_every_table_is_known_to_alembic(package: str) -> None:
    registered = imports().find_modules_directly_imported_by(f"{package}.models")
    assert {module for module in named("models") if is_from(package, module)} <= registered


SESSION_BOUND = re.compile(
    r"pg_(try_)?advisory_lock\b|\bset\s+session\b|\blisten\s+\w+;|set_config\([^)]*,\s*false\)",
    re.IGNORECASE,
)


def test_nothing_is_bound_to_a_database_session() -> None:
    """Through a pooling proxy it would leak to, or not hold against, the next client (F12)."""
    wrong = [
        f"{module}: {node.value.strip()[:60]}"
        for module, tree in sources().items()
        if not is_from("deploy", module)  # It connects without a proxy.
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if SESSION_BOUND.search(node.value)
    ]
    assert wrong == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_handles_what_the_routes_say_it_subscribes_to(service: ServiceName) -> None:
    module = importlib.import_module(f"{PACKAGES[service]}.subscriptions")
    publishers = {publisher_of(event) for event in module.SUBSCRIPTIONS.handlers}
    # The sync worker carries every event to partners, whether it acts on it or not.
    assert publishers == set(SUBSCRIBES_TO[service]) or (
        service == "sync" and publishers <= set(SUBSCRIBES_TO[service])
    )


def publisher_of(event: type[Event]) -> ServiceName:
    return next(name for module, name in PUBLISHERS.items() if module.__name__ == event.__module__)


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_that_was_once_published_can_be_read_for_ever(name: str) -> None:
    golden = GOLDEN / f"{name}.json"
    assert golden.exists(), "run: python -m tests.event_samples"
    payload = json.loads(golden.read_text(encoding="utf-8"))
    event = EVENTS[name].model_validate(payload)
    assert same_within(payload, event.model_dump(mode="json")) == payload, (
        "a field is gone or means other things"
    )


def same_within(before: object, now: object) -> object:
    """`now` without the fields, at any depth, that `before` had not: a later one is optional."""
    match before, now:
        case dict(), dict():
            return {key: same_within(before[key], now[key]) for key in before if key in now}
        case list(), list():
            return [same_within(old, new) for old, new in zip(before, now, strict=True)]
        case _:
            return now


def test_no_event_was_taken_back() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(EVENTS)


def test_an_event_is_named_after_its_publisher_and_in_the_past() -> None:
    prefixes = {"accounts": "accounts", "tasks": "tasks", "sequencer": "sequences", "sync": "sync"}
    for name, event in EVENTS.items():
        assert re.fullmatch(r"[a-z]+\.[a-z_]+\.v[1-9]\d*", name)
        assert name.startswith(f"{prefixes[publisher_of(event)]}.")


def test_public_types_are_well_formed_and_mean_one_thing() -> None:
    meaning: dict[str, str] = {}
    for name, event in EVENTS.items():
        public = sample(event).public_type()
        if public is None:
            continue
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", public), name
        assert meaning.setdefault(public, name) == name


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            if field.annotation is not annotation:
                yield from _models_in(field.annotation)
    for part in get_args(annotation):
        yield from _models_in(part)


def test_every_body_takes_the_types_of_json_only() -> None:
    """`In` sees to that; a plain model would read "5" as a number."""
    lax = {
        f"{model.__module__}.{model.__name__}"
        for name in SERVICES
        for route in api_routes(app_of(name))
        if route.body_field is not None
        for model in _models_in(route.body_field.field_info.annotation)
        if not issubclass(model, In)
    }
    assert lax == set()


def test_no_test_module_imports_from_another() -> None:
    """What several need is in a `making.py`."""
    importing = re.compile(r"^ *(from|import) tests\b[^#\n]*\btest_", re.MULTILINE)
    modules = (ROOT / "tests").rglob("*.py")
    assert [path.name for path in modules if importing.search(path.read_text("utf-8"))] == []
