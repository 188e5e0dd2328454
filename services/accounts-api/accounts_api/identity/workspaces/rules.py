from typing import Any


def merge_patch(target: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7396): null removes, what is left out stays."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
