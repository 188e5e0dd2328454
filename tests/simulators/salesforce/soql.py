"""SOQL, the part of it that a sync speaks: text in, syntax tree out.

Left out, and refused as malformed: GROUP BY and aggregates other than COUNT(), TYPEOF, FIELDS(),
FOR and WITH clauses, INCLUDES, date functions.
"""

import re
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

from tests.simulators.salesforce.errors import ApiError

MAX_QUERY = 100_000
MAX_OFFSET = 2000

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    |(?P<date>\d{4}-\d\d-\d\d(?![\dT:]))
    |(?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w-]))
    |(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::\d+)?)
    |(?P<sign><=|>=|!=|<>|=|<|>|\(|\)|,)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_RELATIVE_DAYS = re.compile(r"(?i)(today|yesterday|tomorrow|(?:last|next)_n_days:\d{1,5})")
_KEYWORDS = {
    "select", "from", "where", "and", "or", "not", "in", "like", "null", "true", "false", "order",
    "by", "asc", "desc", "nulls", "first", "last", "limit", "offset",
}  # fmt: skip


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    at: int

    def is_(self, *words: str) -> bool:
        return self.kind in {"name", "sign"} and self.text.lower() in words


@dataclass(frozen=True)
class Path:
    parts: tuple[str, ...]
    at: int


Kind: TypeAlias = OneOf["string", "number", "boolean", "null", "date", "datetime", "relative"]


@dataclass(frozen=True)
class Constant:
    kind: Kind
    text: str
    """A string without its quotes but with its escapes, which mean more in LIKE than elsewhere."""

    @property
    def string(self) -> str:
        return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), self.text, flags=re.DOTALL)


@dataclass(frozen=True)
class Comparison:
    path: Path
    operator: str
    constants: tuple[Constant, ...]


@dataclass(frozen=True)
class Semijoin:
    path: Path
    operator: str
    query: "Query"


@dataclass(frozen=True)
class Junction:
    word: OneOf["and", "or"]
    sides: tuple["Condition", ...]


@dataclass(frozen=True)
class Negation:
    condition: "Condition"


Condition: TypeAlias = Comparison | Semijoin | Junction | Negation


@dataclass(frozen=True)
class Ordering:
    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    text: str
    fields: tuple[Path, ...]
    counts: bool
    subqueries: tuple["Query", ...]
    sobject: Path
    where: Condition | None = None
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int = 0

    def refuse(self, code: str, message: str, at: int) -> ApiError:
        return refusal(self.text, code, message, at)


def refusal(text: str, code: str, message: str, at: int) -> ApiError:
    """An error that shows the place: context line, caret, row and column."""
    row = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    start = max(0, at - 30)
    context = text[start : at + 30].replace("\n", " ")
    caret = " " * (at - start) + "^"
    return ApiError(
        400, code, f"\n{context}\n{caret}\nERROR at Row:{row}:Column:{column}\n{message}"
    )


def parse(text: str) -> Query:
    if len(text) > MAX_QUERY:
        raise ApiError(400, "QUERY_TOO_COMPLICATED", "SOQL statements cannot be longer than 100000")
    parser = _Parser(text)
    query = parser.query()
    parser.end()
    return query


