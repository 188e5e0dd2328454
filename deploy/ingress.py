"""Renders the ingress from the table of routes:
`python -m deploy.ingress > deploy/kubernetes/ingress.yaml`.
"""

import sys

from deploy.routes import PAGES, SEGMENTS

_HEAD = """\
# Made by `python -m deploy.ingress` from deploy/routes.py; a test keeps the two alike.
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: tenure
spec:
  rules:
    - host: tenure.example.com
      http:
        paths:
"""
_OF_THE_WHOLE = (
    ("/", "Exact"),
    ("/openapi.json", "Exact"),
    ("/docs", "Prefix"),
    ("/problems", "Prefix"),
    ("/llms.txt", "Exact"),
    ("/livez", "Exact"),
    ("/readyz", "Exact"),
    ("/v1/openapi.json", "Exact"),
    ("/v1/status", "Exact"),
)


def render() -> str:
    paths = [_path(path, kind, "gateway") for path, kind in _OF_THE_WHOLE]
    for service, segments in SEGMENTS.items():
        paths += [_path(f"/v1/{segment}", "Prefix", f"{service}-web") for segment in segments]
    for service, pages in PAGES.items():
        paths += [_path(f"/{page}", "Prefix", f"{service}-web") for page in pages]
    return _HEAD + "".join(paths)


def _path(path: str, kind: str, service: str) -> str:
    backend = f"{{service: {{name: {service}, port: {{name: http}}}}}}"
    return f"          - {{path: {path}, pathType: {kind}, backend: {backend}}}\n"


if __name__ == "__main__":
    sys.stdout.write(render())
