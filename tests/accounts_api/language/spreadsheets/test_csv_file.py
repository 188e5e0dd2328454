"""Any bytes are rows or a refusal, wherever the pieces they come in are cut."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts_api.language.spreadsheets.csv_file import CsvFile, NotCsv, Row

CELLS = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\0\ufeff"), min_size=1, max_size=12
)


def read(raw: bytes, *cuts: int, delimiter: str | None = None) -> tuple[CsvFile, list[Row]]:
    file = CsvFile(delimiter)
    found: list[Row] = []
    ends = sorted({cut for cut in cuts if 0 < cut < len(raw)})
    for start, end in zip([0, *ends], [*ends, len(raw)], strict=True):
        found += file.feed(raw[start:end])
    return file, found + file.finish()


@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=6),
    st.lists(st.integers(0, 200), max_size=4),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_what_a_csv_library_writes_is_read_back_in_any_pieces(
    rows: list[list[str]],
    cuts: list[int],
    delimiter: str,
    line_end: str,
    bom: bool,  # noqa: FBT001
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b"], *rows])
    raw = out.getvalue().encode("utf-8-sig" if bom else "utf-8")
    file, found = read(raw, *cuts)
    assert file.columns == ["a", "b"]
    assert file.delimiter == delimiter
    filled = [(number, row) for number, row in enumerate(rows, 2) if any(map(str.strip, row))]
    assert found == filled


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=3))
def test_any_bytes_are_rows_or_refused(raw: bytes, cuts: list[int]) -> None:
    def outcome(*at: int) -> tuple[str, list[Row]]:
        try:
            return "", read(raw, *at)[1]
        except NotCsv as wrong:
            return wrong.code, []

    # A fault may be found in an earlier or later piece, and then another one comes first.
    assert bool(outcome()[0]) == bool(outcome(*cuts)[0])
    if not outcome()[0]:
        assert outcome() == outcome(*cuts)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"),
        (b"\r\n\r\n", "empty"),
        (b"a,b\r\n1,\x00\r\n", "nul"),
        ("a,b\r\n1,ü\r\n".encode("latin-1"), "not_utf8"),
        ("a,b\r\n1,2\r\n".encode("utf-16"), "not_utf8"),
        (b'a,b\r\n1,"2\r\n3,4\r\n', "unclosed_quote"),
        (b'a,b\r\n1,"2"x\r\n', "not_csv"),
        (b'a,b\r\n1,"Acme "Big" Inc"\r\n', "not_csv"),
        (b"a,b\r\n1," + b"x" * 1_000_000 + b"\r\n", "cell_too_long"),
        (b"a,b\r\n1," + b"x" * 110_000 + b"\r\n", "cell_too_long"),
        (b"a,b\r\n1," + b"x" * 2_000_000, "unclosed_quote"),
        (b"a,b,a\r\n1,2,3\r\n", "duplicate_header"),
        (b"," * 600, "empty"),
        (b"a," * 600, "too_many_columns"),
        (b"sep=:\r\na:b\r\n", "unknown_separator"),
        (b"a," + b"b" * 300 + b"\r\n", "long_header"),
        (b"PK\x03\x04\x14\x00", "nul"),
    ],
)
def test_a_hostile_file_is_refused_by_name(raw: bytes, code: str) -> None:
    with pytest.raises(NotCsv) as wrong:
        read(raw)
    assert wrong.value.code == code
    with pytest.raises(NotCsv):
        read(raw, *range(0, min(len(raw), 3_000), 7))


def test_rows_are_numbered_as_spreadsheets_do_and_blank_ones_are_left_out() -> None:
    file, rows = read(b'\r\nname,\r\nAcme,"two\r\nlines"\r\n\r\nInitech,3')
    assert file.columns == ["name", "column 2"]
    assert rows == [(3, ["Acme", "two\r\nlines"]), (5, ["Initech", "3"])]


@pytest.mark.parametrize(
    ("raw", "columns", "rows"),
    [
        (b"sep=;\r\na;b\r\n1,5;2\r\n", ["a", "b"], [(2, ["1,5", "2"])]),
        (b'\xef\xbb\xbf"sep=,"\na,b\n1,2', ["a", "b"], [(2, ["1", "2"])]),
        (b"SEP=\t\na\tb\n1\t2", ["a", "b"], [(2, ["1", "2"])]),
        (b"sep=|\na|b\n1|2", ["a", "b"], [(2, ["1", "2"])]),
        (b"sep=;;;\na;b\n1;2", ["a", "b"], [(2, ["1", "2"])]),
        (b"a,b\nsep=;,2", ["a", "b"], [(2, ["sep=;", "2"])]),
        (
            b"a,b\n,\n1,2\n , \n\xc2\xa0,\n3,4\n,,,,\n",
            ["a", "b"],
            [(3, ["1", "2"]), (6, ["3", "4"])],
        ),
        (b",,\n;;\na,b\n1,2", ["a", "b"], [(4, ["1", "2"])]),
        (b"a,b,," + b"," * 600 + b"\n1,2", ["a", "b"], [(2, ["1", "2"])]),
        (
            b'a,b\n1,5" pipe\n2,6" pipe\n',
            ["a", "b"],
            [(2, ["1", '5" pipe']), (3, ["2", '6" pipe'])],
        ),
        (b'Size (5"),b\n1,2\n', ['Size (5")', "b"], [(2, ["1", "2"])]),
        (b'a,b\n"say ""hi""","x\n""y"""\n', ["a", "b"], [(2, ['say "hi"', 'x\n"y"'])]),
        (b'a;b\n1;2,"3\n4;5', ["a", "b"], [(2, ["1", '2,"3']), (3, ["4", "5"])]),
    ],
)
def test_a_file_is_read_as_spreadsheets_write_it(
    raw: bytes, columns: list[str], rows: list[Row]
) -> None:
    for cuts in ((), range(1, len(raw))):
        file, found = read(raw, *cuts)
        assert file.columns[: len(columns)] == columns
        assert all(name.startswith("column ") for name in file.columns[len(columns) :])
        assert [(number, cells[: len(columns)]) for number, cells in found] == rows
