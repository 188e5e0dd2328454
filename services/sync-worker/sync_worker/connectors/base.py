"""What every connector is: a stateless translator between one system's wire and neutral rows.

A connector says what it can do and does only that. When it is asked, how often a refusal is tried
again, where its checkpoints are kept and what becomes of its rows is decided by those who call it.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, Protocol, TypeAlias

Checkpoint: TypeAlias = dict[str, Any]
"""Made and read by the connector alone; plain JSON of at most 16 KiB with its `format`."""
Json: TypeAlias = Any
Settings: TypeAlias = Mapping[str, Json]
Secrets: TypeAlias = Mapping[str, str]
Value: TypeAlias = (
    str
    | bool
    | int
    | float
    | Decimal
    | date
    | datetime
    | tuple[str, ...]
    | Mapping[str, Json]
    | None
)
"""A value in its neutral form. Amounts are decimal, instants know their zone, a choice of several
is a tuple, an address is its parts. What a field holds against its kind stays as it came.
"""
Mode = Literal["changes", "backfill"]
"""`changes` goes on from a checkpoint. `backfill` reads everything; it can be interrupted too."""
Kind = Literal[
    "text", "number", "money", "bool", "date", "instant", "time", "choice", "choices", "ref",
    "url", "email", "address", "json",
]  # fmt: skip
Meaning = Literal[
    "refresh", "retry", "quota", "reauth", "config", "expired", "restart", "smaller", "refused"
]
"""`refresh`: get a new session and ask once more. `retry`: passing trouble. `quota`: the day's
requests are spent. `reauth`: a person must connect again. `config`: a person must change something
there or in the mapping. `expired`: the checkpoint is worth nothing any more. `restart`: go on from
the last checkpoint. `smaller`: ask for less. `refused`: this record, for good.
"""


@dataclass(frozen=True, slots=True)
class Trouble:
    meaning: Meaning
    detail: str
    """The system's own words where it had any."""
    code: str | None = None
    wait: float | None = None
    """Seconds that the system wants to be left alone."""


class SystemTrouble(Exception):
    """The system did not give what was asked for, after as many tries as make sense."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.detail)
        self.trouble = trouble


# What there is


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    label: str
    kind: Kind
    length: int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamSchema:
    """What our user may see of a stream. `version` makes it cheap to ask whether it changed."""

    fields: tuple[Field, ...]
    version: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.fields)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The schema is still the one that is known."""


@dataclass(frozen=True, slots=True)
class StreamType:
    """A kind of record of the system, as the connector knows it before it looks.

    `parent` is the reference to the row that a row belongs to, read whatever a mapping says. Rows
    of an association say which row of the stream `joins` belongs to which parent, and as what:
    their values are `of`, `to` and `roles`.
    """

    name: str
    parent: str | None = None
    joins: str | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """What is to be read of one stream: `fields` of those that the schema has."""

    type: StreamType
    schema: StreamSchema
    fields: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.type.name


# What is read


@dataclass(frozen=True, slots=True)
class Row:
    """A record as it stands there. A value that cannot be read is absent, an empty one is None.

    `changed_at` is the system's clock; of two rows of one record the later one counts. `source` is
    the row as it came, for people to look at.
    """

    id: str
    changed_at: datetime
    values: Mapping[str, Value] = field(default_factory=dict)
    state: Literal["live", "deleted", "ended"] = "live"
    merged_into: str | None = None
    currency: str | None = None
    """What the row's amounts are in, where it says so."""
    source: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and where to go on once they are kept.

    `complete_until`: by the system's clock, nothing before it is missing. `listed_everything` is
    said by the page that ends a backfill: what no page of it held is gone.
    """

    rows: Sequence[Row]
    checkpoint: Checkpoint
    complete_until: datetime | None = None
    listed_everything: bool = False
    note: str | None = None
    """What a person should know of it."""


@dataclass(frozen=True, slots=True)
class Deletions:
    """Ids of rows that left the stream. Without `complete` some may be missing."""

    ids: Sequence[str]
    checkpoint: Checkpoint
    complete: bool = True


# What is written


@dataclass(frozen=True, slots=True)
class Intent:
    """Values that one record there should have."""

    stream: str
    id: str
    values: Mapping[str, Json]


class Unencodable(Exception):
    """A value that the field there cannot hold. Its text says why."""


Outcome: TypeAlias = Trouble | None
"""What came of an intent: None when it was written, else why it was not."""


# How a connector is asked, and what it asks


class Answer(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...
    def json(self) -> Json: ...


class Link(Protocol):
    """All that a connector gets to speak to its system. It signs in, bounds time and size, and asks
    again what can be asked again; what remains is raised as `SystemTrouble`.
    """

    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> datetime | None:
        """The system's clock when it last answered."""
        ...

    async def get(
        self, path: str, *, headers: Mapping[str, str] | None = None, expected: Collection[int] = ()
    ) -> Answer:
        """`expected` are statuses that are no trouble although they are no success."""
        ...

    async def send(self, method: str, path: str, body: Json) -> Answer:
        """A change that does no harm when it is repeated."""
        ...


