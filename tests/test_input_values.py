"""What every body of every service takes as a line of text, a date or an id of another system."""

import importlib
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from deploy.roles import SERVICES
from shared.schemas import In

MANY_LINES: Final = {
    "body", "description", "note", "outcome", "reason", "text", "html", "csv",
    "rule", "audience", "filter", "formula", "pattern", "default", "rows", "cursor",
    "since_field", "end_field",
    "password", "client_secret", "refresh_token", "input", "when", "where", "contacts_where",
}  # fmt: skip
"""Texts that may have lines; what is looked at by more than its type; secrets, which are as they
are.
"""
OF_OTHERS: Final = {
    "MessageIn", "TrackIn", "IdentifyIn", "GroupIn", "PageIn", "ScreenIn", "AliasIn", "BatchIn",
    "BrowserMessageIn", "BrowserBatchIn",
    "SearchIn", "SearchBody", "TaskSearch", "IndicatorSearch", "JudgementsIn", "SnapshotsIn",
}  # fmt: skip
"""Bodies in a form that is not ours, and those that only ask."""


def inputs(parent: type[BaseModel] = In) -> Iterator[type[BaseModel]]:
    for child in parent.__subclasses__():
        yield child
        yield from inputs(child)


def fields() -> Iterator[tuple[str, str, FieldInfo]]:
    for service in SERVICES:
        importlib.import_module(f"{service.package}.main")
    # Tests may have made models of their own in this process, such as a connector's.
    ours = [one for one in inputs() if not one.__module__.startswith("tests.")]
    for model in {one.__name__: one for one in ours if one.__name__ not in OF_OTHERS}.values():
        for name, field in model.model_fields.items():
            yield model.__name__, name, field


def read(field: FieldInfo, value: Any) -> Any:
    annotation: Any = field.annotation
    for extra in field.metadata:
        annotation = Annotated[annotation, extra]
    try:
        return TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        return None


def test_no_text_of_one_line_takes_a_line_break() -> None:
    takes = [
        f"{model}.{name}"
        for model, name, field in fields()
        if name not in MANY_LINES
        and (read(field, "a\nBcc: b") is not None or read(field, ["a\nb"]) is not None)
    ]
    assert takes == []


@pytest.mark.parametrize("empty", ["0001-01-01", "9999-12-31", "1899-12-31"])
def test_no_date_is_taken_beyond_the_years_of_business(empty: str) -> None:
    takes = [
        f"{model}.{name}"
        for model, name, field in fields()
        if isinstance(read(field, empty), date)
        or (name == "holidays" and read(field, [empty]) is not None)
    ]
    assert takes == []


def test_no_external_id_is_taken_that_no_path_can_hold() -> None:
    ids = [(model, name, field) for model, name, field in fields() if name.endswith("external_id")]
    assert [name for _, name, field in ids if read(field, "..") is not None] == []
    assert len(ids) > 10
