"""Which spans may begin a trace. Imported only where traces are kept."""

from typing import Any

from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler
from opentelemetry.trace import SpanKind
from typing_extensions import override


class _EntrySpans(Sampler):
    @override
    def should_sample(
        self, parent_context: Any, trace_id: int, name: str, kind: Any = None, *rest: Any
    ) -> Any:
        begins = kind in {SpanKind.SERVER, SpanKind.CONSUMER}
        chosen = ALWAYS_ON if begins else ALWAYS_OFF
        return chosen.should_sample(parent_context, trace_id, name, kind, *rest)

    @override
    def get_description(self) -> str:
        return "requests and events"


def begun_at_an_entry() -> Sampler:
    """A request or an event begins a trace; a statement of a worker that looks for work does not.
    What continues another's trace does as that one does.
    """
    return ParentBased(root=_EntrySpans())
