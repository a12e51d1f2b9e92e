"""Rejected rows of a slice, kept aside in a part of their own until the commit takes them along."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from tidegate.contracts.base import policy_of
from tidegate.contracts.personal import personal_paths
from tidegate.contracts.rejects import Reject
from tidegate.contracts.table import Table
from tidegate.destinations.quarantine import COLUMNS, QuarantinedRow
from tidegate.http_tools.clients import Page
from tidegate.utils.schemas import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Quarantining:
    """What the rows of one slice have in common in the quarantine; `contract` is the build's fingerprint."""

    task: str
    table: Table[Any]
    run_id: str
    slice: str
    window: date | None
    contract: str

    def batch(self, page: Page[Any], rejects: Sequence[Reject]) -> pa.RecordBatch:
        """The rejects of a page as rows of the quarantine."""
        import pyarrow as pa

        sent = page.call.reader.decoded(page.content, page.request.seam)
        rows = [asdict(self._row(page, reject, sent[reject.position])) for reject in rejects]
        return pa.RecordBatch.from_pylist(rows, schema=arrow_schema(COLUMNS))

    def _row(self, page: Page[Any], reject: Reject, row: Any) -> QuarantinedRow:
        reads = page.call.reads
        raw = policy_of(reads).quarantine_payload == "raw" or not personal_paths(reads)
        payload = row if raw else personal_paths(reads).mask(row)
        return QuarantinedRow(
            id=self._id(page, reject, row),
            task=self.task,
            table_name=self.table.name,
            run_id=self.run_id,
            slice=self.slice,
            window=self.window,
            endpoint=page.call.endpoint,
            page=page.request.index,
            position=reject.position,
            row_id=reject.row_id,
            stage=reject.stage,
            judge=reject.judge,
            errors=to_json([asdict(fault) for fault in reject.faults]).decode(),
            payload=to_json(payload, inf_nan_mode="null").decode(),
            raw=raw,
            contract=self.contract,
        )

    def _id(self, page: Page[Any], reject: Reject, row: Any) -> str:
        """Of a merge the row itself: a later run that is sent it again does not keep it twice."""
        place: tuple[Any, ...] = (self.run_id, self.slice, page.request.index, reject.position)
        told = to_json(row) if self.table.write == "merge" else repr(place).encode()
        return hashlib.sha256(f"{self.task}/".encode() + told).hexdigest()[:32]
