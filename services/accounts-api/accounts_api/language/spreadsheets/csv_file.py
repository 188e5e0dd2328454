"""A CSV file read as it comes in: bytes in, rows out, what is no CSV refused with its line.

UTF-8, with or without a byte order mark; `,` `;` `|` or a tab between cells, which a first line
such as `sep=;` may name (Excel's own way); RFC 4180 quotes, which only mean something where a cell
begins. A row of empty cells is no row.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Final

DELIMITERS: Final = (",", ";", "\t", "|")
MOST_COLUMNS: Final = 500
MOST_ROWS: Final = 1_000_000
LONGEST_NAME: Final = 200
LONGEST_CELL: Final = 100_000
_LONGEST_RECORD: Final = 1 << 20
csv.field_size_limit(_LONGEST_RECORD)  # ours is evaluated first, and says what to do

Row = tuple[int, list[str]]
"""Its number in the file, as spreadsheets count: the header is 1; and its cells."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_CLOSED = re.compile(r'(?:[^"]++|"")*+"')
"""The rest of a cell within quotes, up to the one that ends it."""
_SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t|]*', re.IGNORECASE)


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
            self._within_quotes = self._open_at_end(line)
            if self._within_quotes:
                if size > _LONGEST_RECORD:
                    raise self._endless()
                continue
            yield "".join(self._record)
            self._record, size = [], 0
        if final and self._within_quotes:
            raise self._endless()

    def _open_at_end(self, line: str) -> bool:
        """Whether the cell that `line` ends in goes on in the next one."""
        at, within = 0, self._within_quotes
        opening = _opening(self.delimiter)
        while found := (_CLOSED.match if within else opening.search)(line, at):
            at, within = found.end(), not within
        return within

    def _endless(self) -> NotCsv:
        where = f"Row {self._number + 1} has no end"
        return NotCsv("unclosed_quote", f"{where}: is a quote missing in it?")

    def _parsed(self, record: str) -> Iterator[Row]:
        if self._number == 0 and (found := _SEPARATOR.fullmatch(record.rstrip("\r\n"))):
            # Spreadsheets do not show this line, so it has no number.
            self.delimiter = self.delimiter or _named_delimiter(found[1])
            return
        self._number += 1
        if not record.strip("\r\n"):
            return
        delimiter = self.delimiter or _likely(record)
        cells = self._cells(record, delimiter)
        if not any(map(str.strip, cells)):
            return
        if not self.columns:
            self.delimiter, self.columns = delimiter, _named(cells)
            return
        self.rows += 1
        if self.rows > MOST_ROWS:
            raise NotCsv("too_many_rows", f"A file has up to {MOST_ROWS} rows. Split it.")
        yield self._number, cells

    def _cells(self, record: str, delimiter: str) -> list[str]:
        try:
            (cells,) = csv.reader([record], delimiter=delimiter, strict=True)
        except (csv.Error, ValueError) as error:
            raise NotCsv(
                "not_csv",
                f"Row {self._number} has a cell that goes on behind its closing quotation mark."
                ' Write a quotation mark within quotes twice: "".',
            ) from error
        if any(len(cell) > LONGEST_CELL for cell in cells):
            message = f"Row {self._number} has a cell of more than {LONGEST_CELL} characters."
            raise NotCsv("cell_too_long", message)
        return cells


@cache
def _opening(delimiter: str | None) -> re.Pattern[str]:
    """A quotation mark that begins a cell; as long as nobody knows, behind any delimiter."""
    between = re.escape(delimiter or "".join(DELIMITERS))
    return re.compile(rf'(?:^|[{between}])"')


def _named_delimiter(character: str) -> str:
    if character not in DELIMITERS:
        message = f"The line sep={character} names no separator that is read here: , ; | or a tab."
        raise NotCsv("unknown_separator", message)
    return character


def _likely(header: str) -> str:
    outside = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def _named(cells: list[str]) -> list[str]:
    """The header's names; a column without one is called by its place."""
    while len(cells) > MOST_COLUMNS and not cells[-1].strip():
        cells.pop()
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
