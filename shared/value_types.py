"""Whether a value is of a type as it is annotated: nulls, enumerations and documents included."""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NewType,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from typing_extensions import TypeAliasType

Fits = Callable[[object], bool]

_NOT: Mapping[type, type] = {int: bool, date: datetime}
"""What a Python type takes in, and a column of that type never holds."""


def literals(alias: TypeAliasType) -> tuple[Any, ...]:
    """The values of a Literal that has a name, in their order."""
    value: Any = alias.__value__
    return get_args(get_args(value)[0] if get_origin(value) is Annotated else value)


def fits(annotation: Any) -> Fits:
    """Raises `TypeError` for an annotation that this does not know."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any or annotation is object:
        return lambda _: True
    if annotation is None:
        return lambda value: value is None
    if origin is Annotated:
        return fits(arguments[0])
    if origin is Literal:
        return lambda value: value in arguments
    if origin in {Union, UnionType}:
        return _any_of([fits(each) for each in arguments])
    if isinstance(annotation, TypeAliasType):
        return fits(annotation.__value__)
    if isinstance(annotation, NewType):
        return fits(annotation.__supertype__)
    if is_typeddict(annotation):
        return _fits_keys(annotation)
    if isinstance(origin, type):
        return _fits_parts(origin, arguments)
    if isinstance(annotation, type):
        return _is_a(annotation)
    raise TypeError(f"No column is known to hold {annotation!r}.")


def _is_a(kind: type) -> Fits:
    other = _NOT.get(kind)
    if other is None:
        return lambda value: isinstance(value, kind)
    return lambda value: isinstance(value, kind) and not isinstance(value, other)


def _any_of(choices: Collection[Fits]) -> Fits:
    return lambda value: any(choice(value) for choice in choices)


def _fits_parts(origin: type, arguments: tuple[Any, ...]) -> Fits:
    """A collection and what is in it. A text is no collection of texts."""
    parts = [fits(each) for each in arguments if each is not ...]
    if issubclass(origin, Mapping):
        of_key, of_value = parts

        def fits_mapping(value: Any) -> bool:
            return isinstance(value, origin) and all(
                of_key(key) and of_value(each) for key, each in value.items()
            )

        return fits_mapping
    [of_item] = parts

    def fits_collection(value: Any) -> bool:
        is_one = isinstance(value, origin) and not isinstance(value, str)
        return is_one and all(of_item(each) for each in value)

    return fits_collection


def _fits_keys(annotation: Any) -> Fits:
    known = {name: fits(each) for name, each in get_type_hints(annotation).items()}
    needed = annotation.__required_keys__

    def fits_keys(value: object) -> bool:
        return (
            isinstance(value, dict)
            and needed <= value.keys() <= known.keys()
            and all(known[name](each) for name, each in value.items())
        )

    return fits_keys


@cache
def fields_of(kind: type) -> Mapping[str, Fits]:
    """By the name of each field of a dataclass."""
    return {name: fits(each) for name, each in get_type_hints(kind).items()}
