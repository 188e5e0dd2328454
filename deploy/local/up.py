"""`make up`: everything on this machine, until Ctrl-C."""

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

from deploy.local.migrate import prepare_database, say
from deploy.local.programs import LocalStack, choose_ports
from deploy.local.sandbox import furnish
from deploy.local.secrets import Secrets, load_secrets
from deploy.local.supervisor import Program, Supervised, stop_together
from deploy.local.workspace import export_line, make_workspace
from deploy.machine.errors import LocalError, PortTaken
from deploy.machine.files import write_private_json
from deploy.machine.process_lock import hold
from deploy.machine.processes import LOOPBACK
from deploy.migrate import ROOT
from deploy.roles import DATABASE, async_url
from deploy.servers.lifecycle import Servers, ServerUrls

_LOOK_SECONDS = 0.2
_HEAL_SECONDS = 5.0
_TRIES = 3


class Up:
    """The whole of Tenure: `start`, then `watch` until interrupted, then `stop`."""

    stack: type[LocalStack] = LocalStack
    workspace_options: tuple[str, ...] = ()

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self._logs = state_dir / "logs"
        self._servers = Servers.from_environment(state_dir)
        # In the order of their start; each group starts together and stops together.
        self._groups: list[list[Supervised]] = []
        self._about: dict[str, Any] = {}
        self._heal_after = 0.0
        self._lock: IO[str] | None = None

    def start(self) -> dict[str, Any]:
        """What `up.json` then says."""
        began = time.monotonic()
        self._lock = hold(self.state_dir / "up.lock")
        say("PostgreSQL and Redis")
        urls = self._servers.start()
        self._keep_old_logs()
        secrets = load_secrets(self.state_dir)
        stack, workspace, told = self._start_programs(urls, secrets)
        self._about = {
            "gateway_url": stack.url("gateway"),
            **workspace,
            "database_url": _plain_url(urls.database_url),
            "redis_url": urls.redis_url,
            "salesforce_url": stack.url("salesforce"),
            "smtp": f"{LOOPBACK}:{stack.ports['smtp']}",
            "imap": f"{LOOPBACK}:{stack.ports['imap']}",
            "sandbox": told,
        }
        self._write_about()
        say(f"ready in {time.monotonic() - began:.0f} s")
        return self._about

    def _start_programs(
        self, urls: ServerUrls, secrets: Secrets
    ) -> tuple[LocalStack, dict[str, Any], dict[str, Any]]:
        """With the workspace and what the sandbox said of itself. Between the choice of a port and
        its use somebody else, such as a second checkout, may take it; then all of it moves.
        """
        for tries_left in reversed(range(_TRIES)):
            stack = self.stack(self.state_dir, urls, secrets, choose_ports(self.state_dir))
            try:
                return stack, *self._start_on(stack, urls, secrets)
            except PortTaken as taken:
                if not tries_left:
                    raise
                say(f"{str(taken).partition(' ')[0]} found its port taken; moving to other ports")
                self._stop_programs()
        raise AssertionError

    def _start_on(
        self, stack: LocalStack, urls: ServerUrls, secrets: Secrets
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        sandbox = self._start(stack.sandbox())
        prepare_database(urls.database_url, secrets)
        # Starting is mostly importing: all at once, then wait for each in the order of need.
        web_processes = self._start(stack.web_processes())
        workers = self._start(stack.workers())
        gateway = self._start([stack.gateway()])
        workspace = self._make_workspace(stack)
        told = self._await("sandbox", sandbox)
        self._await("web processes", web_processes)
        self._await("workers", workers)
        self._await("gateway", gateway)
        for group in self._groups:
            for supervised in group:
                # Whoever took a port answers there in its stead.
                supervised.must_run()
        return workspace, told

    def watch(self) -> None:
        """Start again what ends. Returns only by an exception."""
        while True:
            time.sleep(_LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Once; for who watches in between."""
        restarted = self._heal_servers()
        for group in self._groups:
            restarted += [
                supervised.program.name for supervised in group if supervised.keep_running(say)
            ]
        if restarted:
            self._write_about()

    def stop(self) -> None:
        if self._lock is None:
            return  # it never began: what is there belongs to another
        (self.state_dir / "up.json").unlink(missing_ok=True)
        self._stop_programs()
        self._servers.stop()
        self._lock.close()
        self._lock = None

    def _stop_programs(self) -> None:
        for group in reversed(self._groups):
            stop_together(group)
        self._groups = []

    def kill(self) -> None:
        for group in self._groups:
            stop_together(group, patience=0)
        self._servers.stop()

    def _start(self, programs: list[Program]) -> list[Supervised]:
        group = [Supervised(program, ROOT, self._logs) for program in programs]
        self._groups.append(group)
        for supervised in group:
            supervised.start()
        return group

    @staticmethod
    def _await(what: str, group: list[Supervised]) -> dict[str, Any]:
        """What each said of itself, by name."""
        told = {supervised.program.name: supervised.wait_until_ready() for supervised in group}
        say(f"{what}: {', '.join(told)}")
        return told

    def _heal_servers(self) -> list[str]:
        if time.monotonic() < self._heal_after:
            return []
        try:
            restarted = self._servers.ensure()
        except LocalError as error:
            say(f"{error}\nTrying again in {_HEAL_SECONDS:g} s")
            self._heal_after = time.monotonic() + _HEAL_SECONDS
            return []
        for name in restarted:
            say(f"{name} had ended and runs again")
        return restarted

    def _make_workspace(self, stack: LocalStack) -> dict[str, Any]:
        """The first workspace and its keys; at a later start the same ones again."""
        kept = str(self.state_dir / "workspace.json")
        return make_workspace(stack, ["--state", kept, *self.workspace_options])

    def _write_about(self) -> None:
        pids = {"up": os.getpid(), **self._servers.pids}
        for group in self._groups:
            for supervised in group:
                if supervised.pid:
                    pids[supervised.program.name] = supervised.pid
        self._about["pids"] = pids
        write_private_json(self.state_dir / "up.json", self._about)

    def _keep_old_logs(self) -> None:
        """One run's logs begin empty; those of the run before stay beside them."""
        for log in self._logs.glob("*.log"):
            if log.stem not in self._servers.pids:
                log.replace(log.with_suffix(".log.before"))


def _plain_url(admin_url: str) -> str:
    """As psql and every driver take it."""
    url = async_url(admin_url).set(drivername="postgresql", database=DATABASE)
    return url.render_as_string(hide_password=False)


def announce(about: dict[str, Any]) -> None:
    url, key = about["gateway_url"], about["api_key"]
    print(
        f"""
Tenure runs. Ctrl-C stops it; its data stay in .tenure until `make clean`.

  API         {url}/v1
  pages       {url}/docs       (OpenAPI 3.1: {url}/openapi.json)
  API key     {key}
  read-only   {about["observer_api_key"]}
  Salesforce  {about["salesforce_url"]} (simulated)
  mail        SMTP {about["smtp"]}, IMAP {about["imap"]} (simulated)
  PostgreSQL  {about["database_url"]}
  all of it   .tenure/up.json, logs in .tenure/logs

For the commands of the guides, in another terminal:
  {export_line(url, key)}

Try:
  curl -s {url}/v1/status -H 'Authorization: Bearer {key}'
  curl -s '{url}/v1/accounts?limit=3' -H 'Authorization: Bearer {key}'
  curl -s {url}/v1/accounts -H 'Authorization: Bearer {key}' \\
       -H 'Content-Type: application/json' -d '{{"external_id": "A-1", "name": "Acme"}}'
""",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="up", description=__doc__)
    parser.add_argument("--state", type=Path, default=ROOT / ".tenure", help="where its data live")
    up = Up(parser.parse_args().state.resolve())
    # SIGINT as well: a shell starts what it runs in the background with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        about = up.start()
        announce(about)
        # Beside the watching: a service that ends while the sandbox fills is started again.
        threading.Thread(target=_furnish, args=(about,), daemon=True).start()
        up.watch()
    except KeyboardInterrupt:
        say("stopping (Ctrl-C again does not wait)")
        return 0
    except LocalError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    finally:
        _stop(up)
    return 0


def _furnish(about: dict[str, Any]) -> None:
    """A sandbox that could not be filled is said, and everything runs on."""
    try:
        furnish(about)
    except LocalError as error:
        say(str(error))


def _stop(up: Up) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        up.stop()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        up.kill()


if __name__ == "__main__":
    sys.exit(main())
