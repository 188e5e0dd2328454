"""Bulk API 2.0 query jobs: made by one request, ready some polls later, read as pages of CSV."""

import base64
import csv
import io
from dataclasses import dataclass, field
from typing import Any

from tests.simulators.salesforce import ids, soql
from tests.simulators.salesforce.errors import ApiError, not_found
from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.schema import NUMBERS, Field
from tests.simulators.salesforce.selection import Selection
from tests.simulators.salesforce.values import Value, Values, double, wire_instant

_UNSUPPORTED = {"ContentNote", "ContentDocumentLink"}
_STATES_OVER = {"JobComplete", "Failed", "Aborted"}


@dataclass
class Job:
    job_id: str
    operation: str
    selection: Selection
    user_id: str
    created_at: str
    state: str = "UploadComplete"
    polls: int = 0
    error: str | None = None
    ids: list[str] = field(default_factory=list)

    def describe(self) -> dict[str, Any]:
        about: dict[str, Any] = {
            "id": self.job_id,
            "operation": self.operation,
            "object": self.selection.sobject.name,
            "createdById": self.user_id,
            "createdDate": wire_instant(self.created_at),
            "systemModstamp": wire_instant(self.created_at),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": 62.0,
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        if self.state in _STATES_OVER:
            about |= {"numberRecordsProcessed": len(self.ids), "retries": 0}
            about["totalProcessingTime"] = 334
        if self.error is not None:
            about["errorMessage"] = self.error
        return about


class BulkJobs:
    def __init__(self, org: Org) -> None:
        self._org = org
        self._jobs: dict[str, Job] = {}

    def clear(self) -> None:
        self._jobs.clear()

    def all(self) -> list[Job]:
        return list(self._jobs.values())

    def create(self, user_id: str, given: dict[str, Any]) -> Job:
        operation = str(given.get("operation"))
        if operation not in {"query", "queryAll"}:
            message = f"Operation {operation} is not supported in a query job"
            raise ApiError(400, "INVALIDOPERATION", message)
        query = soql.parse(str(given.get("query", "")))
        if query.subqueries or query.offset or query.counts:
            message = "Nested queries, OFFSET and COUNT are not supported in Bulk Query"
            raise ApiError(400, "INVALIDJOB", message)
        selection = Selection(self._org, query, everything=operation == "queryAll")
        name = selection.sobject.name
        if name in _UNSUPPORTED:
            message = f"Entity '{name}' is not supported by the Bulk API."
            raise ApiError(400, "INVALIDENTITY", message)
        job = Job(
            ids.mint("QueryJob", len(self._jobs) + 1), operation, selection, user_id,
            self._org.now(),
        )  # fmt: skip
        self._jobs[job.job_id] = job
        return job

    def find(self, job_id: str) -> Job:
        job = self._jobs.get(ids.normalised(job_id))
        if job is None:
            raise not_found()
        return job

    def poll(self, job_id: str) -> Job:
        """Look at a job; looking is also what moves it on."""
        job = self.find(job_id)
        if job.state in _STATES_OVER:
            return job
        job.polls += 1
        if job.polls <= self._org.settings.bulk_polls:
            job.state = "InProgress" if job.polls > 1 else "UploadComplete"
        elif self._org.settings.bulk_failure is not None:
            job.state, job.error = "Failed", self._org.settings.bulk_failure
        else:
            job.state, job.ids = "JobComplete", job.selection.ids()
        return job

    def abort(self, job_id: str) -> Job:
        job = self.find(job_id)
        if job.state in _STATES_OVER:
            message = f"Job {job.job_id} in state {job.state} cannot be aborted"
            raise ApiError(400, "INVALIDJOBSTATE", message)
        job.state = "Aborted"
        return job

    def delete(self, job_id: str) -> None:
        del self._jobs[self.find(job_id).job_id]

    def results(self, job_id: str, rows: int, locator: str | None) -> tuple[str, int, str]:
        """One page: the CSV with its own header row, its rows and the next page's locator."""
        job = self.find(job_id)
        if job.state != "JobComplete":
            message = f"Job {job.job_id} is not complete: it is {job.state}"
            raise ApiError(400, "INVALIDJOBSTATE", message)
        start = _offset(locator) if locator else 0
        missing = self._org.settings.bulk_missing_rows
        found = [self._org.peek(each) for each in job.ids[: len(job.ids) - missing]]
        page = [row for row in found[start : start + rows] if row is not None]
        end = start + rows
        # The last page names no page after it, with the word null.
        after = _locator(end) if end < len(found) else "null"
        return _csv(self._org, job.selection, page), len(page), after


def _locator(offset: int) -> str:
    return base64.urlsafe_b64encode(str(offset).encode()).decode().rstrip("=")


def _offset(locator: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except ValueError as error:
        raise ApiError(400, "INVALID_LOCATOR", f"invalid locator {locator}") from error


def _csv(org: Org, selection: Selection, page: list[Values]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([selection.column_name(steps) for steps in selection.columns])
    for row in page:
        writer.writerow(
            [_cell(steps[-1], selection.read(steps, row)) for steps in selection.columns]
        )
    return out.getvalue()


def _cell(field: Field, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return double(float(value)) if field.type in NUMBERS else str(value)
