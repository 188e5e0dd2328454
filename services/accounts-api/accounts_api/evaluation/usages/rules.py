"""Which dependencies of a rule make it a user of something."""

from collections.abc import Collection

from shared.rules.interpreter.depends import (
    EXISTENCE,
    event_property_dependency,
    role_dependency,
    segment_dependency,
)


def sought_dependencies(
    what: str, record_type: str | None, key: str
) -> Collection[tuple[str, str]]:
    """Record types and what is read of them, as a dependency names it. No rule depends on a member:
    features look for the name.
    """
    match what, record_type:
        case "relation", str():
            return ((record_type, key),)
        case "object_type", _:
            # Whoever looks at instances sees them come and go.
            return ((key, EXISTENCE),)
        case "trait", str():
            return ((record_type, f"traits.{key}"),)
        case "segment", str():
            return ((record_type, segment_dependency(key)),)
        case "event_property", _:
            read = event_property_dependency(key)
            return (("account", read), ("contact", read))
        case "field", str():
            return ((record_type, key),)
        case "key_role", _:
            return (("account", role_dependency(key)),)
        case "metric", str():
            return ((record_type, f"metrics.{key}"),)
        case _:
            return ()
