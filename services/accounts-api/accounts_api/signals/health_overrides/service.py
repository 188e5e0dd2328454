from accounts_api.signals.health_overrides.queries import (
    StoredOverride,
    add_override,
    end_overrides,
    overrides_of,
)

__all__ = ["StoredOverride", "add_override", "end_overrides", "overrides_of"]
