"""What runs locally beside the servers, and what each program is told by its environment."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.secrets import Secrets
from deploy.local.supervisor import Program
from deploy.machine.files import read_json, write_private_json
from deploy.machine.processes import LOOPBACK, free_port
from deploy.roles import SERVICES, ServiceAccess, role_url
from deploy.servers.lifecycle import ServerUrls

# Tried first at the first start. What was taken then is tried first from then on.
_PORTS = {
    "gateway": 8000,
    "accounts": 8001,
    "tasks": 8002,
    "sequencer": 8003,
    "sync": 8004,
    "accounts-worker": 8101,
    "tasks-worker": 8102,
    "sequencer-worker": 8103,
    "sync-worker": 8104,
    "salesforce": 8201,
    "mail-http": 8202,
    "smtp": 8025,
    "imap": 8143,
}
_CHOSEN = "ports.json"


def choose_ports(state_dir: Path) -> dict[str, int]:
    """A free port for everything that listens, the same as last time where possible."""
    wanted = known_ports(state_dir)
    chosen: dict[str, int] = {}
    for name in _PORTS:
        port = free_port(wanted[name])
        while port in chosen.values():
            port = free_port()
        chosen[name] = port
    write_private_json(state_dir / _CHOSEN, chosen)
    return chosen


def known_ports(state_dir: Path) -> dict[str, int]:
    """Those of the last start."""
    return _PORTS | read_json(state_dir / _CHOSEN)


@dataclass(frozen=True)
class LocalStack:
    """The addresses and secrets that programs are told."""

    state_dir: Path
    urls: ServerUrls
    secrets: Secrets
    ports: Mapping[str, int]

    def url(self, name: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[name]}"

    def database_url(self, service: ServiceAccess) -> str:
        password = self.secrets.passwords[service.role]
        return role_url(self.urls.database_url, service.role, password)

    def environment(self, service: ServiceAccess) -> dict[str, str]:
        """What the processes of a service read (see `shared.settings`)."""
        return {
            "DATABASE_URL": self.database_url(service),
            "REDIS_URL": self.urls.redis_url,
            **self.addresses,
            "TENURE_SERVICE_KEY": self.secrets.service_keys[service.package],
            "TENURE_CURSOR_SECRET": self.secrets.cursor_secret,
            "TENURE_ENCRYPTION_KEYS": self.secrets.encryption_keys,
            # The sandbox is the outside world here, and it lives on loopback.
            "TENURE_EGRESS_ALLOW": LOOPBACK,
        }

    @property
    def addresses(self) -> dict[str, str]:
        services = {
            f"TENURE_{service.schema.upper()}_URL": self.url(service.schema) for service in SERVICES
        }
        return services | {"TENURE_PUBLIC_URL": self.url("gateway")}

    def sandbox(self) -> list[Program]:
        """Simulators of the systems outside."""
        folder = self.state_dir / "sandbox"
        mail_ports = [
            *("--smtp-port", str(self.ports["smtp"])),
            *("--imap-port", str(self.ports["imap"])),
            *("--http-port", str(self.ports["mail-http"])),
        ]
        salesforce = ["--port", str(self.ports["salesforce"])]
        return [
            Program(
                "salesforce", module_command("tests.simulators.salesforce", folder, salesforce)
            ),
            Program("mail", module_command("tests.simulators.mail", folder, mail_ports)),
        ]

    def web_processes(self) -> list[Program]:
        return [self._web_process(service) for service in SERVICES]

    def workers(self) -> list[Program]:
        return [self._worker(service) for service in SERVICES]

    def gateway(self) -> Program:
        port = str(self.ports["gateway"])
        return Program(
            "gateway",
            [sys.executable, "-m", "deploy.gateway", "--port", port],
            self.addresses,
            f"{self.url('gateway')}/readyz",
        )

    def _web_process(self, service: ServiceAccess) -> Program:
        factory = f"{service.package}.main:create_app"
        port = str(self.ports[service.schema])
        return Program(
            service.schema,
            [sys.executable, "-m", "shared.serve", factory, "--port", port],
            self.environment(service),
            f"{self.url(service.schema)}/readyz",
        )

    def _worker(self, service: ServiceAccess) -> Program:
        name = f"{service.schema}-worker"
        health = {"TENURE_HEALTH_PORT": str(self.ports[name])}
        return Program(
            name,
            [sys.executable, "-m", f"{service.package}.worker"],
            self.environment(service) | health,
            f"{self.url(name)}/readyz",
        )


def module_command(name: str, folder: Path, arguments: list[str]) -> list[str]:
    state = folder / name.rpartition(".")[2]
    state.mkdir(parents=True, exist_ok=True)
    return [sys.executable, "-m", name, "--state", str(state), *arguments]
