"""Rows on their way into BigQuery: zstd Parquet files of a bounded size, loaded into staging tables.

Everything is named after what it holds, a table after the commit and the SHA-256 of its files, so another
attempt finds what an earlier one has brought, and loads nothing twice. Staging tables expire by themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tidegate.destinations.bigquery_jobs import REQUEST_TIMEOUT_S, Session
from tidegate.destinations.bigquery_tables import own_resource
from tidegate.destinations.exceptions import DestinationError
from tidegate.utils.columns import Column
from tidegate.utils.gcp_errors import GoogleError, translated

if TYPE_CHECKING:
    import pyarrow as pa
    from google.cloud.bigquery import LoadJob, LoadJobConfig
    from google.cloud.storage import Bucket

STAGING = "_tidegate_staging_"
LIFE = timedelta(days=2)
PART_BYTES = 64 << 20
# Google's limits: tables that one query names, and files that one job loads.
# https://cloud.google.com/bigquery/quotas#query_jobs https://cloud.google.com/bigquery/quotas#load_jobs
_MOST_TABLES, _MOST_FILES = 500, 10_000


@dataclass(frozen=True, slots=True)
class Staged:
    """Staging tables, and the rows in all of them. No table where there are no rows."""

    tables: tuple[str, ...] = ()
    rows: int = 0

    def source(self, session: Session) -> str | None:
        """What stands behind FROM."""
        if not self.tables:
            return None
        union = " UNION ALL ".join(f"SELECT * FROM {session.path(table)}" for table in self.tables)  # noqa: S608
        return f"({union})"

    def drop(self, session: Session) -> None:
        """They would expire; what cannot be dropped now does."""
        with suppress(GoogleError), session.about():
            for table in self.tables:
                session.client.delete_table(
                    session.id_of(table), not_found_ok=True, retry=session.retry, timeout=REQUEST_TIMEOUT_S
                )


@dataclass(frozen=True, slots=True)
class _Part:
    path: Path
    rows: int
    digest: str


def stage(
    session: Session,
    name: str,
    columns: Sequence[Column],
    batches: Iterator[pa.RecordBatch],
    *,
    part_bytes: int = PART_BYTES,
) -> Staged:
    """Bring the batches, which have these columns in this order, into tables that go by `name`.

    One file goes up by itself; several go by the bucket, where there is one, and are loaded by one job.
    Files are in a temporary folder, two at a time at most. What drawing raises comes out as itself.
    """
    with TemporaryDirectory(prefix="tidegate-") as folder:
        parts = _written(Path(folder), batches, part_bytes)
        first, second = next(parts, None), next(parts, None)
        if first is None:
            return Staged()
        rest = chain([first], [second] if second else [], parts)
        if second is not None and session.place.staging is not None:
            return _by_bucket(session, name, columns, rest)
        return _one_by_one(session, name, columns, rest)


def _written(folder: Path, batches: Iterator[pa.RecordBatch], part_bytes: int) -> Iterator[_Part]:
    """Files of about so many bytes, each of which is closed when it is given."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    batch = next(batches, None)
    while batch is not None:
        path, rows = folder / f"{number}.parquet", 0
        with path.open("wb") as sink, pq.ParquetWriter(sink, batch.schema, compression="zstd") as writer:
            while batch is not None and (rows == 0 or sink.tell() < part_bytes):
                writer.write_table(pa.Table.from_batches([batch]))  # a row group: a batch would wait for more
                rows += batch.num_rows
                batch = next(batches, None)
        yield _Part(path, rows, _digest(path))
        number += 1


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _one_by_one(session: Session, name: str, columns: Sequence[Column], parts: Iterable[_Part]) -> Staged:
    tables: list[str] = []
    rows = 0
    for part in parts:
        if len(tables) == _MOST_TABLES:
            raise DestinationError(
                f"{session.place.label}: more than {_MOST_TABLES} files of rows in one commit",
                hint="give a bucket to load them from: bigquery://...?staging=gs://bucket/prefix",
            )
        table = f"{STAGING}{name}_{len(tables)}_{part.digest[:16]}"
        _load(session, table, columns, part.rows, partial(_upload, session, table, part.path))
        tables.append(table)
        rows += part.rows
        part.path.unlink()
    return Staged(tuple(tables), rows)


