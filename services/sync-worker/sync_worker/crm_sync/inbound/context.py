"""What a run that reads records may use, beside what every run may."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sync_worker.connectors.base import StreamType
from sync_worker.crm_sync.records.service import QuietBatch, Records
from sync_worker.crm_sync.translation.document import (
    ObjectMap,
    ObjectMapping,
    stream_of_members,
    streams_to_read,
)
from sync_worker.crm_sync.translation.transforms import Locale
from sync_worker.runner.turns.context import RunContext


@dataclass(kw_only=True)
class SyncRunContext(RunContext):
    mapping: ObjectMapping
    locale: Locale
    fitted: dict[str, ObjectMap] = field(default_factory=dict)
    """The mapping by stream, with the conversions that suit what its fields are written to."""

    quiet: QuietBatch | None = None
    """The batch under which its records are written quietly."""

    @property
    def records(self) -> Records:
        return Records(self.service, self.connection.workspace_id, self.cause, self.quiet)

    @property
    def streams(self) -> Sequence[StreamType]:
        """In the order that who is pointed to comes before who points."""
        return streams_to_read(self.connector.spec, self.mapping)

    @property
    def members(self) -> str | None:
        """The stream whose rows are members here."""
        return stream_of_members(self.connector.spec)

    def type_of(self, stream: str) -> StreamType:
        """Raises `KeyError` for a stream that the system does not have."""
        found = self.connector.spec.stream(stream)
        if found is None:
            raise KeyError(stream)
        return found

    def becomes(self, stream: str) -> str | None:
        """The type of record that rows of a stream become; None for associations."""
        mapping = self.mapping.of(stream)
        return None if mapping is None else mapping.record_type
