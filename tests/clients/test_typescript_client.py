"""The TypeScript package as `make clients` packed it: what its page shows compiles and runs, and it
works with real services.
"""

import tarfile
from pathlib import Path

import pytest

from deploy.clients.build import PACKED, TYPESCRIPT
from deploy.contract.environment import HOME, Tools
from tests.clients.making import blocks, run
from tests.harness import Tenure

pytestmark = pytest.mark.contract

_TSC = (
    *("--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext"),
    *("--outDir", "out", "--types", "node", "--lib", "es2022,dom,dom.iterable"),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Somebody's project that has installed the package."""
    package = tmp_path / "node_modules" / "@tenure" / "client"
    with tarfile.open(PACKED / "tenure-client-0.1.0.tgz") as packed:
        packed.extractall(tmp_path, filter="data")
    package.parent.mkdir(parents=True)
    (tmp_path / "package").rename(package)
    (tmp_path / "node_modules" / "@types").symlink_to(Tools(HOME).modules / "@types")
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    return tmp_path


async def compiled_and_run(script: str, project: Path, gateway: str, key: str) -> str:
    tools = Tools(HOME)
    (project / "script.ts").write_text(script, encoding="utf-8")
    await run([*tools.node_script("tsc"), *_TSC, "script.ts"], gateway, key, project)
    return await run([str(tools.node), "out/script.js"], gateway, key, project)


async def test_what_its_page_shows_compiles_and_runs(
    tenure: Tenure, gateway: str, project: Path
) -> None:
    ws = await tenure.workspace()
    script = "\n".join(blocks(TYPESCRIPT / "README.md", "ts"))
    assert "Acme" in await compiled_and_run(script, project, gateway, ws.keys["admin"])


@pytest.mark.usefixtures("workers")
async def test_it_works_with_real_services(tenure: Tenure, gateway: str, project: Path) -> None:
    ws = await tenure.workspace()
    script = Path(__file__).with_name("smoke.ts").read_text(encoding="utf-8")
    assert await compiled_and_run(script, project, gateway, ws.keys["admin"]) == "done\n"


def test_the_package_needs_no_other() -> None:
    with tarfile.open(PACKED / "tenure-client-0.1.0.tgz") as packed:
        names = packed.getnames()
    assert "package/dist/index.js" in names
    assert "package/dist/generated/schemas.d.ts" in names
    assert '"dependencies"' not in (TYPESCRIPT / "package.json").read_text(encoding="utf-8")
