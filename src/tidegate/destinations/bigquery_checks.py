"""Whether a dataset can be written as it is asked for: found out before anything is fetched."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from tidegate.destinations.bigquery_jobs import REQUEST_TIMEOUT_S, Session
from tidegate.destinations.exceptions import DestinationError
from tidegate.utils.gcp_errors import translated

# What a location lies in, by the beginning of its name.
_CONTINENTS = {"europe": "EU", "eu": "EU", "us": "US", "northamerica": "US"}


def found(session: Session) -> Session:
    """The session with what is known of the dataset. Jobs elsewhere would see nothing of it.

    Raises `DestinationError` where it is in another location than the one asked for.
    """
    from google.api_core.exceptions import NotFound

    place = session.place
    with session.about():
        try:
            dataset = session.client.get_dataset(
                f"{place.project}.{place.dataset}", retry=session.retry, timeout=REQUEST_TIMEOUT_S
            )
        except NotFound as error:
            if "Not found: Dataset" not in str(error):
                raise
            return session
    if place.location is not None and dataset.location.upper() != place.location.upper():
        raise DestinationError(
            f"{place.label} is in {dataset.location}, not in {place.location}",
            hint=f"write ?location={dataset.location}; a dataset cannot be moved, but it can be copied",
        )
    return replace(session, location=dataset.location, exists=True)


def check_place(session: Session) -> None:
    """Raise where the dataset cannot be made, or nothing could be loaded from the bucket for staging."""
    place = session.place
    if session.location is None:
        raise DestinationError(
            f"{place.label} is not there, and nothing says where it should be",
            hint=f"name a location, which cannot be changed later: {replace(place, location='EU').spelled}",
        )
    if not session.exists:
        with session.about():  # a project that is not there, or that may not be seen
            list(session.client.list_datasets(place.project, max_results=1, retry=session.retry))
    if place.staging is not None:
        _check_bucket(session, place.staging[0])


def _check_bucket(session: Session, name: str) -> None:
    """Who may use the objects of a bucket may not always look at the bucket: then the load will tell."""
    from google.api_core.exceptions import Forbidden

    from tidegate.utils.gcp_clients import storage_client

    with closing(storage_client(session.place.project)) as client, translated(f"bucket gs://{name}"):
        try:
            where = client.get_bucket(name, timeout=REQUEST_TIMEOUT_S).location
        except Forbidden:
            return
    if where is not None and not may_load(where, session.location or ""):
        raise DestinationError(
            f"bucket gs://{name} is in {where}, and {session.place.label} in {session.location}",
            hint="BigQuery loads from a bucket near the dataset: name one in staging=gs://...",
        )


def may_load(bucket: str, dataset: str) -> bool:
    """Whether BigQuery loads from a bucket in one location into a dataset in another.

    Into the US from everywhere, else from the same region or continent; of what is not known here, BigQuery
    decides. https://cloud.google.com/bigquery/docs/batch-loading-data#data-locations
    """
    bucket, dataset = bucket.lower(), dataset.lower()
    if dataset in {"us", bucket}:
        return True
    ours, theirs = _continent(dataset), _continent(bucket)
    return ours is None or theirs is None or ours == theirs


def _continent(location: str) -> str | None:
    return _CONTINENTS.get(location.partition("-")[0].rstrip("0123456789"))
