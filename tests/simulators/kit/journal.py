"""An append-only file of JSON lines, replayed at start.

A line that was appended with `durable=True` is on disk when `append` returns: what a simulator then
tells its client survives a kill of either side. A torn last line is what a kill in the middle of a
write leaves behind; nobody was told of it, so it is cut off.
"""

import json
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any


class Journal:
    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: FileIO | None = None

    def replay(self) -> Iterator[dict[str, Any]]:
        if not self.path.exists():
            return
        lines = self.path.read_bytes()
        whole = lines.rfind(b"\n") + 1
        if whole < len(lines):
            os.truncate(self.path, whole)
        for line in lines[:whole].splitlines():
            yield json.loads(line)

    def append(self, entry: dict[str, Any], *, durable: bool = False) -> None:
        """Write without a buffer of ours, so that a killed process has written all it appended."""
        if self._file is None:
            self._file = FileIO(str(self.path), "a")
        self._file.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        if durable:
            os.fsync(self._file.fileno())

    def clear(self) -> None:
        self.close()
        self.path.write_bytes(b"")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
