"""Resolve the dependencies anew and write the locks: hashes, no addresses.

The image's lock is made last, within the local one: what was tested is what is shipped.
"""

from __future__ import annotations

import os
import sys

from deploy.dependencies import install

_OPTIONS = ("--universal", "--generate-hashes", "--no-header", "--no-annotate", "--quiet")
_EXTRA = {"UV_INDEX", "UV_INDEX_STRATEGY", "UV_FIND_LINKS"}
_OLDEST = ".".join(map(str, install.OLDEST_PYTHON))


def main() -> int:
    uv = str(install.VENV / "bin" / "uv")
    # From the main index alone: a second one may hold fewer files of a version, and then the lock
    # would lack the hashes of other machines' wheels.
    settings = {name: value for name, value in install.uv_settings().items() if name not in _EXTRA}
    env = os.environ | settings
    project = [str(install.ROOT / "pyproject.toml"), "--all-extras", "--group", "dev"]
    first, second = install.EMBEDDED
    image = install.ROOT / "deploy" / "requirements.lock"
    sources = {
        install.REQUIREMENTS: project,
        first: ["--group", "embedded"],
        second: ["--group", "embedded-second"],
        install.CONTRACT: ["--group", "contract"],
        install.BOOTSTRAP: [str(install.BOOTSTRAP.with_name("bootstrap.in"))],
        image: [*project[:2], "--constraint", str(install.REQUIREMENTS)],
    }
    command = [uv, "pip", "compile", *_OPTIONS, "--upgrade", "--python-version", _OLDEST]
    try:
        for lock, source in sources.items():
            install.say(str(lock.relative_to(install.ROOT)))
            install.run([*command, *source, "--output-file", str(lock)], env)
    except install.SetupFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
