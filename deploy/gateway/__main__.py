"""`python -m deploy.gateway --port 8000`, with the services' addresses from the environment."""

import argparse
import os

from deploy.gateway.app import Gateway
from shared.logging import configure_logging
from shared.serve import SettledServer, run, web_config
from shared.settings import SERVICES


def main() -> None:
    parser = argparse.ArgumentParser(prog="gateway", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    names = {service: f"TENURE_{service.upper()}_URL" for service in SERVICES}
    missing = [name for name in names.values() if not os.environ.get(name)]
    if missing:
        parser.error(f"say where the services are: set {', '.join(missing)}")
    upstreams = {service: os.environ[name] for service, name in names.items()}
    here = f"http://{arguments.host}:{arguments.port}"
    configure_logging(os.environ.get("TENURE_LOG_LEVEL", "INFO"), "gateway")
    config = web_config(
        Gateway(upstreams, os.environ.get("TENURE_PUBLIC_URL", here), warm=True),
        host=arguments.host,
        port=arguments.port,
        date_header=False,
        proxy_headers=False,
    )
    run(SettledServer(config))


if __name__ == "__main__":
    main()
