"""What a person enters by hand, what is refused, and what they learn beforehand."""

from shared.ids import new_id
from tests.sequencer.renewals import Renewals, causes, day


async def test_entering_an_expired_one_by_hand_is_refused_with_a_task(
    renewals: Renewals,
) -> None:
    await renewals.furnish()
    sequence = await renewals.sequence()
    opportunity_id = await renewals.opportunity(contract_expiration=day(0))
    body = {"sequence_id": sequence["id"], "opportunity_id": str(opportunity_id)}
    for _ in range(2):
        refused = await renewals.ws.team_member.post("/v1/enrollments", body)
        assert (refused.status_code, refused.json()["code"]) == (409, "contract_expired")
        await renewals.tenure.settle()
    assert causes(await renewals.blocked(), opportunity_id) == {"contract_expired"}
    assert len(await renewals.events("enrollment_blocked")) == 1
    await renewals.change(opportunity_id, contract_expiration=day(200))
    assert causes(await renewals.blocked(), opportunity_id) == set()
    assert len(await renewals.enrollments()) == 1, "it is in the audience and in time now"


async def test_by_hand_every_gate_in_the_way_is_named(renewals: Renewals) -> None:
    contact_id = await renewals.furnish()
    sequence = await renewals.sequence(audience_segment_id=None)
    opportunity_id = await renewals.opportunity(deal_room_url=None)
    body = {"sequence_id": sequence["id"], "opportunity_id": str(opportunity_id)}
    await renewals.told(renewals.contact_event(contact_id, traits={}))
    refused = await renewals.ws.admin.post("/v1/enrollments", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "cannot_enroll")
    assert refused.json()["causes"] == ["no_deal_room", "no_product_admin"]
    assert await renewals.events("enrollment_blocked") == [], "a person knows; no task is made"

    await renewals.change(opportunity_id, deal_room_url="https://rooms.example/acme")
    chosen = await renewals.ws.admin.post(
        "/v1/enrollments", {**body, "contact_id": str(contact_id)}
    )
    assert chosen.status_code == 201, chosen.text
    again = await renewals.ws.admin.post("/v1/enrollments", body)
    assert (again.status_code, again.json()["code"]) == (409, "already_enrolled")


async def test_what_a_body_names_must_exist(renewals: Renewals) -> None:
    await renewals.furnish()
    sequence = await renewals.sequence()
    answer = await renewals.ws.admin.post(
        "/v1/enrollments", {"sequence_id": sequence["id"], "opportunity_id": str(new_id())}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/opportunity_id"
    unknown = {"sequence_id": str(new_id()), "opportunity_id": str(new_id())}
    answer = await renewals.ws.admin.post("/v1/enrollments", unknown)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/sequence_id"


async def test_eligibility_explains_every_gate_and_every_contact(renewals: Renewals) -> None:
    contact_id = await renewals.furnish()
    sequence = await renewals.sequence()
    opportunity_id = await renewals.opportunity(deal_room_url=None)
    path = f"sequence_id={sequence['id']}&opportunity_id={opportunity_id}"
    answer = await renewals.ws.observer.get(f"/v1/enrollments/eligibility?{path}")
    found = answer.json()
    assert (found["eligible"], found["causes"]) == (False, ["no_deal_room"])
    assert {gate["name"] for gate in found["gates"] if not gate["passed"]} == {"deal_room"}
    [contact] = found["contacts"]
    assert (contact["contact_id"], contact["chosen"]) == (str(contact_id), True)
    assert contact["reason"] == "product admin"
