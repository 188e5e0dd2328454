"""Keyset pages behind signed cursors.

A cursor holds the sort keys of the last row, bound to the workspace and to everything that shaped
the list, so that it cannot be carried to another workspace, filter or order.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, from_json, to_json
from typing_extensions import override

from shared.errors import BadRequest
from shared.page_bytes import fitting

MAX_LIMIT = 200
MAX_CURSOR = 4096
BEGINNING = (datetime.min.replace(tzinfo=UTC), UUID(int=0))
"""Before every row of a list in the order of an instant and an id."""
Item = TypeVar("Item")
_PAGE = (
    "One page of a list: `data` holds its rows in the order of the list, and `next_cursor` leads to"
    " the next page."
)

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows on a page.")]
CursorParam = Annotated[
    str | None,
    Query(max_length=MAX_CURSOR, description="`next_cursor` of the page before; opaque."),
]


class Page(BaseModel, Generic[Item]):
    """A page of a list. `next_cursor` is null on the last page."""

    model_config = ConfigDict(from_attributes=True)

    data: list[Item]
    next_cursor: str | None
    has_more: bool

    @classmethod
    @override
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """A page of something has this class's sentence, which Python does not pass on."""
        schema = handler(core_schema)
        handler.resolve_ref_schema(schema).setdefault("description", _PAGE)
        return schema


class CursorSigner:
    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def sign(self, workspace_id: UUID, shape: Sequence[Any], position: Sequence[Any]) -> str:
        body = to_json([str(workspace_id), _digest(shape), list(position)])
        return _b64(self._mac(body) + body)

    def read(self, cursor: str, workspace_id: UUID, shape: Sequence[Any]) -> list[Any]:
        """Raises `BadRequest` for a cursor that is damaged or belongs to another list."""
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            mac, body = raw[:16], raw[16:]
            if not hmac.compare_digest(mac, self._mac(body)):
                raise ValueError("signature")
            owner, digest, position = from_json(body)
        except (ValueError, TypeError) as error:
            raise _wrong_cursor() from error
        if owner != str(workspace_id) or digest != _digest(shape):
            raise _wrong_cursor()
        return list(position)

    def read_time(
        self, cursor: str | None, workspace_id: UUID, shape: Sequence[Any]
    ) -> tuple[datetime, UUID] | None:
        """As `read`, of a list in the order of an instant and an id. None for its first page."""
        if cursor is None:
            return None
        at, id_ = self.read(cursor, workspace_id, shape)
        return datetime.fromisoformat(at).astimezone(UTC), UUID(id_)

    def _mac(self, body: bytes) -> bytes:
        return hmac.new(self._secret, body, hashlib.sha256).digest()[:16]


def page_of(
    rows: Sequence[Any],
    limit: int,
    signer: CursorSigner,
    workspace_id: UUID,
    shape: Sequence[Any],
    keys: Sequence[str],
) -> dict[str, Any]:
    """A page from at most `limit + 1` rows, mappings or objects, whose `keys` are the sort keys, id
    last. It ends early where it holds as many bytes as a page may.
    """
    page = fitting(rows, limit)
    has_more = len(rows) > len(page)
    cursor = None
    if has_more:
        cursor = signer.sign(workspace_id, shape, [_plain(_value(page[-1], key)) for key in keys])
    return {"data": list(page), "next_cursor": cursor, "has_more": has_more}


def _value(row: Any, key: str) -> Any:
    return row[key] if isinstance(row, Mapping) else getattr(row, key)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | bool) else str(value)


def _digest(shape: Sequence[Any]) -> str:
    return _b64(hashlib.sha256(to_json(list(shape), fallback=str)).digest()[:12])


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _wrong_cursor() -> BadRequest:
    return BadRequest(
        "This cursor does not belong to this list. Start again without `cursor`, and keep filter,"
        " sort and fields the same from page to page.",
        reason="cursor",
    )
