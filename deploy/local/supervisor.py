"""Processes that are meant to run: started, waited for, started again when they end, stopped."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.machine.errors import LocalError, PortTaken
from deploy.machine.files import tail
from deploy.machine.processes import spawn

_START_SECONDS = 180.0
_STOP_SECONDS = 25.0  # more than a process grants the requests that are under way
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_STABLE_SECONDS = 60.0
_LOOK_SECONDS = 0.1
_TAKEN = "address already in use"


@dataclass
class Program:
    """What to run. `ready_url` answers 200 once it is up; without one, a line of JSON says so."""

    name: str
    argv: Sequence[str]
    env: dict[str, str] = field(default_factory=dict)
    ready_url: str | None = None


class Supervised:
    """One program and the process that runs it now."""

    def __init__(self, program: Program, folder: Path, logs: Path) -> None:
        self.program = program
        self._folder = folder
        self._log = logs / f"{program.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._started_at = 0.0
        self._pause = _FIRST_PAUSE
        self._due: float | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        self._started_at = time.monotonic()
        self._due = None
        self._process = spawn(
            list(self.program.argv),
            log=self._log,
            env=dict(os.environ) | self.program.env,
            # Nothing is lost that a crash may lose, and nothing lingers.
            on_parent_death=signal.SIGKILL,
            cwd=self._folder,
        )

    def wait_until_ready(self) -> dict[str, Any]:
        """What it said of itself in JSON, if that is how it shows that it is up."""
        deadline = time.monotonic() + _START_SECONDS
        last_answer = ""
        while time.monotonic() < deadline:
            self.must_run()
            if self.program.ready_url is None:
                if said := self._json_line():
                    return said
            else:
                ready, last_answer = _ask(self.program.ready_url)
                if ready:
                    return {}
            time.sleep(_LOOK_SECONDS)
        saying = f" but says: {last_answer}" if last_answer else ""
        raise self._failure(f"is not ready after {_START_SECONDS:.0f} s{saying}")

    def must_run(self) -> None:
        """Raises `LocalError` when it ended while starting: `PortTaken` if that was the reason."""
        if not self.running:
            code = self._process.returncode if self._process else None
            raise self._failure(f"ended with code {code} while starting")

    def keep_running(self, say: Callable[[str], None]) -> bool:
        """Call often. Starts it again after a pause that grows while it keeps ending early; True
        when it has just been started again.
        """
        if self._process is None or self.running:
            return False
        now = time.monotonic()
        if self._due is None:
            if now - self._started_at > _STABLE_SECONDS:
                self._pause = _FIRST_PAUSE
            self._due = now + self._pause
            say(
                f"{self.program.name} ended with code {self._process.returncode}; "
                f"again in {self._pause:g} s (see {self._log})"
            )
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        if now < self._due:
            return False
        self.start()
        return True

    def ask_to_stop(self) -> None:
        if self._process and self.running:
            self._process.terminate()

    def stopped_by(self, deadline: float) -> None:
        if self._process:
            try:
                self._process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _json_line(self) -> dict[str, Any] | None:
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            for line in log:
                if line.startswith(b"{") and line.endswith(b"\n"):
                    said: dict[str, Any] = json.loads(line)
                    return said
        return None

    def _failure(self, what: str) -> LocalError:
        # A traceback may follow the line that tells.
        kind = PortTaken if _TAKEN in tail(self._log, 200).lower() else LocalError
        return kind(f"{self.program.name} {what}. Its log {self._log} ends:\n{tail(self._log)}")


def stop_together(group: Iterable[Supervised], patience: float = _STOP_SECONDS) -> None:
    """All at once, for they do not need each other; what does not end in time is killed."""
    stopping = list(group)
    for supervised in stopping:
        supervised.ask_to_stop()
    deadline = time.monotonic() + patience
    for supervised in stopping:
        supervised.stopped_by(deadline)


def _ask(url: str) -> tuple[bool, str]:
    """Whether it answers 200, and what it says if it does not."""
    # Loopback must not be sought through a proxy that the environment names.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5):
            return True, ""
    except urllib.error.HTTPError as refusal:
        return False, refusal.read(500).decode(errors="replace")
    except OSError:
        return False, ""
