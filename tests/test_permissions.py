"""Every operation by every role: 401 without a credential, 403 exactly when the role lacks it."""

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest

from shared.auth import GRANTS, RESOURCES, ROLES
from shared.openapi.components import CREDENTIALS
from tests.harness import Tenure, Workspace
from tests.operations import OPERATIONS, PUBLIC, Operation

PERMISSIONS = {f"{resource}:{verb}" for resource in RESOURCES for verb in ("read", "write")}
GUARDED = [operation for operation in OPERATIONS if operation.id not in PUBLIC]


@pytest.fixture(scope="module")
async def ws(tenure: Tenure) -> AsyncIterator[Workspace]:
    async with tenure.passing_workspace("Permissions") as made:
        yield made


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_every_operation_says_which_permission_it_needs(operation: Operation) -> None:
    if operation.id in PUBLIC:
        assert operation.permission is None
        return
    assert operation.permission in PERMISSIONS
    assert operation.spec["security"] == CREDENTIALS


def test_a_resource_that_can_be_granted_is_asked_for_by_an_operation() -> None:
    asked = {str(operation.permission).partition(":")[0] for operation in GUARDED}
    assert asked == set(RESOURCES)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_only_what_reads_asks_for_permission_to_read(operation: Operation) -> None:
    """A POST may read too: a search or a preview changes nothing."""
    if operation.method in {"PUT", "PATCH", "DELETE"} and operation.id not in PUBLIC:
        assert operation.permission
        assert operation.permission.endswith(":write")
    if operation.method == "GET" and operation.permission:
        assert operation.permission.endswith(":read")


@pytest.mark.parametrize("operation", GUARDED, ids=str)
async def test_a_role_may_exactly_what_it_is_granted(
    tenure: Tenure, ws: Workspace, operation: Operation
) -> None:
    url = tenure.urls[operation.service] + operation.url()
    body: Any = {} if operation.writes and operation.method != "DELETE" else None
    nobody = await ws.anonymous.http.request(operation.method, url, json=body)
    assert nobody.status_code == 401
    assert nobody.json()["code"] == "unauthorized"
    assert nobody.headers["www-authenticate"].startswith("Bearer")
    for role in ROLES:
        headers = {"authorization": f"Bearer {ws.keys[role]}", "if-match": "*"}
        answer = await ws.anonymous.http.request(operation.method, url, json=body, headers=headers)
        if operation.permission in GRANTS[role]:
            assert answer.status_code not in {401, 403}, (role, answer.text)
        else:
            assert answer.status_code == 403, (role, answer.status_code)
            assert answer.json()["permission"] == operation.permission


def test_each_role_may_all_that_the_next_lower_one_may() -> None:
    for higher, lower in pairwise(ROLES):
        assert GRANTS[higher] > GRANTS[lower]
