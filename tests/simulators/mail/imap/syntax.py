"""Reads what clients write: atoms, quoted strings, literals, lists, sequence sets (RFC 3501, 9)."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

#: An atom is a str, a quoted string or a literal is bytes, parentheses are a list.
Token: TypeAlias = "str | bytes | list[Token]"

LITERAL_AT_END = re.compile(rb"\{(\d+)(\+?)\}\r?\n\Z")
LITERAL = re.compile(rb"\{(\d+)\+?\}\r?\n")
QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')
ATOM = re.compile(rb"[^\s()\[\"{]*(?:\[[^\]]*\][^\s()]*)?")
MAX_LITERAL = 26_214_400


class Bad(Exception):
    """The client wrote what cannot be understood."""


async def read_command(
    reader: asyncio.StreamReader, invite: Callable[[], Awaitable[None]]
) -> bytes:
    """One command with its literals in place; `invite` asks the client for the next one."""
    command = await reader.readuntil(b"\n")
    while literal := LITERAL_AT_END.search(command):
        size = int(literal[1])
        if size > MAX_LITERAL:
            raise Bad("Literal too long")
        if not literal[2]:
            await invite()
        command += await reader.readexactly(size)
        command += await reader.readuntil(b"\n")
    return command


def tokens(command: bytes) -> list[Token]:
    found, position = _tokens(command, 0)
    if command[position:].strip():
        raise Bad("Unbalanced parenthesis")
    return found


def _tokens(command: bytes, position: int) -> tuple[list[Token], int]:
    found: list[Token] = []
    while position < len(command):
        character = command[position : position + 1]
        if character in b" \r\n":
            position += 1
        elif character == b"(":
            inner, position = _tokens(command, position + 1)
            if command[position : position + 1] != b")":
                raise Bad("Missing parenthesis")
            found.append(inner)
            position += 1
        elif character == b")":
            break
        else:
            token, position = _token(command, position)
            found.append(token)
    return found, position


def _token(command: bytes, position: int) -> tuple[Token, int]:
    if quoted := QUOTED.match(command, position):
        return re.sub(rb"\\(.)", rb"\1", quoted[1]), quoted.end()
    if literal := LITERAL.match(command, position):
        end = literal.end() + int(literal[1])
        return command[literal.end() : end], end
    atom = ATOM.match(command, position)
    if atom is None or not atom[0]:
        raise Bad("Cannot be parsed")
    return atom[0].decode("utf-8", "surrogateescape"), atom.end()


def text(token: Token) -> str:
    if isinstance(token, list):
        raise Bad("A list where a string belongs")
    return token.decode("utf-8", "surrogateescape") if isinstance(token, bytes) else token


def quoted(value: str) -> bytes:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return b'"' + escaped.encode("utf-8", "surrogateescape") + b'"'


def in_set(sequence_set: str, numbers: Iterable[int]) -> set[int]:
    """Those of the numbers that a set names.

    A star is the highest number there is, and the ends of a range come in any order. So `900:*`
    always names the last message, even if its number is below 900: the known trap for readers.
    """
    present = set(numbers)
    highest = max(present, default=0)
    named: set[int] = set()
    for part in sequence_set.split(","):
        ends = [_number(end, highest) for end in part.split(":")]
        if len(ends) > 2:
            raise Bad("Invalid sequence set")
        named |= {number for number in present if min(ends) <= number <= max(ends)}
    return named


def _number(written: str, highest: int) -> int:
    if written == "*":
        return highest
    if not written.isdecimal() or int(written) == 0:
        raise Bad("Invalid sequence set")
    return int(written)
