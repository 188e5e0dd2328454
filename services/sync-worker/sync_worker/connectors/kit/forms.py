"""The forms of a system's answers, as far as they are read. What has another form is no answer of
that system, whatever its status says.
"""

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from shared.net.answers import OutgoingError
from sync_worker.connectors.base import Answer, SystemTrouble, Trouble

Form = TypeVar("Form")
_NUL = b"\\u0000"


class Misshapen(SystemTrouble):
    """The answer is no answer of the system."""

    def __init__(self, system: str, what: str, where: str) -> None:
        detail = (
            f"The answer to {what} does not have the form that {system} gives it: look at {where}. "
            f"Is the address of the connection that of {system}?"
        )
        super().__init__(Trouble("retry", detail))


def read(system: str, answer: Answer, form: type[Form] | TypeAdapter[Form], what: str) -> Form:
    """Raises `Misshapen`."""
    adapter = form if isinstance(form, TypeAdapter) else TypeAdapter(form)
    try:
        given = answer.json()
        return adapter.validate_python(_storable(given) if _NUL in answer.body else given)
    except OutgoingError as error:
        raise Misshapen(system, what, "its JSON") from error
    except ValidationError as error:
        where = "".join(f"/{part}" for part in error.errors()[0]["loc"][:4])
        raise Misshapen(system, what, where[:200] or "the whole of it") from error


def _storable(value: Any) -> Any:
    """Without NUL, which is JSON and which no database stores."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(each) for name, each in value.items()}
    return value
