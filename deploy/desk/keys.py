"""Fresh secrets in the form of `deploy/env.example`: `python -m deploy.desk.keys > deploy/.env`."""

import re
import sys
import tempfile
from pathlib import Path

from deploy.desk.secrets import load_secrets
from deploy.roles import SERVICES

EXAMPLE = Path(__file__).parents[1] / "env.example"


def filled_example() -> str:
    with tempfile.TemporaryDirectory() as folder:
        secrets = load_secrets(Path(folder))
        others = load_secrets(Path(folder) / "others")
    values = {f"{role.upper()}_PASSWORD": word for role, word in secrets.passwords.items()}
    values |= {
        f"TENURE_{service.schema.upper()}_KEY": f"'{secrets.service_keys[service.package]}'"
        for service in SERVICES
    }
    spare = iter(others.passwords.values())
    values |= {
        "POSTGRES_PASSWORD": next(spare),
        "REDIS_PASSWORD": next(spare),
        "TENURE_CURSOR_SECRET": secrets.cursor_secret,
        "TENURE_ENCRYPTION_KEYS": secrets.encryption_keys,
    }

    def fill(line: re.Match[str]) -> str:
        return f"{line[1]}={values.get(line[1], '')}"

    return re.sub(r"^(\w+)=$", fill, EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)


if __name__ == "__main__":
    sys.stdout.write(filled_example())
