"""Follows what a page tells, as a reader in a shell would."""

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path

FENCE = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> Iterator[tuple[str, str]]:
    for found, argument, body in FENCE.findall(page.read_text(encoding="utf-8")):
        if found == language:
            yield argument, body


async def run(command: str, gateway: str, key: str, cwd: Path | None = None) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-euo",
        "pipefail",
        "-c",
        command,
        cwd=cwd,
        env={**os.environ, "TENURE": gateway, "KEY": key},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, output.decode()
