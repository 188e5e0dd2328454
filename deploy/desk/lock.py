"""Resolve the dependencies anew and write the locks: hashes, no addresses."""

from __future__ import annotations

import os
import sys

from deploy.desk import setup

_OPTIONS = ("--universal", "--generate-hashes", "--no-header", "--no-annotate", "--quiet")
_OLDEST = ".".join(map(str, setup.OLDEST_PYTHON))


def main() -> int:
    uv = str(setup.VENV / "bin" / "uv")
    env = os.environ | setup.uv_settings()
    project = [str(setup.ROOT / "pyproject.toml"), "--all-extras", "--group", "dev"]
    first, second = setup.EMBEDDED
    sources = {
        setup.REQUIREMENTS: project,
        first: ["--group", "embedded"],
        second: ["--group", "embedded-second"],
        setup.BOOTSTRAP: [str(setup.BOOTSTRAP.with_name("bootstrap.in"))],
    }
    command = [uv, "pip", "compile", *_OPTIONS, "--upgrade", "--python-version", _OLDEST]
    for lock, source in sources.items():
        setup.say(lock.name)
        setup.run([*command, *source, "--output-file", str(lock)], env)
    return 0


if __name__ == "__main__":
    sys.exit(main())