def _by_bucket(session: Session, name: str, columns: Sequence[Column], parts: Iterable[_Part]) -> Staged:
    from tidegate.utils.gcp_clients import storage_client

    bucket_name, prefix = session.place.staging or ("", "")
    blobs: list[str] = []
    rows, digest = 0, hashlib.sha256()
    with closing(storage_client(session.place.project)) as client:
        bucket = client.bucket(bucket_name)
        for part in parts:
            file = f"{len(blobs)}_{part.digest[:16]}.parquet"
            blobs.append("/".join(filter(None, (prefix, "tidegate-staging", name, file))))
            _put(bucket, blobs[-1], part.path)
            rows += part.rows
            digest.update(part.digest.encode())
            part.path.unlink()
        if len(blobs) > _MOST_FILES:
            raise DestinationError(
                f"{session.place.label}: {len(blobs):,} files in a commit; BigQuery loads {_MOST_FILES:,}",
                hint="load fewer rows at a time: tidegate run --from ... --until ...",
            )
        table = f"{STAGING}{name}_{digest.hexdigest()[:16]}"
        uris = [f"gs://{bucket_name}/{blob}" for blob in blobs]
        _load(session, table, columns, rows, partial(_from_bucket, session, table, uris))
        _remove(bucket, blobs)
    return Staged((table,), rows)


def _load(
    session: Session, table: str, columns: Sequence[Column], rows: int, start: Callable[[str], LoadJob]
) -> None:
    """One job brings all rows of a staging table, or none of them."""
    expires_ms = int((datetime.now(UTC) + LIFE).timestamp() * 1000)
    with session.about(table):
        made = session.client.create_table(
            own_resource(session, table, columns, expires_ms=expires_ms),
            exists_ok=True,
            retry=session.retry,
            timeout=REQUEST_TIMEOUT_S,
        )
        # A table that expired and was made again is not the one that an earlier job has filled.
        created_ms = int(made.created.timestamp() * 1000)
        job = session.once(f"{table.strip('_')}_{created_ms}", start)
    if job.output_rows != rows:
        raise DestinationError(f"{table}: {rows:,} rows were sent, and BigQuery loaded {job.output_rows:,}")


def _upload(session: Session, table: str, path: Path, job_id: str) -> LoadJob:
    with path.open("rb") as file:
        return session.client.load_table_from_file(
            file,
            session.id_of(table),
            size=path.stat().st_size,
            job_id=job_id,
            location=session.location,
            job_config=_load_config(),
            timeout=REQUEST_TIMEOUT_S,
        )


def _from_bucket(session: Session, table: str, uris: Sequence[str], job_id: str) -> LoadJob:
    return session.client.load_table_from_uri(
        list(uris),
        session.id_of(table),
        job_id=job_id,
        location=session.location,
        job_config=_load_config(),
        retry=session.retry,
        timeout=REQUEST_TIMEOUT_S,
    )


def _load_config() -> LoadJobConfig:
    """Into the table as it was made: types that were guessed from Parquet would make a TIMESTAMP of every
    DATETIME. Only an empty one is filled, so that even a job under another id could not load twice.
    """
    from google.cloud.bigquery import LoadJobConfig
    from google.cloud.bigquery.format_options import ParquetOptions

    options: Any = ParquetOptions()  # type: ignore[no-untyped-call]  # Google's own
    options.enable_list_inference = True
    return LoadJobConfig(
        source_format="PARQUET",
        create_disposition="CREATE_NEVER",
        write_disposition="WRITE_EMPTY",
        decimal_target_types=["NUMERIC", "BIGNUMERIC"],
        parquet_options=options,
    )


def _put(bucket: Bucket, name: str, path: Path) -> None:
    """The name tells the content: an object that is there already holds the same."""
    from google.api_core.exceptions import PreconditionFailed

    with translated(f"gs://{bucket.name}/{name}"), suppress(PreconditionFailed):
        bucket.blob(name).upload_from_filename(str(path), if_generation_match=0, timeout=REQUEST_TIMEOUT_S)


def _remove(bucket: Bucket, names: Sequence[str]) -> None:
    """They are of no more use. What cannot be removed now is left to the bucket's lifecycle."""
    with suppress(GoogleError), translated(f"gs://{bucket.name}"):
        for name in names:
            bucket.blob(name).delete(timeout=REQUEST_TIMEOUT_S)
