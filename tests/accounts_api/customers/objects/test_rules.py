"""What needs no server: which names a type may have, and what rules make of them."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from accounts_api.customers.object_types.rules import key_faults, link_faults
from accounts_api.language.rules.standard import STANDARD
from accounts_api.records.schema.record_catalog import with_objects
from accounts_api.records.schema.record_schemas import (
    OBJECT,
    RECORD_SCHEMAS,
    ObjectLink,
    ObjectType,
    schema_of,
)
from shared.rules.interpreter.depends import EXISTENCE, Dependency, dependencies
from shared.rules.syntax.parser import RESERVED, read_text
from shared.rules.syntax.printer import write_text
from shared.rules.types.type_check import check
from shared.rules.types.typed import RelatedMatch

ID = UUID(int=1)
WORDS = st.sampled_from(
    sorted({*RESERVED, *RECORD_SCHEMAS, "arr", "stage", "contacts", "status", "held"})
)
SLUGS = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True) | WORDS
PARENTS = st.sampled_from(["organization", "account", "contact", "opportunity"])


@given(key=SLUGS, reverse=SLUGS, to=PARENTS)
def test_a_name_that_is_accepted_is_understood_by_rules(key: str, reverse: str, to: str) -> None:
    link = ObjectLink(to, reverse)  # type: ignore[arg-type]  # one of the four
    if key_faults(key, reverse) or link_faults([link]):
        return
    catalog = with_objects(STANDARD, [ObjectType(ID, key, reverse, (link,))])
    down = check(read_text(f'any {reverse} (name = "x")'), catalog, to)
    assert isinstance(down.root, RelatedMatch)
    assert down.root.target.name == key
    assert read_text(write_text(down.written)) == down.written
    up = check(read_text(f'{to}.name = "x"'), catalog, key)
    assert Dependency(to, "name", (to,)) in dependencies(up)
    column = f"{to}_id"
    assert {
        Dependency(key, "name", (reverse,)),
        Dependency(key, column, (reverse,)),
        Dependency(key, EXISTENCE, (reverse,)),
        Dependency(to, reverse),
    } <= dependencies(down)


def test_one_definition_has_one_kind_and_all_types_share_their_statements() -> None:
    link = ObjectLink("account", "projects")
    project = ObjectType(ID, "project", "projects", (link,))
    same = ObjectType(ID, "project", "projects", (ObjectLink("account", "projects"),))
    device = ObjectType(UUID(int=2), "device", "devices", ())
    assert schema_of(project) is schema_of(same)
    assert schema_of(project) is not schema_of(device)
    assert schema_of(project).statements is schema_of(device).statements is OBJECT
    assert schema_of(project).visible == ("account_id", "name")
    assert schema_of(device).visible == ("name",)
