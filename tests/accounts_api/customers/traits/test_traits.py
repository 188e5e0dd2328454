from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.traits.conversion import converted
from shared.traits.definitions import Definition, TraitType
from shared.traits.values import InvalidTraitValue
from tests.accounts_api.records.making import bulk, make, make_trait
from tests.harness import Tenure, Workspace


async def refusals(ws: Workspace, traits: dict[str, Any]) -> dict[str, str]:
    answer = await ws.admin.post("/v1/accounts", {"name": "A", "traits": traits})
    assert answer.status_code == 422, answer.text
    return {e["pointer"]: e["code"] for e in answer.json()["errors"]}


async def trait_id(ws: Workspace, key: str) -> str:
    listed = await ws.admin.get("/v1/traits")
    return str(next(t["id"] for t in listed.json()["data"] if t["key"] == key))


@pytest.mark.parametrize(
    ("kind", "more", "good", "kept", "bad"),
    [
        ("string", {"maximum": 3}, "abc", "abc", "abcd"),
        ("string", {}, "e\u0301", "\u00e9", "x\ny"),
        ("text", {}, "x\ny", "x\ny", 7),
        ("number", {"minimum": 0}, 2.0, 2, -1),
        ("number", {}, 2.5, 2.5, "2.5"),
        ("boolean", {}, False, False, 0),
        ("date", {}, "2026-02-28", "2026-02-28", "2026-02-30"),
        ("date", {}, "1900-01-01", "1900-01-01", "0001-01-01"),
        ("datetime", {}, "2200-01-01T00:00:00Z", "2200-01-01T00:00:00Z", "9999-01-01T00:00:00Z"),
        ("datetime", {}, "2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00Z", "2026-01-01"),
        ("currency", {"currency": "EUR"}, 1250, 1250, 12.5),
        ("select", {"options": [{"value": "a"}]}, "a", "a", "b"),
        ("multi_select", {"options": [{"value": "a"}, {"value": "b"}]}, ["b", "a", "b"],
         ["a", "b"], ["c"]),
        ("url", {}, "https://a.example/b", "https://a.example/b", "javascript:alert(1)"),
        ("email", {}, " a@b.example ", "a@b.example", "a@"),
        ("string", {"pattern": "[A-Z]{2}-[0-9]+"}, "AB-1", "AB-1", "xAB-1"),
    ],
)  # fmt: skip
async def test_a_value_is_stored_in_the_one_form_of_its_type(
    tenure: Tenure, kind: str, more: dict[str, Any], good: Any, kept: Any, bad: Any
) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "it", kind, **more)
    account = await make(ws, "accounts", {"name": "A", "traits": {"it": good}})
    assert account["traits"] == {"it": kept}
    assert type(account["traits"]["it"]) is type(kept)
    assert list(await refusals(ws, {"it": bad})) == ["/traits/it"]


async def test_a_rule_finds_an_address_however_it_is_written(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "mail", "email")
    await make(ws, "accounts", {"name": "A", "traits": {"mail": "info@müller.example"}})
    rule = 'traits.mail = "info@XN--MLLER-KVA.example"'
    found = await ws.admin.get("/v1/accounts", params={"filter": rule})
    assert [row["name"] for row in found.json()["data"]] == ["A"]