class PlainHttp(Protocol):
    """One request without a session, for signing in."""

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Grant:
    """A session. `refresh_token` is kept only where we hold one."""

    access_token: str = field(repr=False)
    base_url: str
    refresh_token: str | None = field(default=None, repr=False)


class Auth(Protocol):
    async def renew(
        self, http: PlainHttp, settings: Settings, secrets: Secrets, grant: Grant | None
    ) -> Grant:
        """A new session, from the one before if there is one. Raises `SystemTrouble`."""
        ...

    def headers(self, grant: Grant) -> Mapping[str, str]:
        """What proves a request to be ours."""
        ...


# What a connector is


@dataclass(frozen=True, slots=True)
class Can:
    """What callers may rely on; each claim is tried by the conformance kit."""

    deletes: Literal["feed", "flag", "absence"]
    """How an end is seen: by `deletions`, by a row that says so, or only because a row is missing.
    Who has a feed flags rows too.
    """
    merges: bool = False
    batch: int = 0
    """Records in one write; none: nothing is written there."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Settings that say which host is dialled when it does not speak HTTP, and on which ports."""

    host: str
    port: str
    security: str
    ports: frozenset[int]


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of a system before anybody connects."""

    key: str
    title: str
    settings: type[Any]
    """The Pydantic model of a connection to it; its secrets are the fields of type `SecretStr`."""
    can: Can
    streams: tuple[StreamType, ...] = ()
    """In no order: who is pointed to first follows from what they become."""
    preset: Mapping[str, Json] = field(default_factory=dict)
    """The mapping that ships."""
    signs_in_by: frozenset[str] = frozenset()
    """Settings with which a session ends when they change."""
    clearable: frozenset[str] = frozenset()
    """Settings that may be taken back."""
    urls: tuple[str, ...] = ()
    """Settings that are called."""
    peer: Peer | None = None

    def stream(self, name: str) -> StreamType | None:
        return next((each for each in self.streams if each.name == name), None)


class Connector(Protocol):
    @property
    def spec(self) -> Spec: ...

    def method(self, secrets: Collection[str]) -> str:
        """How it signs in, by the names of the secrets that are there."""
        ...


class HttpConnector(Connector, Protocol):
    """Speaks over a `Link`."""

    @property
    def auth(self) -> Auth: ...

    def trouble(self, answer: Answer) -> Trouble | None:
        """What is wrong with an answer; None when it holds what was asked for."""
        ...

    def usage(self, headers: Mapping[str, str]) -> str | None:
        """How much of the day's requests is spent, such as `18/15000`, where it is said."""
        ...


class RecordSource(HttpConnector, Protocol):
    async def describe(
        self, link: Link, stream: str, known: str | None
    ) -> StreamSchema | Unchanged | None:
        """None for a stream that our user cannot see. `known` is the version that we have."""
        ...

    def read(
        self, link: Link, stream: Stream, at: Checkpoint | None, mode: Mode
    ) -> AsyncIterator[Page]:
        """Pages until all that there is now has been read. A page without rows still moves the
        checkpoint.
        """
        ...

    async def by_ids(self, link: Link, stream: Stream, ids: Sequence[str]) -> Sequence[Row]:
        """Rows that are there or say that they are gone; of a purged one there is none."""
        ...

    async def newest(self, link: Link, stream: Stream, limit: int) -> Sequence[Row]:
        """Live rows that changed last, for a preview."""
        ...

    async def deletions(self, link: Link, stream: Stream, at: Checkpoint) -> Deletions | None:
        """What left the stream since `at`; None when it is too early to ask again. Only asked of
        who `can` tell it by a feed.
        """
        ...

    def recover(self, at: Checkpoint) -> Checkpoint | None:
        """Where to go on after `smaller`; None when there is no less to ask for."""
        ...


class RecordSink(HttpConnector, Protocol):
    def encode(self, field: Field, value: Value) -> Json:
        """A value as the system wants it written: reading it again gives the same. Raises
        `Unencodable`.
        """
        ...

    async def write(self, link: Link, intents: Sequence[Intent]) -> Sequence[Outcome]:
        """At most `can.batch` intents of one stream, an outcome for each in their order. Raises
        `SystemTrouble` when the system refuses all of them as one.
        """
        ...


class RecordConnector(RecordSource, RecordSink, Protocol):
    """Reads records, and writes them where it `can`."""


BY_IDS: Final = 200
"""Ids that `by_ids` is given at most."""
