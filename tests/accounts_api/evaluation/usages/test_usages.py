"""One shape for "who uses this", over every service."""

from typing import Any

import pytest
from sqlalchemy import text

from shared.net.answers import OutgoingError
from shared.service import Service
from tests.accounts_api.customers.key_roles.making import account, member, role_id, rule
from tests.accounts_api.records.making import make_trait
from tests.harness import Tenure, Workspace

STEP = {
    "title": "90 days before",
    "offset_days": -90,
    "subject": "For {{ account.traits.tier }} customers",
    "text": "No more of these: {{ unsubscribe_url }}",
}


async def sequence(ws: Workspace, **fields: Any) -> str:
    made = await ws.admin.post("/v1/sequences", {"title": "Renewals", "steps": [STEP], **fields})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def users(ws: Workspace, path: str) -> dict[str, list[str]]:
    answer = await ws.observer.get(f"{path}/usages")
    assert answer.status_code == 200, answer.text
    assert answer.json()["not_asked"] == []
    found: dict[str, list[str]] = {}
    for user in answer.json()["usages"]:
        found.setdefault(user["type"], []).append(user["id"])
    return found


async def test_what_a_sequence_and_a_note_template_use_is_not_deleted(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "tier", "string")
    await make_trait(ws, "account", "risk_notes", "text")
    made = await ws.admin.post("/v1/key-roles", {"key": "owner", "title": "Owner"})
    assert (await ws.admin.get("/v1/note-templates")).status_code == 200
    template = {"key": "risk", "title": "Risk", "fields": [
        {"key": "notes", "label": "Notes", "record": "account", "field": "traits.risk_notes"}
    ]}  # fmt: skip
    assert (await ws.admin.post("/v1/note-templates", template)).status_code == 201
    draft = {"title": "Due", "record_type": "opportunity", "rule": "arr > 5"}
    segment = (await ws.admin.post("/v1/segments", draft)).json()["id"]
    await tenure.settle()
    theirs = await sequence(ws, audience_segment_id=segment, sender={"key_role": "owner"})
    listed = (await ws.admin.get("/v1/traits")).json()["data"]
    traits = {row["key"]: f"/v1/traits/{row['id']}" for row in listed}
    role = f"/v1/key-roles/{made.json()['id']}"
    assert await users(ws, traits["tier"]) == {"sequence": [theirs]}
    assert "risk" in (await users(ws, traits["risk_notes"]))["note_template"]
    assert await users(ws, f"/v1/segments/{segment}") == {"sequence": [theirs]}
    assert await users(ws, role) == {"sequence": [theirs]}
    for path in (traits["tier"], f"/v1/segments/{segment}", role):
        refused = await ws.admin.delete(path)
        assert (refused.status_code, refused.json()["code"]) == (409, "in_use"), path
        assert [user["id"] for user in refused.json()["usages"]] == [theirs]
        assert (await ws.admin.delete(f"{path}?force=true")).status_code == 204


