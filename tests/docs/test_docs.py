"""What the docs say can be done, done: commands run, rules are accepted, links lead somewhere."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from standardwebhooks import Webhook

from deploy.machine.processes import free_port
from deploy.migrate import ROOT
from shared.clock import utc_now
from shared.rules.syntax.json_codec import write_json
from shared.rules.syntax.parser import read_text
from tests.docs.following import FENCE, blocks, run
from tests.harness import Tenure

PAGES = [
    path
    for path in [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("services/*/README.md"),
        *ROOT.glob("clients/**/README.md"),
    ]
    if ".venv" not in path.parts
]
_BOTH_FORMS = re.compile(
    r"^```rule \w+\n(.*?)\n```\n```json\n(.*?)\n```$", re.MULTILINE | re.DOTALL
)
SEGMENT = "0198c0de-7d10-7c44-9f3a-2f6f0c1f7a01"
"""What the pages call a segment."""
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


async def test_the_frontend_guide_can_be_followed_command_by_command(
    tenure: Tenure, gateway: str
) -> None:
    ws = await tenure.workspace()
    answers = []
    for _, command in blocks(ROOT / "docs/frontend.md", "sh"):
        status, output = await run(command, gateway, ws.keys["admin"])
        assert status == 0, f"{command}\n{output}"
        answers.append(json.loads(output))
    created, read, listed, edited, clock = answers
    assert created["id"] == read["id"] == edited["id"]
    assert [account["name"] for account in listed["data"]] == ["Acme"]
    assert edited["arr"] == 6_000_000
    assert clock["frozen_at"] == "2026-03-02T09:00:00Z"


class Receiver:
    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.port = port

    async def start(self, secret: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "receiver.py", str(self.port)],
            cwd=self._folder,
            env={"SECRET": secret, "PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return

    def stop(self) -> str:
        """What it said."""
        if self._process is None:
            return ""
        self._process.terminate()
        said, _ = self._process.communicate(timeout=10)
        self._process = None
        return said


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    """The receiver of the guide, started as the guide starts it, once its secret is known."""
    ((_, code),) = (
        block for block in blocks(ROOT / "docs/partners.md", "python") if block[0] == "receiver"
    )
    (tmp_path / "receiver.py").write_text(code, encoding="utf-8")
    started = Receiver(tmp_path, free_port())
    yield started
    started.stop()


async def test_the_partners_guide_can_be_followed_and_its_receiver_verifies(
    tenure: Tenure, gateway: str, receiver: Receiver
) -> None:
    ws = await tenure.workspace()
    written = [command for _, command in blocks(ROOT / "docs/partners.md", "sh")]
    make_key, make_endpoint, test, feed = [
        command.replace("9999", str(receiver.port)) for command in written
    ]

    async def answer(command: str, key: str) -> dict[str, Any]:
        status, output = await run(command, gateway, key)
        assert status == 0, f"{command}\n{output}"
        got: dict[str, Any] = json.loads(output)
        return got

    key = (await answer(make_key, ws.keys["admin"]))["secret"]
    endpoint = await answer(make_endpoint, key)
    await receiver.start(endpoint["secret"])
    tested = await answer(test, key)
    assert tested["succeeded"], tested
    assert {"data", "next_after", "has_more"} <= (await answer(feed, key)).keys()

    body, now, signer = b'{"type": "account.updated"}', utc_now(), Webhook(endpoint["secret"])
    old = now - timedelta(minutes=10)
    url = f"http://127.0.0.1:{receiver.port}/hooks"
    async with httpx2.AsyncClient(trust_env=False) as client:
        for sent, at, expected in [
            (body, now, 204),
            (body, now, 204),
            (body + b" ", now, 400),
            (body, old, 400),
        ]:
            headers = {
                "webhook-id": "evt_1",
                "webhook-timestamp": str(int(at.timestamp())),
                "webhook-signature": "v1,b3RoZXI= " + signer.sign("evt_1", at, body.decode()),
            }
            assert (await client.post(url, content=sent, headers=headers)).status_code == expected
        assert (await client.post(url, content=body)).status_code == 400
    assert receiver.stop().split("\n") == [
        "webhook.test ",
        "account.updated ",
        "account.updated (again)",
        "",
    ]


@pytest.mark.parametrize("guide", ["modelling", "product-events", "how-are-they-doing"])
async def test_a_guide_can_be_followed_from_top_to_bottom(
    tenure: Tenure, gateway: str, guide: str
) -> None:
    """In one shell: later commands use what earlier ones found, and a refusal ends it."""
    ws = await tenure.workspace(frozen_at=None)  # a guide's `date` is now
    commands = [command for _, command in blocks(ROOT / f"docs/{guide}.md", "sh")]
    loudly = 'curl() { command curl --fail-with-body "$@"; }\n'
    status, output = await run(loudly + "\n".join(commands), gateway, ws.keys["admin"])
    assert status == 0, output


MOVED_IN = {
    "members.csv": (3, 0, 1, 0),
    "accounts.csv": (2, 0, 1, 0),
    "contacts.csv": (2, 0, 0, 1),
    "key-roles.csv": (4, 0, 0, 1),
    "notes.csv": (2, 0, 1, 2),
    "tasks.csv": (2, 0, 0, 0),
}
"""By file: rows that created, changed, said what was so already, and were rejected."""


async def test_a_company_moves_in_by_the_guide_and_nothing_follows(
    tenure: Tenure, gateway: str, tmp_path: Path
) -> None:
    ws = await tenure.workspace()
    hook = {"url": "http://127.0.0.1:9/hooks", "types": ["account.*", "task.*", "note.*"]}
    assert (await ws.admin.post("/v1/webhook-endpoints", hook)).status_code == 201
    await tenure.settle()
    commands = [command for _, command in blocks(ROOT / "docs/migrating.md", "sh")]

    async def follow(commands: list[str]) -> dict[str, tuple[int, ...]]:
        for command in commands:
            status, output = await run(command, gateway, ws.keys["admin"], cwd=tmp_path)
            assert status == 0, f"{command}\n{output}"
            await tenure.settle()
        page = (await ws.admin.get("/v1/imports", params={"limit": len(MOVED_IN)})).json()
        names = ("created", "updated", "unchanged", "rejected")
        return {one["file_name"]: tuple(one[name] for name in names) for one in page["data"]}

    assert await follow(commands) == MOVED_IN
    ids = {
        member["email"].partition("@")[0]: member["id"]
        for member in (await ws.admin.get("/v1/members")).json()["data"]
    }
    acme = (await ws.admin.get("/v1/accounts/by-external-id/acc-1")).json()
    assert (acme["arr"], acme["domain"]) == (4_800_000, "acme.example")
    holders = [("2024-05-01", "dana"), ("2025-01-01", "ada"), ("2025-12-01", "bea")]
    for day, name in holders:
        then = {"as_of": f"{day}T00:00:00Z", "filter": f'role csm held by "{ids[name]}"'}
        found = (await ws.admin.get("/v1/accounts", params=then)).json()["data"]
        assert "acc-1" in [account["external_id"] for account in found], day
    assert acme["key_roles"] == {"csm": [ids["bea"]]}
    notes = {one["external_id"]: one for one in (await ws.admin.get("/v1/notes")).json()["data"]}
    kick_off = notes["n-1"]
    assert (kick_off["author_id"], kick_off["subject_id"]) == (ids["dana"], acme["id"])
    assert kick_off["authored_at"].startswith("2024-04-02T")
    assert kick_off["body"].count("<p>") == 2
    tasks = [(await ws.admin.get(f"/v1/tasks/by-external-id/{t}")).json() for t in ("t-1", "t-2")]
    assert [(task["status"], task["assignee_id"]) for task in tasks] == [
        ("completed", ids["dana"]),
        ("open", ids["bea"]),
    ]
    assert tasks[0]["ended_at"].startswith("2024-04-08T")
    for nothing in ("webhook-deliveries", "messages"):
        assert (await ws.admin.get(f"/v1/{nothing}")).json()["data"] == []
    every_task = await ws.admin.get("/v1/tasks", params={"count": "exact"})
    assert every_task.json()["count"]["value"] == len(tasks)
    feed = (await ws.admin.get("/v1/events", params={"limit": 200})).json()["data"]
    again = await follow([command for command in commands if command.startswith("bash import.sh")])
    assert again == {
        name: (0, 0, created + unchanged, rejected)
        for name, (created, _, unchanged, rejected) in MOVED_IN.items()
    }
    after = (await ws.admin.get("/v1/events", params={"limit": 200})).json()["data"]
    told = {event["type"] for event in after[len(feed) :]}
    assert told <= {"import.finished", "quiet_batch.opened"}


async def test_the_document_is_fetched_as_the_guides_say(
    tenure: Tenure, gateway: str, tmp_path: Path
) -> None:
    """A repeated command finds that nothing has changed, and leaves the file alone."""
    key = (await tenure.workspace()).keys["observer"]
    for guide in ("generate-a-client", "versions"):
        for _, command in blocks(ROOT / f"docs/{guide}.md", "sh"):
            for _ in range(2):
                status, output = await run(command, gateway, key, cwd=tmp_path)
                assert status == 0, output
    for name in ("openapi.json", "workspace.json"):
        document = json.loads((tmp_path / name).read_text(encoding="utf-8"))
        assert document["openapi"] == "3.1.0"


async def test_the_operators_guide_makes_a_workspace(tenure: Tenure, gateway: str) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = tenure.environment("accounts") | {"PATH": path}
    ((_, command),) = blocks(ROOT / "docs/operations.md", "sh")
    process = await asyncio.create_subprocess_shell(
        command, env=os.environ | environment, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    headers = {"authorization": f"Bearer {json.loads(output)['api_key']}"}
    async with httpx2.AsyncClient(trust_env=False, timeout=30, headers=headers) as client:
        workspace = (await client.get(f"{gateway}/v1/workspace")).raise_for_status().json()
    assert (workspace["name"], workspace["time_zone"]) == ("Acme", "Europe/Berlin")
    assert workspace["sandbox"] is False


async def test_every_rule_in_the_docs_is_accepted_and_survives_both_forms(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    rules = [rule for page in PAGES for rule in blocks(page, "rule")]
    assert len(rules) >= 10
    for name, type_ in (("plan_name", "string"), ("seats", "number")):
        declared = {"name": name, "type": type_, "events": ["login"]}
        await ws.admin.post("/v1/product-event-properties", declared)
    everyone = {"title": "Everyone", "record_type": "account", "rule": {"all": []}}
    segment_id = (await ws.admin.post("/v1/segments", everyone)).json()["id"]
    for record_type, written in rules:
        rule = written.replace(SEGMENT, segment_id)
        answer = await ws.admin.post(
            "/v1/rules/validate", {"record_type": record_type, "rule": rule.strip()}
        )
        assert answer.json()["faults"] == [], f"{rule}\n{answer.text}"
        again = await ws.admin.post(
            "/v1/rules/validate", {"record_type": record_type, "rule": answer.json()["rule"]}
        )
        assert again.json()["rule_text"] == answer.json()["rule_text"]


async def test_every_formula_in_the_docs_is_accepted(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    formulas = [formula for page in PAGES for formula in blocks(page, "formula")]
    assert len(formulas) >= 5
    for record_type, formula in formulas:
        draft = {"record_type": record_type, "formula": formula.strip()}
        answer = await ws.admin.post("/v1/traits/formula-preview", draft)
        assert answer.json()["faults"] == [], formula
        assert answer.json()["formula"] == formula.strip()


async def test_the_type_of_an_error_can_be_opened(tenure: Tenure, gateway: str) -> None:
    ws = await tenure.workspace()
    async with httpx2.AsyncClient(
        trust_env=False, headers={"authorization": f"Bearer {ws.keys['admin']}"}
    ) as client:
        refused = (await client.patch(f"{gateway}/v1/accounts/{ws.id}", json={})).json()
        place = refused["type"].replace("https://tenure.example", gateway)
        page = await client.get(place)
        told = (await client.get(place, headers={"accept": "application/json"})).json()
        listed = (await client.get(f"{gateway}/problems")).text
        missing = await client.get(f"{gateway}/problems/no-such-code")
    assert refused["code"] in page.text
    assert (told["code"], told["status"]) == (refused["code"], refused["status"])
    assert f"/problems/{refused['code'].replace('_', '-')}" in listed
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_the_json_below_a_rule_of_the_language_page_is_the_same_rule() -> None:
    page = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    pairs = _BOTH_FORMS.findall(page)
    assert len(pairs) == page.count("```rule ") > 50
    for written, document in pairs:
        given = json.loads(document, parse_float=Decimal)
        assert write_json(read_text(written)) == given, written


def test_every_make_target_that_the_docs_name_exists() -> None:
    targets = set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    code = "\n".join(_code(page.read_text(encoding="utf-8")) for page in PAGES)
    named = set(re.findall(r"\bmake (?:-s )?([a-z-]+)", code))
    assert named <= targets, named - targets


def _code(text: str) -> str:
    """Only code: prose may say that things make sense."""
    return "\n".join(re.findall(r"`[^`]+`", text) + [body for _, _, body in FENCE.findall(text)])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = [
        link
        for link in _LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists() and not (page.parent / f"{link}.md").exists()
    ]
    assert broken == []


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/decisions/*.md")), ids=lambda p: p.stem)
def test_a_decision_says_when_it_was_made_and_whether_it_stands(page: Path) -> None:
    status = page.read_text(encoding="utf-8").splitlines()[2]
    assert re.fullmatch(r"(Accepted|Superseded by \[\d+\]\([^)]+\)), \d{4}-\d\d-\d\d\.", status)