def _tokens(text: str) -> list[Token]:
    tokens, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            what = (
                "line 1, unclosed string" if text[at] == "'" else f"unexpected char: '{text[at]}'"
            )
            raise refusal(text, "MALFORMED_QUERY", what, at)
        if found.lastgroup and found.lastgroup != "space":
            tokens.append(Token(found.lastgroup, found[0], at))
        at = found.end()
    tokens.append(Token("end", "<EOF>", len(text)))
    return tokens


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._left = iter(_tokens(text))
        self._next = next(self._left)

    def _take(self) -> Token:
        taken = self._next
        self._next = next(self._left, taken)
        return taken

    def _unexpected(self) -> ApiError:
        message = f"unexpected token: '{self._next.text}'"
        return refusal(self._text, "MALFORMED_QUERY", message, self._next.at)

    def _accept(self, *words: str) -> bool:
        if self._next.is_(*words):
            self._take()
            return True
        return False

    def _expect(self, *words: str) -> None:
        for word in words:
            if not self._accept(word):
                raise self._unexpected()

    def end(self) -> None:
        if self._next.kind != "end":
            raise self._unexpected()

    def query(self) -> Query:
        self._expect("select")
        fields, subqueries, counts = self._selected()
        self._expect("from")
        sobject = self._path()
        where = self._condition() if self._accept("where") else None
        order: tuple[Ordering, ...] = ()
        if self._accept("order"):
            self._expect("by")
            order = self._orderings()
        limit = self._count() if self._accept("limit") else None
        offset_at = self._next.at
        offset = self._count() if self._accept("offset") else 0
        query = Query(self._text, fields, counts, subqueries, sobject, where, order, limit, offset)
        if offset > MAX_OFFSET:
            raise query.refuse(
                "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}",
                offset_at,
            )  # fmt: skip
        return query

    def _selected(self) -> tuple[tuple[Path, ...], tuple[Query, ...], bool]:
        fields: list[Path] = []
        subqueries: list[Query] = []
        while True:
            if self._accept("("):
                subqueries.append(self.query())
                self._expect(")")
            else:
                fields.append(self._path())
                if fields[-1].parts[0].lower() == "count" and self._next.is_("("):
                    self._expect("(", ")")
                    return (), (), True
            if not self._accept(","):
                return tuple(fields), tuple(subqueries), False

    def _path(self) -> Path:
        if self._next.kind != "name" or self._next.text.lower() in _KEYWORDS:
            raise self._unexpected()
        token = self._take()
        return Path(tuple(token.text.split(".")), token.at)

    def _count(self) -> int:
        if self._next.kind != "number" or not self._next.text.isdigit():
            raise self._unexpected()
        return int(self._take().text)

    def _orderings(self) -> tuple[Ordering, ...]:
        orderings = []
        while True:
            path = self._path()
            descending = self._accept("desc") or (self._accept("asc") and False)
            nulls_last = False
            if self._accept("nulls"):
                nulls_last = self._accept("last")
                if not nulls_last:
                    self._expect("first")
            orderings.append(Ordering(path, descending, nulls_last))
            if not self._accept(","):
                return tuple(orderings)

    def _condition(self) -> Condition:
        """A condition: NOT may only open it, and AND and OR do not mix without parentheses."""
        if self._accept("not"):
            first: Condition = Negation(self._term())
        else:
            first = self._term()
        word = self._next.text.lower()
        if word not in {"and", "or"}:
            return first
        sides = [first]
        while self._accept(word):
            sides.append(self._term())
        if self._next.is_("and", "or"):
            raise self._unexpected()
        return Junction("and" if word == "and" else "or", tuple(sides))

    def _term(self) -> Condition:
        if self._accept("("):
            inner = self._condition()
            self._expect(")")
            return inner
        path = self._path()
        operator = self._operator()
        if operator not in {"in", "not in"}:
            return Comparison(path, operator, (self._constant(),))
        self._expect("(")
        if self._next.is_("select"):
            query = self.query()
            self._expect(")")
            return Semijoin(path, operator, query)
        constants = [self._constant()]
        while self._accept(","):
            constants.append(self._constant())
        self._expect(")")
        return Comparison(path, operator, tuple(constants))

    def _operator(self) -> str:
        if self._accept("not"):
            self._expect("in")
            return "not in"
        if not self._next.is_("=", "!=", "<>", "<", "<=", ">", ">=", "in", "like"):
            raise self._unexpected()
        operator = self._take().text.lower()
        return "!=" if operator == "<>" else operator

    def _constant(self) -> Constant:
        token = self._next
        if token.kind == "string":
            constant = Constant("string", token.text[1:-1])
        elif token.kind == "number":
            constant = Constant("number", token.text)
        elif token.kind == "date":
            constant = Constant("date", token.text)
        elif token.kind == "datetime":
            constant = Constant("datetime", token.text)
        elif token.is_("true", "false"):
            constant = Constant("boolean", token.text.lower())
        elif token.is_("null"):
            constant = Constant("null", "")
        elif token.kind == "name" and _RELATIVE_DAYS.fullmatch(token.text):
            constant = Constant("relative", token.text.lower())
        else:
            raise self._unexpected()
        self._take()
        return constant
