"""A stored document that today's release cannot read costs only itself: its list shows it with what
is wrong, and the others as ever.
"""

import importlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import JSON, text

from shared.ids import new_id
from tests.accounts_api.customers.key_roles.making import member, role_id, rule
from tests.harness import PACKAGES, Tenure
from tests.poisoned.poison import World
from tests.sequencer.renewals import step

NONSENSE: Final = '{"nonsense": true}'
LIST_OF_NONSENSE: Final = '[{"nonsense": true}]'


@dataclass(frozen=True)
class Document:
    """A column of JSON behind a list. `make` stores one and answers with its id."""

    path: str
    make: Callable[[World], Awaitable[str]]
    stored: str = NONSENSE
    told_in: str = ""
    """The field that says what is wrong. Empty: it is shown as it is stored."""
    key: str = "id"


def fresh(word: str) -> str:
    return f"{word}{new_id().hex[-6:]}"


async def make_sequence(world: World) -> str:
    return await world.make("/v1/sequences", title=fresh("S "), steps=[step(90)])


async def make_segment(world: World) -> str:
    body = {"title": fresh("S "), "record_type": "account", "rule": 'name = "A"'}
    return await world.make("/v1/segments", **body)


async def make_indicator(world: World) -> str:
    body = {"title": fresh("I "), "kind": "risk", "severity": 1, "record_type": "account"}
    rule, call = 'name = "A"', {"title": "Call them"}
    path = "/v1/indicator-definitions"
    return await world.make(path, **body, rule=rule, call_to_action=call)


async def make_metric(world: World) -> str:
    body = {"title": fresh("M "), "record_type": "account", "numerator": {"source": "contacts"}}
    return await world.make("/v1/metrics", **body)


async def make_lifecycle_rule(world: World) -> str:
    body = {"title": fresh("L "), "status": "churned", "rule": 'name = "A"'}
    return await world.make("/v1/lifecycle-rules", **body)


async def make_deactivation_rule(world: World) -> str:
    path = "/v1/contact-deactivation-rules"
    return await world.make(path, title=fresh("D "), rule='name = "A"')


async def make_assignment_rule(world: World) -> str:
    made = await rule(world.ws, f'name = "{fresh("A")}"', member_id=await member(world.ws, "Ada"))
    return str(made["id"])


async def make_trait(world: World) -> str:
    shape = {"record_type": "account", "type": "select", "options": [{"value": "a"}]}
    key = fresh("t")
    return await world.make("/v1/traits", key=key, title=key, **shape)


async def make_import(world: World) -> str:
    csv = "external_id,name\na,Item\n"
    return await world.make("/v1/imports", record_type="account", file_name="a.csv", csv=csv)


async def make_key(world: World) -> str:
    return await world.make("/v1/api-keys", name="K", role="observer")


async def make_task(world: World) -> str:
    return await world.make("/v1/tasks", title="T", due_business_days=1)


async def make_note(world: World) -> str:
    account = await world.make("/v1/accounts", name="A")
    return await world.make("/v1/notes", subject_type="account", subject_id=account, title="N")


async def make_template(world: World) -> str:
    key = fresh("t")
    answer = await world.ws.admin.post("/v1/note-templates", {"key": key, "title": key})
    assert answer.status_code == 201, answer.text
    return key


async def make_connection(world: World) -> str:
    """One that nobody looks into."""
    connection_id = await a_connection(world)
    await world.ws.admin.post(f"/v1/connections/{connection_id}/pause")
    return connection_id


async def a_connection(world: World) -> str:
    address = {"host": "127.0.0.1", "port": 143, "security": "none"}
    access = {"username": "a", "password": "b", "mailbox": "a@b.example"}
    return await world.make(
        "/v1/connections", system="imap", title=fresh("C "), **address, **access
    )


async def make_run(world: World) -> str:
    connection_id = await a_connection(world)
    asked = await world.ws.admin.post(f"/v1/connections/{connection_id}/sync?kind=incremental")
    await world.ws.admin.post(f"/v1/connections/{connection_id}/pause")
    return str(asked.json()["id"])


async def make_calendar(world: World) -> str:
    return await world.make("/v1/calendars", title=fresh("C "))


async def make_survey(world: World) -> str:
    return await world.make("/v1/surveys", title=fresh("S "), kind="nps", audience='title = "X"')


