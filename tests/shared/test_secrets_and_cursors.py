import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.encryption import CannotDecrypt, SecretBox
from shared.errors import BadRequest
from shared.ids import new_id
from shared.paging import CursorSigner

OLD, NEW = (base64.urlsafe_b64encode(os.urandom(32)).decode() for _ in range(2))
BOX = SecretBox(OLD)
SIGNER = CursorSigner("secret")


@given(st.text())
def test_a_sealed_secret_opens_for_its_own_row_only(secret: str) -> None:
    row = ("workspace", "connections", "credentials", "id-1")
    sealed = BOX.seal(secret, *row)
    assert BOX.open(sealed, *row) == secret
    for moved in (("other", *row[1:]), (*row[:3], "id-2"), row[:3]):
        with pytest.raises(CannotDecrypt):
            BOX.open(sealed, *moved)


def test_a_rotated_key_ring_opens_what_the_old_key_sealed() -> None:
    sealed = BOX.seal("token", "row")
    both = SecretBox(f"{NEW},{OLD}")
    assert both.open(sealed, "row") == "token"
    assert both.seal("token", "row")[:4] != sealed[:4]
    with pytest.raises(CannotDecrypt):
        SecretBox(NEW).open(sealed, "row")


@given(st.lists(st.none() | st.integers() | st.text() | st.booleans(), max_size=4))
def test_a_cursor_returns_its_position_to_the_list_it_belongs_to(position: list[object]) -> None:
    workspace = new_id()
    cursor = SIGNER.sign(workspace, ["tasks", "open"], position)
    assert SIGNER.read(cursor, workspace, ["tasks", "open"]) == position


def test_a_cursor_of_another_list_workspace_or_hand_is_refused() -> None:
    workspace = new_id()
    cursor = SIGNER.sign(workspace, ["tasks"], [1])
    others = [
        (cursor, new_id(), ["tasks"]),
        (cursor, workspace, ["notes"]),
        (CursorSigner("other").sign(workspace, ["tasks"], [1]), workspace, ["tasks"]),
        (cursor[:-2] + "zz", workspace, ["tasks"]),
        ("", workspace, ["tasks"]),
        ("é", workspace, ["tasks"]),
    ]
    for given_cursor, owner, shape in others:
        with pytest.raises(BadRequest):
            SIGNER.read(given_cursor, owner, shape)
