"""SQL and Python make the same points, score, cap and label of any definition and any values."""

from itertools import product
from random import Random
from typing import Any

from sqlalchemy import BigInteger, Integer, cast, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.sql import Select
from sqlalchemy.sql.expression import column, values

from accounts_api.signals.scoring import sql
from accounts_api.signals.scoring.definition import Definition, FromChildren, Value
from accounts_api.signals.scoring.score import Score, rolled_up, score_values
from tests.accounts_api.signals.scoring.making import random_definition, random_values

DEFINITIONS = 200
AT_ONCE = 20
RECORDS = 4
"""Of each definition."""
Record = tuple[list[Value | None], list[bool]]


def records_of(dice: Random, definition: Definition) -> list[Record]:
    return [
        (random_values(dice, definition), [dice.random() < 0.5 for _ in definition.caps])
        for _ in range(RECORDS)
    ]


def by_sql(definition: Definition, records: list[Record], number: int) -> Select[Any]:
    measures = definition.measures
    caps = range(len(definition.caps))
    rows = values(
        column("record", Integer()),
        *(column(f"v{place}", sql.input_type(one.points)) for place, one in enumerate(measures)),
        *(column(f"c{place}", literal(True).type) for place in caps),
        name="records",
    ).data([(place, *own, *holding) for place, (own, holding) in enumerate(records)])
    own = [rows.c[f"v{place}"] for place in range(len(measures))]
    holding = [rows.c[f"c{place}"] for place in caps]
    statement = sql.scored(definition, rows, own, holding, rows.c.record)
    return statement.add_columns(literal(number))


def as_row(score: Score) -> tuple[Any, ...]:
    label = score.label.key if score.label else None
    return ([*score.points], score.uncapped, score.capped_by, score.score, label)


async def connect(servers: tuple[str, str]) -> AsyncConnection:
    url = servers[0].replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(url, connect_args={"server_settings": {"jit": "off"}})
    return await engine.connect()


async def test_sql_and_python_make_the_same_score(servers: tuple[str, str]) -> None:
    connection = await connect(servers)
    for first in range(0, DEFINITIONS, AT_ONCE):
        expected, parts = {}, []
        for number in range(first, first + AT_ONCE):
            dice = Random(f"scores {number}")
            definition = random_definition(dice)
            records = records_of(dice, definition)
            parts.append(by_sql(definition, records, number))
            for place, (own, holding) in enumerate(records):
                caps = [cap for cap, holds in enumerate(holding) if holds]
                expected[number, place] = as_row(score_values(definition, own, caps))
        rows = (await connection.execute(union_all(*parts))).all()
        assert {(row[-1], row[0]): tuple(row[1:-1]) for row in rows} == expected
    await connection.close()
    await connection.engine.dispose()


async def test_sql_and_python_roll_children_up_alike(servers: tuple[str, str]) -> None:
    connection = await connect(servers)
    for number in range(30):
        dice = Random(f"children {number}")
        children = [
            (
                dice.choice((None, dice.randint(0, 100))),
                dice.choice((None, 0, dice.randint(-9, 9**9))),
            )
            for _ in range(dice.randint(0, 6))
        ]
        rows = values(column("score", Integer()), column("arr", BigInteger()), name="children")
        rows = rows.data([*children, (None, None)])
        score, arr = cast(rows.c.score, Integer), cast(rows.c.arr, BigInteger)
        for weigh_by, mode in product(("arr", "none"), ("average", "worst")):
            rule = FromChildren(weigh_by, mode)  # type: ignore[arg-type]
            statement = select(sql.rolled_up(rule, score, arr)).select_from(rows)
            scored = [(own, weight) for own, weight in children if own is not None]
            assert await connection.scalar(statement) == rolled_up(rule, scored)
    await connection.close()
    await connection.engine.dispose()