RULES_OF_CSM: Final = "/v1/key-roles/{csm}/assignment-rules"
DOCUMENTS: dict[str, Document] = {
    "accounts.calendars.definition": Document("/v1/calendars", make_calendar, told_in="unreadable"),
    "accounts.segments.rule": Document("/v1/segments", make_segment, told_in="faults"),
    "accounts.surveys.audience": Document("/v1/surveys", make_survey, told_in="faults"),
    "accounts.surveys.questions": Document(
        "/v1/surveys", make_survey, LIST_OF_NONSENSE, "unreadable"
    ),
    "accounts.indicator_definitions.rule": Document(
        "/v1/indicator-definitions", make_indicator, told_in="faults"
    ),
    "accounts.indicator_definitions.call_to_action": Document(
        "/v1/indicator-definitions", make_indicator, told_in="unreadable"
    ),
    "accounts.metric_definitions.document": Document("/v1/metrics", make_metric, told_in="faults"),
    "accounts.lifecycle_rules.rule": Document(
        "/v1/lifecycle-rules", make_lifecycle_rule, told_in="faults"
    ),
    "accounts.contact_deactivation_rules.rule": Document(
        "/v1/contact-deactivation-rules", make_deactivation_rule, told_in="faults"
    ),
    "accounts.assignment_rules.rule": Document(
        RULES_OF_CSM, make_assignment_rule, told_in="faults"
    ),
    "accounts.trait_definitions.options": Document(
        "/v1/traits?record_type=account", make_trait, LIST_OF_NONSENSE, "unreadable"
    ),
    "accounts.trait_definitions.default": Document("/v1/traits?record_type=account", make_trait),
    "accounts.imports.mapping": Document("/v1/imports", make_import),
    "accounts.imports.evidence": Document("/v1/imports", make_import),
    "accounts.api_keys.scopes": Document("/v1/api-keys", make_key, '["nonsense"]'),
    "sequencer.sequences.draft": Document("/v1/sequences", make_sequence, told_in="unreadable"),
    "tasks.tasks.due_rule": Document("/v1/tasks", make_task),
    "tasks.tasks.opened_by": Document("/v1/tasks", make_task),
    "tasks.tasks.data": Document("/v1/tasks", make_task),
    "tasks.notes.author": Document("/v1/notes", make_note),
    "tasks.notes.field_values": Document("/v1/notes", make_note),
    "tasks.notes.field_faults": Document("/v1/notes", make_note, LIST_OF_NONSENSE),
    "tasks.notes.record_versions": Document(
        "/v1/notes", make_note, '{"subject": "x"}', "unreadable"
    ),
    "tasks.note_templates.fields": Document(
        "/v1/note-templates", make_template, LIST_OF_NONSENSE, key="key"
    ),
    "sync.connections.settings": Document("/v1/connections", make_connection),
    "sync.connections.mapping": Document("/v1/connections", make_connection),
    "sync.sync_runs.objects": Document("/v1/sync-runs", make_run, told_in="unreadable"),
    "sync.sync_runs.held": Document("/v1/sync-runs", make_run),
}

LOG: Final = "what happened, shown as it was written"
RECORD: Final = "a value of a record, judged where it is written and where it is used"
INNER: Final = "of the service itself, in no list"
TOLD: Final = "what we said ourselves, with no other shape than code and message"
ELSEWHERE: dict[str, str] = {
    "about": TOLD,
    "cause": LOG,
    "envelope": LOG,
    "faults": TOLD,
    "headers": INNER,
    "payload": "golden files keep old ones readable",
    "settings": "the one document of a workspace, in no list",
    "traits": RECORD,
    "accounts.api_schema_versions.changes": TOLD,
    "accounts.api_schema_versions.shape": INNER,
    "accounts.audit_log.after": LOG,
    "accounts.audit_log.before": LOG,
    "accounts.field_changes.new": LOG,
    "accounts.field_changes.old": LOG,
    "accounts.field_owners.fields": INNER,
    "accounts.handovers.moved": LOG,
    "accounts.handovers.successors": LOG,
    "accounts.import_chunks.rows": "text of a file, in no list",
    "accounts.import_rows.errors": TOLD,
    "accounts.imports.columns": "the header of a file, a list of texts",
    "accounts.indicators.reason": LOG,
    "accounts.product_events.context": RECORD,
    "accounts.product_events.counted_properties": INNER,
    "accounts.product_events.properties": RECORD,
    "accounts.product_event_values.properties": INNER,
    "accounts.product_profiles.written": INNER,
    "accounts.product_trait_names.last_refusal": TOLD,
    "accounts.lifecycle_rule_versions.rule": INNER,
    "accounts.segment_versions.rule": INNER,
    "accounts.survey_response_versions.answers": LOG,
    "accounts.survey_responses.answers": RECORD,
    "accounts.survey_versions.questions": INNER,
    "accounts.health_definitions.document": (
        "tests/accounts_api/signals/health_definitions/test_health_definitions.py spoils it"
    ),
    "accounts.health_changes.inputs": LOG,
    "accounts.metric_versions.document": INNER,
    "accounts.metric_versions.cause": LOG,
    "accounts.metric_definitions.faults": TOLD,
    "sequencer.contact_accounts.plan_roles": RECORD,
    "sequencer.enrollment_entries.detail": LOG,
    "sequencer.sequence_versions.definition": (
        "tests/sequencer/sequences/reevaluation_queue/test_quarantine.py spoils it"
    ),
    "sequencer.calendars.definition": INNER,
    "sync.calendars.definition": INNER,
    "tasks.calendars.definition": INNER,
    "tasks.trait_definitions.definition": INNER,
    "sync.described_objects.fields": INNER,
    "sync.mail_folders.counts": INNER,
    "sync.partner_events.data": LOG,
    "sync.source_records.content": INNER,
    "sync.sync_streams.checkpoint": INNER,
    "sync.source_records.left_out": TOLD,
    "sync.write_backs.value": RECORD,
    "tasks.accounts.key_roles": RECORD,
    "sequencer.accounts.key_roles": RECORD,
    "tasks.field_changes.new": LOG,
    "tasks.field_changes.old": LOG,
    "tasks.note_templates.required": INNER,
}
"""By column of any table, or of one."""


