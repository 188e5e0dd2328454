"""No container engine is needed to see that the files agree with each other and with the code."""

import importlib.util
import re
import shutil
import subprocess
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # only in tests

from deploy import ingress, nginx
from deploy.checks import documents
from deploy.local.keys import filled_example
from deploy.reference import guides
from deploy.roles import ROLES, SERVICES
from deploy.routes import SEGMENTS, service_for
from shared.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
# As compose puts a file together: `<<` merges anchors, which PyYAML's safe loader does as well.
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
NOT_IN_THE_IMAGE = (
    *(f"deploy.{folder}" for folder in ("bench", "checks", "demo", "dependencies", "local")),
    *("deploy.machine", "deploy.servers", "tests"),
)


def required_settings() -> set[str]:
    return {
        str(field.validation_alias or f"TENURE_{name.upper()}")
        for name, field in Settings.model_fields.items()
        if field.is_required()
    }


def manifests() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{file.parent.name}/{file.name}", document)
        for file in sorted(KUBERNETES.rglob("*.yaml"))
        for document in yaml.safe_load_all(file.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.schema)
def test_compose_runs_both_processes_of_each_service_with_all_they_need(service: Any) -> None:
    web = COMPOSE["services"][service.schema]
    worker = COMPOSE["services"][f"{service.schema}-worker"]
    assert web["command"][:4] == [
        "python",
        "-m",
        "shared.serve",
        f"{service.package}.main:create_app",
    ]
    assert worker["command"] == ["python", "-m", f"{service.package}.worker"]
    for process in (web, worker):
        assert required_settings() <= set(process["environment"])
        assert (
            f"{service.role}:${{{service.role.upper()}_PASSWORD}}"
            in process["environment"]["DATABASE_URL"]
        )
        assert process["read_only"] is True
        assert process["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_compose_names_only_variables_that_the_example_has() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    wanted = set(re.findall(r"(?<!\$)\$\{(\w+)", text))
    example = (DEPLOY / "env.example").read_text(encoding="utf-8")
    assert wanted <= set(re.findall(r"^(\w+)=", example, flags=re.MULTILINE))


def test_fresh_keys_fill_the_whole_example() -> None:
    empty = re.findall(r"^(\w+)=$", filled_example(), flags=re.MULTILINE)
    assert empty == ["TENURE_EGRESS_ALLOW"]
    assert {f"{role.upper()}_PASSWORD" for role in ROLES} <= set(
        re.findall(r"^(\w+)=.+$", filled_example(), flags=re.MULTILINE)
    )


def test_every_module_that_a_container_runs_exists_and_is_in_the_image() -> None:
    commands = [service.get("command", []) for service in COMPOSE["services"].values()]
    modules = {command[2] for command in commands if command[:2] == ["python", "-m"]}
    for module in modules:
        assert importlib.util.find_spec(module), module
        assert not module.startswith(NOT_IN_THE_IMAGE)


def test_what_the_image_runs_imports_nothing_that_only_the_local_set_up_has() -> None:
    shown = [(DEPLOY / folder).glob("*.py") for folder in ("gateway", "reference")]
    image = [*DEPLOY.glob("*.py"), *chain.from_iterable(shown)]
    for file in image:
        text = file.read_text(encoding="utf-8")
        imported = re.findall(r"^(?:from|import) ([\w.]+)", text, re.MULTILINE)
        assert not [module for module in imported if module.startswith(NOT_IN_THE_IMAGE)]


def test_the_image_installs_a_part_of_what_was_tested() -> None:
    def pins(path: Path) -> set[str]:
        return set(
            re.findall(r"^([\w.-]+==[\w.]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        )

    image = pins(DEPLOY / "requirements.lock")
    assert image <= pins(DEPLOY.parent / "requirements.lock")
    assert not [pin for pin in image if pin.startswith(("pytest", "ruff", "mypy", "hypothesis"))]
    assert "://" not in (DEPLOY / "requirements.lock").read_text(encoding="utf-8")


def test_the_image_runs_as_nobody_in_particular() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert "\nUSER 10001\n" in dockerfile
    assert "\nHEALTHCHECK " in dockerfile


def test_the_image_holds_the_guides_that_the_gateway_shows() -> None:
    copied = re.findall(
        r"^COPY (\S+) \S+$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE
    )
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {"docs", "CHANGELOG.md"} <= set(copied)
    assert {"!docs", "!CHANGELOG.md"} <= set(ignored)
    shown = [f"docs/{name}.md" for names in guides.ORDER.values() for name in names]
    assert [path for path in shown if not (DEPLOY.parent / path).is_file()] == []
    assert not set(shown) & set(ignored)


def test_nginx_and_the_ingress_are_made_from_the_table() -> None:
    assert (DEPLOY / "nginx.conf").read_text(encoding="utf-8") == nginx.render()
    assert (KUBERNETES / "ingress.yaml").read_text(encoding="utf-8") == ingress.render()


def test_nginx_refuses_in_places_that_it_can_enter() -> None:
    """A named location is closed to who sent no address that could be read: a 500 in HTML."""
    text = nginx.render()
    pages = dict(re.findall(r"error_page (\d+) = (\S+);", text))
    assert {"400", "404", "405", "408", "413", "414", "494", "502", "503", "504"} == set(pages)
    places = re.findall(r"location = (/-refused/\S+) \{\n +internal;", text)
    assert set(pages.values()) <= set(places)
    assert set(re.findall(r"rewrite \^ (\S+) last;", text)) <= set(places)
    assert "location @" not in text


def test_every_public_operation_is_routed_to_the_service_that_has_it() -> None:
    schemas = {service.package: service.schema for service in SERVICES}
    astray = [
        (schemas[package], path)
        for package, document in documents.current().items()
        for path in document["paths"]
        if path != "/v1/status" and service_for(path) != schemas[package]
    ]
    assert astray == []


def test_no_segment_has_two_services() -> None:
    segments = [segment for named in SEGMENTS.values() for segment in named]
    assert len(segments) == len(set(segments))


def test_kustomizations_name_only_files_that_are_there() -> None:
    for where, manifest in manifests():
        if manifest["kind"] != "Kustomization":
            continue
        folder = KUBERNETES / where.partition("/")[0]
        folder = folder if folder.is_dir() else KUBERNETES
        for resource in manifest["resources"]:
            target = folder / resource
            assert target.is_file() or (target / "kustomization.yaml").is_file(), resource
        for generator in ("configMapGenerator", "secretGenerator"):
            for made in manifest.get(generator, []):
                for file in made.get("envs", []):
                    # Kustomize reads no file outside its folder; secrets are filled in by hand.
                    assert (folder / file).exists() or (folder / f"{file}.example").exists()
                    assert "/" not in file


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not here")
@pytest.mark.parametrize("folder", [".", "migrate"])
def test_kustomize_builds_the_manifests(tmp_path: Path, folder: str) -> None:
    copy = Path(shutil.copytree(KUBERNETES, tmp_path / "kubernetes"))
    for example in copy.rglob("secrets.env.example"):
        example.rename(example.with_suffix(""))
    built = subprocess.run(
        ["kubectl", "kustomize", copy / folder], capture_output=True, text=True, check=True
    )
    for manifest in yaml.safe_load_all(built.stdout):
        if manifest["kind"] in {"Deployment", "Job"}:
            (container,) = manifest["spec"]["template"]["spec"]["containers"]
            for source in container["envFrom"]:
                (reference,) = source.values()
                # Generated names end in a hash of their content.
                assert re.search(r"-[0-9a-z]{10}$", reference["name"]), reference


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.schema)
def test_kubernetes_tells_each_service_all_it_needs(service: Any) -> None:
    folder = KUBERNETES / service.schema
    overlay = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    assert overlay["configMapGenerator"][0]["literals"] == [f"TENURE_PACKAGE={service.package}"]
    assert overlay["namePrefix"] == f"{service.schema}-"
    told = (folder / "secrets.env.example").read_text(encoding="utf-8")
    told += (KUBERNETES / "service" / "common.env").read_text(encoding="utf-8")
    assert required_settings() <= set(re.findall(r"^(\w+)=", told, flags=re.MULTILINE))
    assert f"{service.role}:" in told


def test_every_pod_is_confined_and_watched() -> None:
    pods = [
        (where, manifest["spec"]["template"]["spec"])
        for where, manifest in manifests()
        if manifest["kind"] in {"Deployment", "Job"}
    ]
    assert len(pods) == 4
    for where, pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True, where
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True, where
        assert container["resources"]["limits"]["memory"], where
        if "migrate" not in where:
            assert {"readinessProbe", "livenessProbe"} <= set(container), where


def test_budgets_and_scalers_speak_of_deployments_that_are_there() -> None:
    deployments = {m["metadata"]["name"] for _, m in manifests() if m["kind"] == "Deployment"}
    for where, manifest in manifests():
        if manifest["kind"] == "HorizontalPodAutoscaler":
            assert manifest["spec"]["scaleTargetRef"]["name"] in deployments, where
        if manifest["kind"] == "PodDisruptionBudget":
            assert manifest["spec"]["selector"]["matchLabels"]["tenure/process"] in deployments, (
                where
            )
