"""Segments by the keys that people write, for rules that are stored with their ids."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from accounts_api.evaluation.rule_sets import queries
from shared.keys import Keys
from shared.rules.interpreter.depends import segments_read
from shared.rules.syntax.stored import segments_in
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork

SEGMENT_KEYS: Final = Keys("segment", "segments", "archived_at is null")


async def keys_of(uow: UnitOfWork, rules: Iterable[Rule | dict[str, Any]]) -> Mapping[str, str]:
    """Of the living segments that these rules ask for, by id."""
    asked: set[str] = set()
    for rule in rules:
        asked |= segments_in(rule) if isinstance(rule, dict) else segments_read(rule)
    return await keys_by_id(uow, asked)


async def keys_by_id(uow: UnitOfWork, asked: Iterable[str]) -> Mapping[str, str]:
    """Of the living segments among these, which rules and formulas have by their ids."""
    keys = await SEGMENT_KEYS.keys(uow, [UUID(segment) for segment in asked])
    return {str(segment): key for segment, key in keys.items()}


async def segments_by_key(uow: UnitOfWork) -> tuple[dict[str, str], dict[str, str]]:
    """Of the living segments, the record type by id, and the id by every key that leads there."""
    found = await queries.living_segments(uow)
    former = {key: str(one.id) for one in found for key in one.former_keys}
    return (
        {str(one.id): one.record_type for one in found},
        former | {one.key: str(one.id) for one in found},
    )
