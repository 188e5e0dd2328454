from tests.harness import Tenure


async def test_a_new_workspace_answers_its_four_roles(tenure: Tenure) -> None:
    ws = await tenure.workspace("Northwind")
    for client in (ws.admin, ws.leader, ws.team_member, ws.observer):
        answer = await client.get("/v1/workspace")
        assert answer.status_code == 200, answer.text
        assert answer.json()["id"] == str(ws.id)