async def test_rules_that_name_a_member_or_a_key_role_are_its_users(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ada = await member(ws, "Ada")
    await account(ws, "One", key_roles={"csm": [ada]})
    draft = {"title": "Ada's", "record_type": "account", "rule": f'role csm held by "{ada}"'}
    segment = (await ws.admin.post("/v1/segments", draft)).json()["id"]
    chosen = await rule(ws, "arr > 5", algorithm="round_robin", pool=[ada])
    task = await ws.admin.post("/v1/tasks", {"title": "Call", "assignee_id": ada})
    assert await users(ws, f"/v1/members/{ada}") == {
        "assignment_rule": [chosen["id"]],
        "segment": [segment],
        "task": [task.json()["id"]],
    }
    counted = (await ws.observer.get(f"/v1/members/{ada}/usages")).json()
    assert (counted["records"], counted["more_records"]) == (1, False)
    await make_trait(ws, "account", "tier", "string")
    by_tier = await rule(ws, 'traits.tier = "gold"', member_id=ada, position=1)
    (trait,) = (await ws.admin.get("/v1/traits?record_type=account")).json()["data"]
    assert await users(ws, f"/v1/traits/{trait['id']}") == {"assignment_rule": [by_tier["id"]]}
    found = await users(ws, f"/v1/key-roles/{await role_id(ws)}")
    assert found["segment"] == [segment]
    assert set(found["assignment_rule"]) == {by_tier["id"], chosen["id"]}


async def test_a_service_that_cannot_be_asked_is_named(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "tier", "string")
    (trait,) = (await ws.admin.get("/v1/traits?record_type=account")).json()["data"]
    ask = Service.ask

    async def deaf(self: Any, peer: str, *rest: Any, **more: Any) -> Any:
        if peer == "sequencer":
            raise OutgoingError("no route to it")
        return await ask(self, peer, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Service, "ask", deaf)
    path = f"/v1/traits/{trait['id']}"
    assert (await ws.observer.get(f"{path}/usages")).json()["not_asked"] == ["sequencer"]
    refused = await ws.admin.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (503, "usages_unknown")
    assert (await ws.admin.delete(f"{path}?force=true")).status_code == 204


RULES = {
    "member": 'role csm held by "{member}"',
    "key_role": "role owner held",
    "trait": 'traits.tier = "gold"',
    "segment": 'in segment "{segment}"',
}
"""By the kind of thing: a rule over accounts that names it. Contacts ask it of their accounts."""
NAMED_BY = {
    "segments": "segment",
    "indicator_definitions": "indicator_definition",
    "lifecycle_rules": "lifecycle_rule",
    "assignment_rules": "assignment_rule",
    "contact_deactivation_rules": "contact_deactivation_rule",
    "trait_definitions": "formula",
}
"""Each table that keeps a rule or a formula, and what its rows are called as users."""


@pytest.mark.parametrize("thing", RULES)
async def test_every_kind_of_rule_is_a_user_of_what_it_names(tenure: Tenure, thing: str) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "tier", "string")
    owner = (await ws.admin.post("/v1/key-roles", {"key": "owner", "title": "Owner"})).json()["id"]
    ada = await member(ws, "Ada")
    draft = {"title": "Named", "record_type": "account", "rule": "arr > 5"}
    segment = (await ws.admin.post("/v1/segments", draft)).json()["id"]
    await tenure.settle()
    written = RULES[thing].format(member=ada, segment=segment)
    of_contacts = f"any accounts ({written})"
    made: dict[str, Any] = {"segment": {**draft, "title": "Other", "rule": written}}
    paths = {"segment": "/v1/segments", "lifecycle_rule": "/v1/lifecycle-rules"}
    sign: dict[str, Any] = {"title": "I", "kind": "risk", "severity": 1, "record_type": "account"}
    made["indicator_definition"] = {**sign, "rule": written}
    paths["indicator_definition"] = "/v1/indicator-definitions"
    made["lifecycle_rule"] = {"title": "L", "status": "churned", "rule": written}
    made["assignment_rule"] = {"title": "A", "rule": written, "member_id": ws.details["admin_id"]}
    paths["assignment_rule"] = f"/v1/key-roles/{await role_id(ws)}/assignment-rules"
    made["contact_deactivation_rule"] = {"title": "D", "rule": of_contacts}
    paths["contact_deactivation_rule"] = "/v1/contact-deactivation-rules"
    formula = {"record_type": "organization", "key": "f", "title": "F", "type": "formula"}
    made["formula"] = {
        **formula,
        "formula": f"count(accounts where {written})",
        "result_type": "number",
    }
    paths["formula"] = "/v1/traits"
    assert set(made) == set(NAMED_BY.values())
    if thing == "segment":
        del made["lifecycle_rule"]  # segments leave out ignored accounts: it would be a circle
    wanted = {}
    for kind, body in made.items():
        answer = await ws.admin.post(paths[kind], body)
        assert answer.status_code == 201, (kind, answer.text)
        wanted[kind] = [answer.json()["id"]]
    (trait,) = (await ws.admin.get("/v1/traits?record_type=account")).json()["data"]
    things = {
        "member": f"/v1/members/{ada}",
        "key_role": f"/v1/key-roles/{owner}",
        "trait": f"/v1/traits/{trait['id']}",
        "segment": f"/v1/segments/{segment}",
    }
    assert await users(ws, things[thing]) == wanted


