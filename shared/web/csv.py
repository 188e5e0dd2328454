"""A CSV file as an answer, streamed."""

from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import StreamingResponse


class CsvResponse(StreamingResponse):
    media_type = "text/csv"

    def __init__(
        self, body: AsyncIterator[bytes], status_code: int = 200, *, filename: str
    ) -> None:
        """`filename` is ours: plain ASCII. OpenAPI reads the status off the signature."""
        super().__init__(
            body,
            status_code,
            headers={
                "content-disposition": f'attachment; filename="{filename}"',
                "cache-control": "no-store",
                "x-content-type-options": "nosniff",
            },
        )

    @staticmethod
    def openapi(example: str) -> dict[int | str, dict[str, Any]]:
        """The `responses` of an operation that answers with this."""
        content = {"text/csv": {"schema": {"type": "string"}, "example": example}}
        return {200: {"description": "UTF-8, RFC 4180, with a header.", "content": content}}
