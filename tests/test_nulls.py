"""A null where there may be one is taken, and where there may be none it is a fault of the body, in
every field of every body. A validator that stands outside of `| None` gets it and fails.
"""

import contextlib
import importlib

import pytest
from pydantic import BaseModel, ValidationError

from deploy.checks.documents import PACKAGES
from shared.schemas import In


def bodies(model: type[BaseModel] = In) -> list[type[BaseModel]]:
    return [each for child in model.__subclasses__() for each in (child, *bodies(child))]


for _package in PACKAGES:
    importlib.import_module(f"{_package}.main")
BODIES = sorted({f"{each.__module__}.{each.__name__}": each for each in bodies()}.items())


def test_there_are_bodies() -> None:
    assert len(BODIES) > 50


@pytest.mark.parametrize("name", [name for name, _ in BODIES])
def test_a_null_is_taken_or_refused(name: str) -> None:
    body = dict(BODIES)[name]
    for field in body.model_fields:
        with contextlib.suppress(ValidationError):
            body.__pydantic_validator__.validate_assignment(body.model_construct(), field, None)