async def test_every_table_that_keeps_a_rule_is_known_to_name_things(tenure: Tenure) -> None:
    statement = text(
        "select distinct table_name from information_schema.columns"
        " where table_schema = 'accounts' and column_name in ('rule', 'formula')"
    )
    async with tenure.workers["accounts"].units.across_workspaces(read_only=True) as scope:
        naming = set(await scope.values(str, statement))
    assert naming - {"segment_versions", "lifecycle_rule_versions"} == set(NAMED_BY)


async def test_open_tasks_are_users_of_their_key_role(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = (await ws.admin.post("/v1/key-roles", {"key": "owner", "title": "Owner"})).json()
    task = {"title": "Call", "account_id": await account(ws, "A"), "assignee_key_role": "owner"}
    opened = (await ws.admin.post("/v1/tasks", task)).json()["id"]
    assert await users(ws, f"/v1/key-roles/{made['id']}") == {"task": [opened]}
    await ws.admin.post(f"/v1/tasks/{opened}/complete")
    assert await users(ws, f"/v1/key-roles/{made['id']}") == {}


async def test_all_that_names_a_member_is_told(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ada, grace = await member(ws, "Ada"), await member(ws, "Grace")
    kind = {"key": "project", "plural_key": "projects", "title": "P", "plural_title": "Ps"}
    links = [{"to": "account", "reverse": "projects"}]
    assert (await ws.admin.post("/v1/object-types", {**kind, "links": links})).status_code == 201
    for record_type in ("account", "project"):
        await make_trait(ws, record_type, "sponsor", "member")
        await make_trait(ws, record_type, "other", "member")
    one = await account(ws, "One", traits={"sponsor": ada, "other": grace})
    made = await ws.admin.post("/v1/objects/project", {"name": "P", "traits": {"sponsor": ada}})
    assert made.status_code == 201, made.text
    later = {"member_ids": [ada], "valid_from": "2190-01-01T00:00:00Z"}
    role = f"/v1/accounts/{one}/key-roles/csm"
    assert (await ws.admin.put(role, later, headers={"if-match": "*"})).status_code == 202
    key = (await ws.admin.post("/v1/api-keys", {"name": "Ada's", "member_id": ada})).json()["id"]
    smtp = {"host": "127.0.0.1", "port": 2525, "tls": "opportunistic"}
    box = {"email": "ada@northwind.example", "display_name": "Ada", "smtp": smtp}
    await tenure.settle()
    mailbox = (await ws.admin.post("/v1/mailboxes", {**box, "member_id": ada})).json()["id"]
    sends = await sequence(ws, steps=[{**STEP, "subject": "A"}], sender={"mailbox_id": mailbox})
    traits = (await ws.admin.get("/v1/traits")).json()["data"]
    found = await users(ws, f"/v1/members/{ada}")
    assert set(found.pop("trait")) == {row["id"] for row in traits if row["key"] == "sponsor"}
    [plan] = (await ws.admin.get(f"/v1/accounts/{one}/key-roles")).json()["planned"]
    assert found == {
        "planned_holding": [plan["id"]],
        "api_key": [key],
        "mailbox": [mailbox],
        "sequence": [sends],
    }
    assert await users(ws, f"/v1/key-roles/{await role_id(ws)}") == {
        "planned_holding": [plan["id"]],
        "sequence": [sends],
    }


async def test_an_import_that_has_not_ended_uses_what_it_writes(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "tier", "string")
    await make_trait(ws, "contact", "tier", "string")
    text = "External ID,traits.tier,key_roles.csm\r\na-1,gold,\r\n"
    body = {"record_type": "account", "file_name": "f.csv", "csv": text}
    made = (await ws.admin.post("/v1/imports", body)).json()
    mapping = {"External ID": "external_id", "traits.tier": "traits.tier"}
    mapping["key_roles.csm"] = "key_roles.csm"
    path = f"/v1/imports/{made['id']}"
    mapped = await ws.admin.patch(path, {"mapping": mapping}, headers={"if-match": "*"})
    assert mapped.status_code == 200, mapped.text
    listed = (await ws.admin.get("/v1/traits")).json()["data"]
    by_type = {row["record_type"]: f"/v1/traits/{row['id']}" for row in listed}
    assert await users(ws, by_type["account"]) == {"import": [made["id"]]}
    assert await users(ws, by_type["contact"]) == {}
    role = f"/v1/key-roles/{await role_id(ws)}"
    assert (await users(ws, role))["import"] == [made["id"]]
    assert (await ws.admin.post(f"{path}/cancel")).status_code == 200
    assert await users(ws, by_type["account"]) == {}


ASKED: dict[str, set[str]] = {
    "accounts": {
        "api_keys.member_id",
        "assignment_rules.member_id",
        "assignment_rules.pool",
        "handovers.successors",
        "handovers.tasks_to",
        "contact_deactivation_rules.since_field",
        "imports.mapping",
        "indicator_definitions.owner_key_role",
        "lifecycle_rules.end_field",
        "lifecycle_rules.since_field",
        "trait_definitions.depends_on",
        "key_role_assignments.key_role_key",
        "key_role_assignments.member_id",
        "planned_holdings.key_role_key",
        "planned_holdings.member_ids",
        *(f"{table}.traits" for table in ("accounts", "contacts", "objects", "opportunities")),
        "organizations.traits",
    },
    "tasks": {"note_templates.fields", "tasks.assignee_id", "tasks.assignee_key_role"}
    | {"notes.traits", "tasks.traits"},
    "sequencer": {"mailboxes.member_id", "sequence_versions.definition", "sequences.draft"},
    "sync": {"connections.mapping"},
}
"""Where a member, a key role or a trait may be named, beside rules: what where-used looks at."""
NOT_ASKED: dict[str, set[str]] = {
    # of the past, how far a job has come, what the mapping of a connection says, or what follows
    # from the traits themselves
    "accounts": {
        "field_owners.fields",
        "lifecycle_rule_versions.end_field",
        "lifecycle_rule_versions.since_field",
        "indicator_holds.definition_id",
        "indicators.definition_id",
        "moving_fields.fields",
        "product_profiles.traits",
        "assignment_rules.last_member_id",
        "handovers.key_role_key",
    }
    | {"health_changes.definition_key", "health_changes.definitions_version"}
    | {"health_scores.definition_key", "health_scores.definitions_version"}
    | {"health_score_types.definitions_version"}
    | {"handovers.last_member_id", "handovers.member_id", "calendars.definition"},
    # copies of what accounts has, who wrote and when, and what somebody was told
    "tasks": {"accounts.key_roles", "notes.author", "notifications.member_id"}
    | {
        f"{table}.{column}"
        for table in ("notes", "tasks")
        for column in ("author_id", "authored_at")
    }
    | {"calendars.definition", "tasks.due_member_id", "trait_definitions.definition"},
    "sequencer": {"accounts.key_roles", "calendars.definition", "moving_fields.fields"}
    | {f"{table}.traits" for table in ("accounts", "contacts", "opportunities")},
    # what their system says of its own fields
    "sync": {"connections.mapping_version", "described_objects.fields", "calendars.definition"},
}


async def test_every_place_that_may_name_one_is_looked_at(tenure: Tenure) -> None:
    statement = text(
        "select table_name || '.' || column_name from information_schema.columns"
        " where table_schema = :schema and column_name ~"
        " '(member|assignee|author|pool|successor|tasks_to|key_role|traits|mapping|definition|draft"
        "|_field$|fields$|depends_on)' and column_name <> 'key_role_id'"
    )
    for name, service in tenure.workers.items():
        async with service.units.across_workspaces(read_only=True) as scope:
            found = set(await scope.connection.scalars(statement, {"schema": name}))
        assert found == ASKED[name] | NOT_ASKED[name], name