def columns_of_json() -> Iterator[str]:
    for name, access in PACKAGES.items():
        importlib.import_module(f"{access.package}.models")
        metadata = importlib.import_module(f"{access.package}.db").Base.metadata
        for table in metadata.sorted_tables:
            for column in table.columns:
                if isinstance(column.type, JSON):
                    yield f"{name}.{table.name}.{column.name}"


async def spoil(world: World, name: str, document: Document, row: str) -> None:
    """As an older release may have left it."""
    service, table, column = name.split(".")
    async with world.tenure.workers[service].units.begin(world.ws.id, ()) as uow:  # type: ignore[index]
        spoilt = await uow.connection.execute(
            text(
                f'update {table} set "{column}" = cast(:stored as jsonb)'
                f" where workspace_id = :workspace_id and {document.key} = :row"
            ),
            {
                "stored": document.stored,
                "workspace_id": world.ws.id,
                "row": UUID(row) if document.key == "id" else row,
            },
        )
    assert spoilt.rowcount == 1  # a DML result always counts


@pytest.fixture(scope="module")
async def world(tenure: Tenure) -> World:
    return World(tenure, await tenure.workspace())


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_document_that_cannot_be_read_is_shown_among_the_others(
    world: World, name: str
) -> None:
    document = DOCUMENTS[name]
    spoilt, whole = [await document.make(world) for _ in range(2)]
    await spoil(world, name, document, spoilt)
    path = document.path.format(csm=await role_id(world.ws))
    listed = await world.ws.admin.get(path)
    assert listed.status_code == 200, listed.text
    rows = {row[document.key]: row for row in listed.json()["data"]}
    assert {spoilt, whole} <= rows.keys()
    if document.told_in:
        assert rows[spoilt][document.told_in]
        assert not rows[whole][document.told_in]
    if document.path != "/v1/note-templates":
        one = await world.ws.admin.get(f"{path.partition('?')[0]}/{spoilt}")
        assert one.status_code == 200, one.text


@pytest.mark.parametrize(
    "name", ["tasks.note_templates.fields", "accounts.segments.rule", "accounts.surveys.audience"]
)
async def test_who_uses_a_trait_is_told_whatever_cannot_be_read(world: World, name: str) -> None:
    document = DOCUMENTS[name]
    await spoil(world, name, document, await document.make(world))
    trait = await make_trait(world)
    used = await world.ws.admin.get(f"/v1/traits/{trait}/usages")
    assert used.status_code == 200, used.text


async def test_a_note_of_a_template_that_cannot_be_read_is_refused_and_others_are_not(
    world: World,
) -> None:
    name = "tasks.note_templates.fields"
    key = await make_template(world)
    await spoil(world, name, DOCUMENTS[name], key)
    account = await world.make("/v1/accounts", name="A")
    note = {"subject_type": "account", "subject_id": account, "title": "N"}
    for values in ({}, {"nonsense": 1}):
        spoilt = {**note, "template_key": key, "field_values": values}
        refused = await world.ws.admin.post("/v1/notes", spoilt)
        assert refused.status_code == 422, refused.text
        assert refused.json()["errors"][0]["code"] == "unreadable_template"
    await world.make("/v1/notes", **note)


async def test_a_trait_that_cannot_be_read_costs_no_record(world: World) -> None:
    name = "accounts.trait_definitions.options"
    spoilt = await make_trait(world)
    await spoil(world, name, DOCUMENTS[name], spoilt)
    whole = (await world.ws.admin.get(f"/v1/traits/{await make_trait(world)}")).json()
    await world.make("/v1/accounts", name="A", traits={whole["key"]: "a"})
    await make_segment(world)
    listed = await world.ws.admin.get('/v1/accounts?filter=name = "A"')
    assert listed.status_code == 200, listed.text
    path = f"/v1/traits/{spoilt}"
    mended = await world.ws.admin.patch(path, {"options": [{"value": "b"}]})
    assert mended.json()["unreadable"] is None


def test_every_column_of_json_is_spoilt_or_is_in_no_list() -> None:
    known = {*DOCUMENTS, *ELSEWHERE}
    left = [name for name in columns_of_json() if not {name, name.rpartition(".")[2]} & known]
    assert left == []
