"""A row of theirs in our words."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from shared.schemas import OneLine
from shared.values.plain import joined_lines
from sync_worker.connectors.base import Row, StreamType
from sync_worker.crm_sync.translation.document import REQUIRED, FieldMap, ObjectMap
from sync_worker.crm_sync.translation.transforms import Locale, Unmappable, converted, shown

_NAMES: Final = frozenset({"name", "full_name"})
_LONGEST_NAME: Final = 255
Content = dict[str, Any]
"""A record in our words: its fields by target name. A reference to a user is `{"member": id}` until
it is known which member that is; `account` is the id of the account there.
"""


class LeftOut(BaseModel):
    """A value that does not fit. Its record is taken over without it."""

    model_config = ConfigDict(frozen=True)

    field: str = Field(description="The field of the other system.")
    target: str = Field(description="The field of ours that it would go to.")
    value: str = Field(description="As it is there; a long one only begins.")
    reason: str = Field(description="Why it does not fit, for people.")


@dataclass(frozen=True, slots=True)
class Mapped:
    content: Content
    left_out: tuple[LeftOut, ...] = ()


def mapped(mapping: ObjectMap, kind: StreamType, row: Row, locale: Locale) -> Mapped:
    """Raises `Unmappable`, with a reason that a person can act on, for a row that lacks what every
    record needs. Any other value that does not fit is left out and told.

    A field that the row does not have was not readable and stays as it is on our side.
    """
    if row.currency is not None:
        locale = replace(locale, currency=row.currency)
    values = row.values
    fields: Content = {}
    left_out: list[LeftOut] = []
    for each in mapping.fields:
        if each.source not in values or fields.get(each.target) is not None:
            continue
        try:
            fields[each.target] = _value(each, values[each.source], locale)
        except Unmappable as error:
            left_out.append(left_out_of(each, values[each.source], str(error)))
            if each.otherwise is not None:
                fields[each.target] = each.otherwise
    _fit_names(mapping, fields, left_out)
    if "arr" in fields:
        fields["currency"] = locale.currency
    elif any(each.target == "arr" for each in left_out):
        # An amount that stays must not come to be in another currency.
        fields.pop("currency", None)
    missing = [name for name in REQUIRED[mapping.record_type] if not fields.get(name)]
    if missing:
        told = {each.target: each.reason for each in left_out}
        why = " ".join(told[name] for name in missing if name in told)
        raise Unmappable(f"It has no {' and no '.join(missing)}. {why}".strip())
    if kind.parent is not None and kind.parent in values:
        fields["account"] = values[kind.parent]
    return Mapped(fields, tuple(left_out))


def left_out_of(field: FieldMap, value: Any, reason: str) -> LeftOut:
    return LeftOut(field=field.source, target=field.target, value=shown(value), reason=reason)


def _value(field: FieldMap, value: Any, locale: Locale) -> Any:
    made = converted(value, field.type, locale, choices=field.choices, otherwise=field.otherwise)
    if isinstance(field, FittedField) and made is not None:
        field.check_currency(locale.currency)
        made = joined_lines(made) if isinstance(made, str) and not field.has_lines else made
    return {"member": made} if field.type == "member" and made is not None else made


def _fit_names(mapping: ObjectMap, fields: Content, left_out: list[LeftOut]) -> None:
    """What a record cannot be without is brought into form rather than left out."""
    for each in mapping.fields:
        name = fields.get(each.target) if each.target in _NAMES else None
        if not isinstance(name, str):
            continue
        fitted = joined_lines(name)[:_LONGEST_NAME].rstrip()
        if fitted != name:
            fields[each.target] = fitted
            reason = f"It was brought to one line of at most {_LONGEST_NAME} characters."
            left_out.append(left_out_of(each, name, reason))


class FittedField(FieldMap):
    """A field whose `type` suits what it is written to."""

    currency: Annotated[str, OneLine] | None = None
    """What an amount of the target is in; None where each record says it."""
    has_lines: bool = True
    """The target takes a text of several lines."""

    def check_currency(self, given: str) -> None:
        """Raises `Unmappable`."""
        if self.type == "money" and self.currency not in {None, given}:
            raise Unmappable(f"It is in {given}, and {self.target} is in {self.currency}.")