async def test_traits_are_merged_one_by_one(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    for key in ("a", "b", "c"):
        await make_trait(ws, "account", key, "number")
    account = await make(ws, "accounts", {"name": "A", "traits": {"a": 1, "b": 2}})
    changed = await ws.admin.patch(f"/v1/accounts/{account['id']}", {"traits": {"b": None, "c": 3}})
    assert changed.json()["traits"] == {"a": 1, "c": 3}


async def test_a_dependent_picklist_offers_what_fits_its_parent(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(
        ws, "account", "sentiment", "select", options=[{"value": "Good"}, {"value": "Bad"}]
    )
    await make_trait(
        ws,
        "account",
        "reason",
        "select",
        depends_on="sentiment",
        options=[{"value": "Price", "when": ["Bad"]}, {"value": "Champion"}],
    )
    bad = {"sentiment": "Good", "reason": "Price"}
    assert await refusals(ws, bad) == {"/traits/reason": "option_not_offered"}
    account = await make(
        ws, "accounts", {"name": "A", "traits": {"sentiment": "Bad", "reason": "Price"}}
    )
    path = f"/v1/accounts/{account['id']}"
    stale = await ws.admin.patch(path, {"traits": {"sentiment": "Good"}})
    assert stale.json()["errors"][0]["pointer"] == "/traits/reason"
    both = await ws.admin.patch(path, {"traits": {"sentiment": "Good", "reason": "Champion"}})
    assert both.status_code == 200


async def picklists(ws: Workspace) -> dict[str, str]:
    """Sentiment, its reason, the reason's detail: path by key."""
    for key, parent, options in (
        ("sentiment", None, [("Positive", None), ("Negative", None)]),
        (
            "reason",
            "sentiment",
            [("Price", ["Negative"]), ("Value", ["Positive"]), ("Other", None)],
        ),
        ("detail", "reason", [("Budget cut", ["Price"]), ("Discount ends", ["Price"])]),
    ):
        listed = [{"value": value, "when": when} for value, when in options]
        await make_trait(ws, "account", key, "select", options=listed, depends_on=parent)
    traits = (await ws.admin.get("/v1/traits")).json()["data"]
    return {trait["key"]: f"/v1/traits/{trait['id']}" for trait in traits}


async def test_picklists_depend_on_each_other_three_levels_deep(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await picklists(ws)
    chosen = {"sentiment": "Negative", "reason": "Price", "detail": "Budget cut"}
    account = await make(ws, "accounts", {"name": "A", "traits": chosen})
    path = f"/v1/accounts/{account['id']}"

    async def codes(traits: dict[str, Any]) -> dict[str, str]:
        answer = await ws.admin.patch(path, {"traits": traits})
        return {e["pointer"]: e["code"] for e in answer.json().get("errors", ())}

    refused = {"/traits/reason": "option_not_offered"}
    assert await codes({"sentiment": "Positive"}) == refused
    assert await codes({"sentiment": None}) == refused
    assert await codes({"reason": "Other"}) == {"/traits/detail": "option_not_offered"}
    assert await codes({"sentiment": "Positive", "reason": "Value"}) == {
        "/traits/detail": "option_not_offered"
    }
    assert await codes({"detail": "Discount ends"}) == {}
    assert await codes({"sentiment": "Positive", "reason": "Value", "detail": None}) == {}


async def test_options_in_use_are_taken_away_knowingly(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    paths = await picklists(ws)
    chosen = {"sentiment": "Negative", "reason": "Other"}
    account = await make(ws, "accounts", {"name": "A", "traits": chosen})
    fewer: dict[str, Any] = {"options": [{"value": "Positive"}]}
    needed = await ws.admin.patch(paths["sentiment"], fewer)
    assert [(e["pointer"], e["code"]) for e in needed.json()["errors"]] == [("/options", "in_use")]
    fewer = {"options": [{"value": "Price", "when": ["Negative"]}]}
    lost = await ws.admin.patch(paths["reason"], fewer)
    assert (lost.status_code, lost.json()["lost"]) == (409, 1)
    assert (await ws.admin.patch(f"{paths['reason']}?force=true", fewer)).status_code == 200
    read = (await ws.admin.get(f"/v1/accounts/{account['id']}")).json()
    assert read["traits"] == {"sentiment": "Negative"}


async def test_a_pattern_takes_time_in_proportion_to_the_text(tenure: Tenure) -> None:
    """An engine that tries every way would not come to an end."""
    ws = await tenure.workspace()
    await make_trait(ws, "account", "it", "text", pattern="(a+)+b")
    assert await refusals(ws, {"it": "a" * 20_000}) == {"/traits/it": "pattern"}


async def test_members_and_contacts_in_traits_exist_here(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    other = await tenure.workspace("Other")
    theirs = await make(other, "contacts", {"email": "t@h.example"})
    await make_trait(ws, "account", "sponsor", "contact")
    await make_trait(ws, "account", "backup", "member")
    foreign = {"sponsor": theirs["id"], "backup": other.details["admin_id"]}
    assert await refusals(ws, foreign) == {
        "/traits/sponsor": "unknown_contact",
        "/traits/backup": "unknown_member",
    }
    ours = await make(ws, "contacts", {"email": "o@u.example"})
    own = {"sponsor": ours["id"], "backup": ws.details["admin_id"]}
    assert (await make(ws, "accounts", {"name": "A", "traits": own}))["traits"] == own


async def test_required_defaults_and_who_may_edit(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "region", "string", required=True)
    await make_trait(ws, "account", "plan", "string", default="free", editable_by="admins")
    await make_trait(ws, "account", "crm", "string", editable_by="source", source="salesforce")
    assert await refusals(ws, {}) == {"/traits/region": "required"}
    account = await make(ws, "accounts", {"name": "A", "traits": {"region": "EU"}})
    assert account["traits"] == {"plan": "free", "region": "EU"}
    path = f"/v1/accounts/{account['id']}"
    hers = await ws.team_member.patch(path, {"traits": {"plan": "pro", "region": None}})
    assert {e["pointer"]: e["code"] for e in hers.json()["errors"]} == {
        "/traits/plan": "not_editable",
        "/traits/region": "required",
    }
    assert (await ws.admin.patch(path, {"traits": {"plan": "pro"}})).status_code == 200
    assert (await ws.admin.patch(path, {"traits": {"crm": "x"}})).status_code == 422
    (synced,) = await bulk(
        ws, "accounts", [{"external_id": "s", "name": "S", "traits": {"crm": "x"}}]
    )
    assert synced["status"] == "created"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"type": "select"}, "/options"),
        ({"type": "string", "options": [{"value": "a"}]}, "/options"),
        ({"type": "select", "options": [{"value": "a"}, {"value": "a"}]}, "/options/1/value"),
        ({"type": "select", "options": [{"value": "a", "when": ["b"]}]}, "/options/0/when"),
        ({"type": "select", "options": [{"value": "a"}], "depends_on": "no"}, "/depends_on"),
        ({"type": "currency"}, "/currency"),
        ({"type": "number", "currency": "USD"}, "/currency"),
        ({"type": "number", "minimum": 2, "maximum": 1}, "/maximum"),
        ({"type": "boolean", "minimum": 2}, "/minimum"),
        ({"type": "number", "pattern": "a"}, "/pattern"),
        ({"type": "string", "pattern": "(?=a)"}, "/pattern"),
        ({"type": "string", "pattern": "("}, "/pattern"),
        ({"type": "number", "default": "x"}, "/default"),
    ],
)
async def test_a_definition_that_makes_no_sense_is_refused(
    tenure: Tenure, fields: dict[str, Any], pointer: str
) -> None:
    ws = await tenure.workspace()
    answer = await ws.admin.post(
        "/v1/traits", {"record_type": "account", "key": "it", "title": "It", **fields}
    )
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_a_pattern_is_refused_in_our_words(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    for pattern, word in {
        "(?=a)": "look-around",
        r"(a)\1": "look-around",
        "(?<!a)b": "look-around",
        "(": "bracket",
        "[a": "bracket",
        "*a": "before it",
        r"\y": "as itself",
        "a{1001}": "thousand",
    }.items():
        answer = await ws.admin.post(
            "/v1/traits",
            {
                "record_type": "account",
                "key": "it",
                "title": "It",
                "type": "string",
                "pattern": pattern,
                "default": "a",
            },
        )
        (fault,) = answer.json()["errors"]
        assert fault["code"] == "bad_pattern", pattern
        assert word in fault["message"], pattern


async def test_a_key_is_used_once_for_each_record_type(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    fields = {"record_type": "account", "key": "it", "title": "It", "type": "number"}
    assert (await ws.admin.post("/v1/traits", fields)).status_code == 201
    taken = await ws.admin.post("/v1/traits", fields)
    assert (taken.status_code, taken.json()["code"]) == (409, "key_taken")
    other = await ws.admin.post("/v1/traits", {**fields, "record_type": "contact"})
    assert other.status_code == 201
    page = await ws.admin.get("/v1/traits?limit=1")
    rest = await ws.admin.get(f"/v1/traits?limit=1&cursor={page.json()['next_cursor']}")
    assert [t["record_type"] for t in page.json()["data"] + rest.json()["data"]] == [
        "account",
        "contact",
    ]


async def test_a_used_trait_is_deleted_only_by_force_and_with_its_values(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "it", "number")
    account = await make(ws, "accounts", {"name": "A", "traits": {"it": 1}})
    path = f"/v1/traits/{await trait_id(ws, 'it')}"
    used = await ws.admin.delete(path)
    assert (used.status_code, used.json()["records"]) == (409, 1)
    assert (await ws.admin.get(f"{path}/usages")).json()["records"] == 1
    assert (await ws.admin.delete(f"{path}?force=true")).status_code == 204
    assert (await ws.admin.get(path)).status_code == 404
    await tenure.settle()
    read = (await ws.admin.get(f"/v1/accounts/{account['id']}")).json()
    assert (read["traits"], read["version"]) == ({}, 2)
    await make_trait(ws, "account", "it", "string")


async def test_a_new_type_converts_values_after_a_preview(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "seats", "string")
    for seats in ("40", " 1,200.5", "about 40"):
        await make(ws, "accounts", {"name": seats, "traits": {"seats": seats}})
    path = f"/v1/traits/{await trait_id(ws, 'seats')}"
    preview = (await ws.admin.post(f"{path}/preview-type", {"type": "number"})).json()
    assert (preview["convertible"], preview["unconvertible"]) == (2, 1)
    assert preview["samples"][0]["value"] == "about 40"
    refused = await ws.admin.patch(path, {"type": "number"})
    assert (refused.status_code, refused.json()["lost"]) == (409, 1)
    forced = await ws.admin.patch(f"{path}?force=true", {"type": "number"})
    assert (forced.status_code, forced.json()["type"]) == (200, "number")
    listed = await ws.admin.get("/v1/accounts?sort=-traits.seats")
    assert [a["traits"].get("seats") for a in listed.json()["data"]] == [1200.5, 40, None]


@pytest.mark.parametrize(
    ("value", "to", "expected"),
    [
        ("2026-03-29T22:30:00Z", "date", "2026-03-30"),
        ("2026-03-29T21:30:00Z", "date", "2026-03-29"),
        ("2026-03-29", "datetime", "2026-03-28T23:00:00Z"),
        ("2026-03-30", "datetime", "2026-03-29T22:00:00Z"),
        ("2026-03-29 or later", "date", None),
        ("2026-03-29Tnoon Z", "date", None),
        ("2026-02-30", "datetime", None),
        ("1,200.5", "number", 1200.5),
        ("1,5", "number", None),
        ("1.234,56", "number", None),
        ("1_000", "number", None),
        ("1e3", "number", 1000),
        ("99999999999999999999", "number", None),
        ("1e300", "number", None),
    ],
)
def test_a_converted_value_says_the_same_or_is_refused(
    value: str, to: TraitType, expected: Any
) -> None:
    definition = Definition(key="x", type=to)
    if expected is None:
        with pytest.raises(InvalidTraitValue):
            converted(value, definition, ZoneInfo("Europe/Berlin"))
    else:
        assert converted(value, definition, ZoneInfo("Europe/Berlin")) == expected


async def test_another_select_may_not_lose_its_parent(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "a", "select", options=[{"value": "x"}])
    await make_trait(
        ws, "account", "b", "select", depends_on="a", options=[{"value": "y", "when": ["x"]}]
    )
    used = await ws.admin.delete(f"/v1/traits/{await trait_id(ws, 'a')}")
    assert [user["title"] for user in used.json()["usages"]] == ["b"]
