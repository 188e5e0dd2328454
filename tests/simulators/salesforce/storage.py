"""Keeps an org in one SQLite file, so that a simulator killed at any moment starts where it was."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


class Storage:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # The event loop's thread is the only user, but a test may open and close in different ones.
        self._db = sqlite3.connect(folder / "org.sqlite", check_same_thread=False)
        self._db.executescript(
            """
            pragma journal_mode = wal;
            pragma synchronous = normal;
            create table if not exists record (
                id text primary key, sobject text not null, versions text not null
            ) without rowid;
            create table if not exists meta (
                key text primary key, body text not null
            ) without rowid;
            """
        )

    def records(self) -> Iterator[tuple[str, str, list[Any]]]:
        for record_id, sobject, versions in self._db.execute(
            "select id, sobject, versions from record order by id"
        ):
            yield record_id, sobject, json.loads(versions)

    def save(self, records: Iterable[tuple[str, str, list[Any]]], meta: dict[str, Any]) -> None:
        with self._db:
            self._db.executemany(
                "insert or replace into record values (?, ?, ?)",
                ((key, sobject, json.dumps(versions)) for key, sobject, versions in records),
            )
            self._db.executemany(
                "insert or replace into meta values (?, ?)",
                ((key, json.dumps(body)) for key, body in meta.items()),
            )

    def meta(self, key: str) -> Any:
        found = self._db.execute("select body from meta where key = ?", (key,)).fetchone()
        return None if found is None else json.loads(found[0])

    def clear(self) -> None:
        with self._db:
            self._db.execute("delete from record")
            self._db.execute("delete from meta")

    def close(self) -> None:
        self._db.close()
