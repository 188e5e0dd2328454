"""What the tests of health make and ask."""

from typing import Any

from tests.harness import Workspace

PATH = "/v1/health-scores"


async def made(ws: Workspace, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await ws.admin.post(path, body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def score(ws: Workspace, key: str = "overall", **more: Any) -> dict[str, Any]:
    body = {"key": key, "title": key.title(), "record_type": "account", **more}
    return await made(ws, PATH, body)


LABELS = [{"key": "poor", "from": 0}, {"key": "fair", "from": 40}, {"key": "good", "from": 70}]


def measure(key: str, input_: str, points: Any, **more: Any) -> dict[str, Any]:
    return {"key": key, "input": input_, "points": points, **more}


def definition(*measures: dict[str, Any], title: str = "All", **more: Any) -> dict[str, Any]:
    groups = [{"key": "all", "measures": list(measures)}]
    return {"title": title, "labels": LABELS, "groups": groups, **more}


def linear(start: float, end: float) -> dict[str, Any]:
    return {"linear": {"from": start, "to": end}}


async def replaced(ws: Workspace, *definitions: dict[str, Any], key: str = "overall") -> Any:
    body = {"definitions": list(definitions)}
    return await ws.admin.put(f"{PATH}/{key}/definitions", body, headers={"if-match": "*"})


async def define(ws: Workspace, *definitions: dict[str, Any], key: str = "overall") -> Any:
    answer = await replaced(ws, *definitions, key=key)
    assert answer.status_code == 200, answer.text
    return answer.json()
