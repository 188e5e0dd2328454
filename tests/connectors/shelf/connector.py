"""Documents of the shelf as rows: `docs/contributing/add-a-connector.md` goes through it."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict
from typing_extensions import override

from sync_worker.connectors.base import (
    Can,
    Checkpoint,
    Field,
    Grant,
    Intent,
    Kind,
    Link,
    Mode,
    Outcome,
    Page,
    PlainHttp,
    Row,
    Secrets,
    Settings,
    Spec,
    Stream,
    StreamSchema,
    StreamType,
    SystemTrouble,
    Trouble,
    Unchanged,
)
from sync_worker.connectors.kit.defaults import RecordDefaults
from sync_worker.connectors.kit.forms import read as read_form
from sync_worker.connectors.kit.settings import BaseUrl, ConnectionIn, SecretStr, Title
from sync_worker.connectors.kit.tables import ErrorTable

EXAMPLE: dict[str, Any] = {
    "system": "shelf",
    "title": "Shelf",
    "url": "https://shelf.acme.example",
    "token": "an-example-token",
}


class ShelfConnectionIn(ConnectionIn):
    """A token of the shelf, made by its administrator."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    system: Literal["shelf"]
    title: Title
    url: BaseUrl
    token: SecretStr


class Described(BaseModel):
    fields: list[dict[str, str]]


class File(BaseModel):
    id: str
    changed_at: datetime
    removed: bool
    content: dict[str, Any]


class Files(BaseModel):
    files: list[File]
    last: int
    more: bool


class BearerToken:
    async def renew(
        self, http: PlainHttp, settings: Settings, secrets: Secrets, grant: Grant | None
    ) -> Grant:
        """The token is the session: there is nothing to ask for."""
        return Grant(access_token=secrets["token"], base_url=settings["url"])

    def headers(self, grant: Grant) -> Mapping[str, str]:
        return {"authorization": f"Bearer {grant.access_token}"}


ERRORS: Final = ErrorTable(
    codes={"bad_token": "reauth", "spent": "quota", "invalid": "refused"},
    by_status={404: "refused"},
)
KINDS: Final[Mapping[str, Kind]] = {
    "number": "number", "date": "date", "url": "url", "email": "email", "ref": "ref",
}  # fmt: skip
FORMAT: Final = 1
_NOT_FOUND: Final = 404


class Shelf(RecordDefaults):
    spec = Spec(
        key="shelf",
        title="Shelf",
        settings=ShelfConnectionIn,
        can=Can(deletes="flag", batch=20),
        streams=(StreamType("companies"), StreamType("people", parent="company")),
        preset={
            "objects": [
                {
                    "object": "companies",
                    "record_type": "account",
                    "fields": [
                        {"source": "name", "target": "name"},
                        {"source": "website", "target": "domain", "type": "domain"},
                        {"source": "fee", "target": "arr", "type": "money"},
                    ],
                },
                {
                    "object": "people",
                    "record_type": "contact",
                    "fields": [
                        {"source": "name", "target": "name"},
                        {"source": "email", "target": "email", "type": "email"},
                    ],
                },
            ]
        },
        signs_in_by=frozenset({"url"}),
        urls=("url",),
    )
    auth = BearerToken()
    trouble = ERRORS.trouble

    def method(self, secrets: Collection[str]) -> str:
        return "token"

    async def describe(
        self, link: Link, stream: str, known: str | None
    ) -> StreamSchema | Unchanged | None:
        answer = await link.get(f"/folders/{quote(stream)}", expected=(_NOT_FOUND,))
        if answer.status == _NOT_FOUND:
            return None
        described = read_form("the shelf", answer, Described, "the question what is in a folder")
        return StreamSchema(
            tuple(
                Field(each["name"], each["name"], KINDS.get(each["kind"], "text"))
                for each in described.fields
            )
        )

    async def read(
        self, link: Link, stream: Stream, at: Checkpoint | None, mode: Mode
    ) -> AsyncIterator[Page]:
        number = _number_of(at)
        is_backfill = mode == "backfill"
        while True:
            path = f"/folders/{stream.name}/files?after={number}&limit=500"
            found = read_form("the shelf", await link.get(path), Files, "the question for files")
            number = found.last
            yield Page(
                [_row(stream, each) for each in found.files],
                {"format": FORMAT, "number": number},
                complete_until=link.clock if not found.more else None,
                listed_everything=is_backfill and not found.more,
            )
            if not found.more:
                return

    async def by_ids(self, link: Link, stream: Stream, ids: Sequence[str]) -> Sequence[Row]:
        rows = []
        for each in ids:
            path = f"/folders/{stream.name}/files/{quote(each, safe='')}"
            answer = await link.get(path, expected=(_NOT_FOUND,))
            if answer.status != _NOT_FOUND:
                rows.append(_row(stream, read_form("the shelf", answer, File, "a file")))
        return rows

    async def newest(self, link: Link, stream: Stream, limit: int) -> Sequence[Row]:
        rows = [row async for page in self.read(link, stream, None, "changes") for row in page.rows]
        return [row for row in reversed(rows) if row.state == "live"][:limit]

    @override
    async def write(self, link: Link, intents: Sequence[Intent]) -> Sequence[Outcome]:
        """One request each: what is wrong with one is not wrong with the next."""
        outcomes: list[Outcome] = []
        for each in intents:
            path = f"/folders/{each.stream}/files/{quote(each.id, safe='')}"
            try:
                await link.send("PUT", path, dict(each.values))
                outcomes.append(None)
            except SystemTrouble as error:
                outcomes.append(error.trouble)
        return outcomes


def _number_of(at: Checkpoint | None) -> int:
    """Raises `SystemTrouble` for a checkpoint that is none of ours."""
    if at is None:
        return 0
    if at.get("format") != FORMAT or type(at.get("number")) is not int:
        raise SystemTrouble(Trouble("expired", "Where it was left cannot be read."))
    return int(at["number"])


def _row(stream: Stream, file: File) -> Row:
    named = {*stream.fields, stream.type.parent}
    values = {name: value for name, value in file.content.items() if name in named}
    state: Literal["live", "deleted"] = "deleted" if file.removed else "live"
    return Row(file.id, file.changed_at, values, state=state, source=file.content)
