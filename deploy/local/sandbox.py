"""The life in the sandbox that `make up` leaves running, set up by the API as an admin would.

Salesforce and the mailboxes of the customer success managers are connected, statuses and segments
have their rules, and the renewal sequence is enabled. A second start adds what the first did not
get to, and leaves what is there as people made it.
"""

import asyncio
from typing import Any

import httpx2

from deploy.demo.configuration import (
    DUE,
    LIFECYCLE_RULES,
    MAIL_PASSWORD,
    SCALED,
    SCALED_RULE,
    SENDERS,
    SEQUENCE,
    WORKSPACE_ZONE,
    due_rule,
    renewal_sequence,
)
from deploy.demo.inside import Api
from deploy.demo.narrator import ClaimFailed
from deploy.demo.outside import Mail
from deploy.local.migrate import say
from deploy.machine.errors import LocalError

Json = dict[str, Any]
_FIRST_PULL_SECONDS = 180.0
_LOOK_SECONDS = 0.5


def furnish(about: Json) -> None:
    """Raises `LocalError` when a step does not succeed; everything else runs on without it."""
    try:
        asyncio.run(_furnish(about))
    except (ClaimFailed, TimeoutError, OSError, httpx2.HTTPError) as error:
        raise LocalError(f"The sandbox is not set up: {error}") from error


async def _furnish(about: Json) -> None:
    api = Api(about["gateway_url"], about["api_key"])
    mail = Mail(about["sandbox"]["mail"]["control_url"])
    try:
        if await _named(api, "sequences", SEQUENCE):
            return
        say("sandbox: connecting Salesforce")
        await api.patch("/v1/workspace", {"time_zone": WORKSPACE_ZONE, "currency": "USD"})
        await _pull(api, about["sandbox"]["salesforce"])
        for rule in LIFECYCLE_RULES:
            if not await _named(api, "lifecycle-rules", rule["title"]):
                await api.post("/v1/lifecycle-rules", rule, expect=201)
        scaled = await _segment(api, SCALED, "account", SCALED_RULE)
        due = await _segment(api, DUE, "opportunity", due_rule(scaled))
        await _connect_mailboxes(api, mail, about["sandbox"]["mail"])
        sequence = await api.post("/v1/sequences", renewal_sequence(due, scaled), expect=201)
        for verb in ("publish", "enable"):
            await api.post(f"/v1/sequences/{sequence['id']}/{verb}")
        say("sandbox: accounts, segments and the renewal sequence are alive")
    finally:
        await api.close()
        await mail.close()


async def _named(api: Api, collection: str, title: str) -> Json | None:
    """Among the first page: a sandbox that is being set up has no more."""
    rows = (await api.get(f"/v1/{collection}"))["data"]
    return next((row for row in rows if row["title"] == title), None)


async def _pull(api: Api, salesforce: Json) -> None:
    connection = {
        "system": "salesforce",
        "title": "Salesforce",
        "login_url": salesforce["url"],
        "client_id": salesforce["client_id"],
        "client_secret": salesforce["client_secret"],
        "every_seconds": 5,
        "lag_seconds": 0,
    }
    made = await _named(api, "connections", connection["title"])
    made = made or await api.post("/v1/connections", connection, expect=201)
    async with asyncio.timeout(_FIRST_PULL_SECONDS):
        while True:
            runs = (await api.get("/v1/sync-runs", connection_id=made["id"]))["data"]
            if any(run["status"] == "succeeded" for run in runs):
                return
            await asyncio.sleep(_LOOK_SECONDS)


async def _segment(api: Api, title: str, record_type: str, rule: str) -> str:
    made = await _named(api, "segments", title)
    segment = {"title": title, "record_type": record_type, "rule": rule}
    made = made or await api.post("/v1/segments", segment, expect=201)
    return str(made["id"])


async def _connect_mailboxes(api: Api, mail: Mail, servers: Json) -> None:
    members = {row["external_id"]: row["id"] for row in await api.every("/v1/members")}
    connected = {row["email"] for row in await api.every("/v1/mailboxes")}
    for person in SENDERS:
        if person.email in connected:
            continue
        await mail.open_mailbox(person.email, MAIL_PASSWORD)
        login = {"username": person.email, "password": MAIL_PASSWORD}
        smtp = {"host": servers["smtp_host"], "port": servers["smtp_port"], "tls": "opportunistic"}
        mailbox = {
            "member_id": members[person.user_id],
            "email": person.email,
            "display_name": person.name,
            "smtp": {**smtp, **login},
        }
        inbox = {
            "system": "imap",
            "title": f"{person.name}'s inbox",
            "host": servers["imap_host"],
            "port": servers["imap_port"],
            "security": "none",
            **login,
            "mailbox": person.email,
            "every_seconds": 5,
        }
        if not await _named(api, "connections", inbox["title"]):
            await api.post("/v1/connections", inbox, expect=201)
        await api.post("/v1/mailboxes", mailbox, expect=201)
