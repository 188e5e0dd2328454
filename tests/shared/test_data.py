"""The data path: statements in, rows of frozen dataclasses out."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import FrozenInstanceError, dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, NotRequired, TypedDict, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import bindparam, insert, select, text, update
from typing_extensions import TypeAliasType

from shared.data import (
    WORKSPACE,
    NoSuchRow,
    RowType,
    SeveralRows,
    Transaction,
    WrongShape,
    WrongValue,
)
from shared.ids import new_id
from shared.uow import UnitOfWork
from shared.value_types import fits, literals
from tasks_api.notifications.models import notifications
from tests.harness import Tenure, Workspace


@dataclass(frozen=True, slots=True)
class Pair:
    number: int
    word: str | None

    @property
    def loud(self) -> str:
        return f"{self.word}!"


@dataclass(frozen=True)
class Checked:
    number: int

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError("negative")


@dataclass(slots=True)
class Open:
    number: int


@dataclass(frozen=True, slots=True)
class Notification:
    workspace_id: UUID
    id: UUID
    title: str


ONE = text("select 1 as number, 'a' as word")
TWO = text("select * from (values ('a', 1), (null, 2)) as pairs (word, number) order by number")
NONE = text("select 1 as number, 'a' as word where false")


@pytest.fixture(scope="module")
async def ws(tenure: Tenure) -> Workspace:
    return await tenure.workspace("Rows")


@pytest.fixture
async def uow(tenure: Tenure, ws: Workspace) -> AsyncIterator[UnitOfWork]:
    async with tenure.workers["tasks"].units.begin(ws.id, ()) as unit:
        yield unit


async def test_rows_are_what_the_dataclass_itself_would_make(uow: UnitOfWork) -> None:
    one, two = await uow.rows(Pair, TWO)
    assert (one, two) == (Pair(1, "a"), Pair(2, None))
    assert type(one) is Pair
    assert (repr(one), hash(one), one.loud) == (repr(Pair(1, "a")), hash(Pair(1, "a")), "a!")
    with pytest.raises(FrozenInstanceError):
        one.number = 3  # type: ignore[misc]
    assert await uow.row(Pair, ONE) == Pair(1, "a")


async def test_a_dataclass_that_looks_at_its_values_does_so(uow: UnitOfWork) -> None:
    assert await uow.one(Checked, text("select 1 as number")) == Checked(1)
    with pytest.raises(ValueError, match="negative"):
        await uow.one(Checked, text("select -1 as number"))


@pytest.mark.parametrize(
    ("columns", "kind", "said"),
    [
        ("1 as number", Pair, "Pair: the statement has no column 'word'."),
        ("1 as number, 'a' as word, 2 as more", Pair, "Pair: there is no field 'more'."),
        ("1 as number, 'a' as text", Pair, "no column 'word'; there is no field 'text'."),
        ("1 as number, 'a' as word, 2 as number", Pair, "Pair: a column comes twice."),
        ("1 as number", Open, "Open is not a frozen dataclass."),
    ],
)
async def test_columns_are_fields(
    uow: UnitOfWork, columns: str, kind: type[RowType], said: str
) -> None:
    with pytest.raises(WrongShape, match=said):
        await uow.rows(kind, text(f"select {columns} where false"))


async def test_how_many_rows_there_may_be(uow: UnitOfWork) -> None:
    assert await uow.row(Pair, NONE) is None
    with pytest.raises(NoSuchRow):
        await uow.one(Pair, NONE)
    for method in (uow.row, uow.one):
        with pytest.raises(SeveralRows):
            await method(Pair, TWO)


async def test_values_are_those_of_the_only_column(uow: UnitOfWork) -> None:
    series = text("select generate_series(1, :last)")
    assert await uow.values(int, series, last=3) == [1, 2, 3]
    assert await uow.value(int, series, last=1) == 1
    assert await uow.value(int, series, last=0) is None
    assert await uow.value(int, text("select max(n) from generate_series(1, 0) n")) is None
    assert await uow.one_value(int, series, last=1) == 1
    with pytest.raises(NoSuchRow):
        await uow.one_value(int, series, last=0)
    with pytest.raises(SeveralRows):
        await uow.value(int, series, last=2)
    with pytest.raises(WrongShape, match="not word, number"):
        await uow.values(int, TWO)


async def test_mappings_have_whatever_columns_there_are(uow: UnitOfWork) -> None:
    assert await uow.mappings(ONE) == [{"number": 1, "word": "a"}]


async def test_the_workspace_is_the_one_of_the_unit_of_work(
    tenure: Tenure, ws: Workspace, uow: UnitOfWork
) -> None:
    named = text("select cast(:workspace_id as uuid)")
    assert await uow.one_value(UUID, named) == ws.id
    assert await uow.one_value(UUID, select(WORKSPACE)) == ws.id
    with pytest.raises(TypeError, match="leave it out"):
        await uow.value(UUID, named, workspace_id=new_id())
    async with tenure.workers["tasks"].units.across_workspaces() as scope:
        other = new_id()
        assert await scope.one_value(UUID, named, workspace_id=other) == other


async def test_an_insert_sets_the_workspace_and_an_update_leaves_it(uow: UnitOfWork) -> None:
    given = {"member_id": new_id(), "kind": "x", "title": "X", "body": "", "event_id": new_id()}
    columns = (notifications.c.workspace_id, notifications.c.id, notifications.c.title)
    made = insert(notifications).values(id=new_id(), at=await uow.now(), **given)
    row = await uow.one(Notification, made.returning(*columns))
    assert (row.workspace_id, row.title) == (uow.workspace_id, "X")
    changed = (
        update(notifications)
        .where(notifications.c.workspace_id == uow.workspace_id, notifications.c.id == row.id)
        .values(title="Y")
    )
    assert await uow.run(changed) == 1
    named = select(*columns).where(
        notifications.c.workspace_id == WORKSPACE, notifications.c.id == bindparam("which")
    )
    assert await uow.one(Notification, named, which=row.id) == Notification(
        uow.workspace_id, row.id, "Y"
    )
    copied = insert(notifications).from_select(
        ["workspace_id", "id", *given, "at"],
        select(
            notifications.c.workspace_id,
            text("gen_random_uuid()"),
            notifications.c.member_id,
            notifications.c.kind,
            notifications.c.title,
            notifications.c.body,
            text("gen_random_uuid()"),
            notifications.c.at,
        ).where(notifications.c.id == row.id),
    )
    assert await uow.run(copied) == 1


async def test_a_savepoint_takes_back_what_its_block_wrote(uow: UnitOfWork) -> None:
    rename = text("update workspaces set name = 'Gone' where workspace_id = :workspace_id")
    name = text("select name from workspaces where workspace_id = :workspace_id")
    before = await uow.value(str, name)

    async def rename_and_fail() -> None:
        async with uow.savepoint():
            assert await uow.run(rename) == 1
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        await rename_and_fail()
    assert await uow.value(str, name) == before
    async with uow.savepoint() as savepoint:
        assert await uow.run(rename) == 1
        await savepoint.rollback()
    assert await uow.value(str, name) == before


async def test_a_value_that_its_field_rules_out_is_found_by_the_tests(
    uow: UnitOfWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = text("select cast(null as integer) as number, 'a' as word")
    with pytest.raises(WrongValue, match="does not take None"):
        await uow.rows(Pair, nothing)
    for read in (uow.values, uow.value):
        with pytest.raises(WrongValue):
            await read(str, text("select 1"))
    monkeypatch.setattr(Transaction, "checks_values", False)
    assert len(await uow.rows(Pair, nothing)) == 1


class Rule(TypedDict):
    days: int
    at: NotRequired[str]


NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("annotation", "fitting", "others"),
    [
        (int, [1], [True, "1", None, 1.0]),
        (bool, [True], [1, None]),
        (str | None, ["", None], [1, b""]),
        (date, [date(2026, 3, 2)], [NOW, "2026-03-02"]),
        (datetime, [NOW], [NOW.date()]),
        (Literal["open", "closed"], ["open"], ["done", None]),
        (Literal["open"] | None, ["open", None], ["done"]),
        (TypeAliasType("State", Literal["open"]) | None, ["open", None], ["done"]),
        (list[str], [[], ["a"]], [["a", 1], "a", None, ("a",)]),
        (Sequence[int], [[1], (1,)], [["1"], "1"]),
        (Mapping[str, object], [{}, {"a": None}], [{1: 1}, [], None]),
        (dict[str, Any], [{"a": [1]}], ["a"]),
        (Rule, [{"days": 1}, {"days": 1, "at": "x"}], [{}, {"days": "1"}, {"days": 1, "b": 1}]),
        (list[Rule], [[{"days": 1}]], [[{}]]),
        (object, [None, 1], []),
    ],
)
def test_which_values_a_type_takes(
    annotation: Any, fitting: list[object], others: list[object]
) -> None:
    fit = fits(annotation)
    assert [value for value in fitting if not fit(value)] == []
    assert [value for value in others if fit(value)] == []


def test_a_named_choice_has_its_values_in_their_order() -> None:
    plain = TypeAliasType("plain", Literal["open", "closed"])
    described = TypeAliasType("described", Annotated[Literal["open", "closed"], "How it is."])
    assert literals(plain) == literals(described) == ("open", "closed")


def test_a_type_that_no_column_holds_is_refused() -> None:
    with pytest.raises(TypeError, match="No column is known to hold"):
        fits(TypeVar("T"))
