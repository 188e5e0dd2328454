"""Text files end with exactly one newline: `python -m deploy.checks.newlines FILE…`."""

import sys
from pathlib import Path


def main() -> int:
    wrong = [name for name in sys.argv[1:] if not _ends_well(Path(name).read_bytes())]
    for name in wrong:
        print(f"{name}: does not end with exactly one newline", file=sys.stderr)
    return 1 if wrong else 0


def _ends_well(content: bytes) -> bool:
    return not content or (content.endswith(b"\n") and not content.endswith(b"\n\n"))


if __name__ == "__main__":
    sys.exit(main())
