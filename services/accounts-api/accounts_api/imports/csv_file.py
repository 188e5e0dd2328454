"""A CSV file read as it comes in: bytes in, rows out, what is no CSV refused with its line.

UTF-8, with or without a byte order mark; `,` `;` or a tab between cells; RFC 4180 quotes.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

DELIMITERS: Final = (",", ";", "\t")
MOST_COLUMNS: Final = 500
MOST_ROWS: Final = 1_000_000
LONGEST_NAME: Final = 200
LONGEST_CELL: Final = 100_000
_LONGEST_RECORD: Final = 1 << 20

Row = tuple[int, list[str]]
"""Its number in the file, as spreadsheets count: the header is 1; and its cells."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


class NotCsv(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class CsvFile:
    """Feed it pieces of the file, then `finish`. Raises `NotCsv`."""

    def __init__(self, delimiter: str | None = None) -> None:
        self.delimiter = delimiter
        self.columns: list[str] = []
        self.rows = 0
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._record: list[str] = []
        self._within_quotes = False
        self._number = 0

    def feed(self, piece: bytes) -> list[Row]:
        return self._read(piece, final=False)

    def finish(self) -> list[Row]:
        found = self._read(b"", final=True)
        if not self.columns:
            raise NotCsv("empty", "The file is empty. Its first row names the columns.")
        return found

    def _read(self, piece: bytes, *, final: bool) -> list[Row]:
        try:
            text = self._text + self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            raise NotCsv(
                "not_utf8", f"After row {self._number} the text is not UTF-8. Save it as UTF-8."
            ) from error
        if "\0" in text:
            raise NotCsv("nul", f"After row {self._number} stands the character NUL.")
        if not final:
            # A carriage return at the very end may still be followed by its line feed.
            end = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
            text, self._text = text[:end], text[end:]
            if len(self._text) > _LONGEST_RECORD:
                raise self._endless()
        return [row for record in self._records(text, final=final) for row in self._parsed(record)]

    def _records(self, text: str, *, final: bool) -> Iterator[str]:
        """Lines, and several together where quotes hold them so."""
        size = sum(map(len, self._record))
        for line in _LINE.findall(text):
            if not line:
                continue
            self._record.append(line)
            size += len(line)
            self._within_quotes ^= line.count('"') % 2 == 1
            if self._within_quotes:
                if size > _LONGEST_RECORD:
                    raise self._endless()
                continue
            yield "".join(self._record)
            self._record, size = [], 0
        if final and self._within_quotes:
            raise self._endless()

    def _endless(self) -> NotCsv:
        where = f"Row {self._number + 1} has no end"
        return NotCsv("unclosed_quote", f"{where}: is a quote missing in it?")

    def _parsed(self, record: str) -> Iterator[Row]:
        self._number += 1
        if not record.strip("\r\n"):
            return
        if self.delimiter is None:
            self.delimiter = _likely(record)
        try:
            (cells,) = csv.reader([record], delimiter=self.delimiter, strict=True)
        except (csv.Error, ValueError) as error:
            raise NotCsv("not_csv", f"Row {self._number} cannot be read: {error}.") from error
        if not self.columns:
            self.columns = _named(cells)
            return
        if any(len(cell) > LONGEST_CELL for cell in cells):
            message = f"Row {self._number} has a cell of more than {LONGEST_CELL} characters."
            raise NotCsv("cell_too_long", message)
        self.rows += 1
        if self.rows > MOST_ROWS:
            raise NotCsv("too_many_rows", f"A file has up to {MOST_ROWS} rows. Split it.")
        yield self._number, cells


def _likely(header: str) -> str:
    outside = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def _named(cells: list[str]) -> list[str]:
    """The header's names; a column without one is called by its place."""
    if len(cells) > MOST_COLUMNS:
        raise NotCsv("too_many_columns", f"A file has up to {MOST_COLUMNS} columns.")
    names = [cell.strip() or f"column {place}" for place, cell in enumerate(cells, 1)]
    long = [name for name in names if len(name) > LONGEST_NAME]
    if long:
        raise NotCsv("long_header", f"A column's name has up to {LONGEST_NAME} characters.")
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise NotCsv("duplicate_header", f"Two columns have the same name: {', '.join(twice)}.")
    return names
