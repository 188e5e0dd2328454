"""`Accept` (RFC 9110, 12.5.1): whether a client takes what an operation gives."""

from collections.abc import Iterator


def accepts(header: str, media_type: str) -> bool:
    """The most specific range that fits decides; what cannot be read is left out."""
    ranges = dict(_ranges(header))
    kind = media_type.partition("/")[0]
    for name in (media_type, f"{kind}/*", "*/*"):
        if name in ranges:
            return ranges[name] > 0
    return not ranges


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if "/" in name:
            yield name, _quality(parameters)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 1.0
    return 1.0
