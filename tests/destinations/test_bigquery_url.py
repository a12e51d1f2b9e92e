"""What a person types for a dataset of BigQuery, and what is told where it is wrong."""

from __future__ import annotations

import pytest

from tidegate.destinations.bigquery import BigQueryDestination
from tidegate.destinations.bigquery_checks import may_load
from tidegate.destinations.bigquery_url import Place, parse
from tidegate.destinations.registry import open_destination
from tidegate.utils.errors import UsageError

WHOLE = (
    "bigquery://example.com:my-project-1/sales_eu?location=europe-west9&staging=gs://my-bucket/a/b/"
    "&max_bytes_billed=1.5TB&default_expiry=60d"
)


def test_every_part_is_read() -> None:
    assert parse(WHOLE) == Place(
        "example.com:my-project-1",
        "sales_eu",
        location="europe-west9",
        staging=("my-bucket", "a/b"),
        max_bytes_billed=1_500_000_000_000,
        default_expiry_ms=60 * 86_400_000,
    )


@pytest.mark.parametrize("spec", [WHOLE, "bigquery://p1/d1", "bigquery://p1/d1/?staging=gs://bkt"])
def test_what_it_is_called_names_the_same_place(spec: str) -> None:
    place = parse(spec)
    assert parse(place.spelled) == place


def test_the_registry_opens_it_and_its_settings_are_not_its_identity() -> None:
    one, other = open_destination("bigquery://p1/d1"), open_destination("bigquery://p1/d1?location=EU")
    assert isinstance(one, BigQueryDestination)
    assert one.identity == other.identity == "bigquery:p1.d1"
    assert one.name == "bigquery://p1/d1"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("bigquery:p1/d1", "names no project and dataset"),
        ("bigquery://p1", "names no project and dataset"),
        ("bigquery://p1/d1#x", "names no project and dataset"),
        ("bigquery://My Project/d1", "'My Project' is no id of a project"),
        ("bigquery://p1/d-1", "'d-1' is no dataset"),
        ("bigquery://p1/d1/t1", "'d1/t1' is no dataset"),
        ("bigquery://p1/d1?locaton=EU", "unknown setting locaton; known: location, staging"),
        ("bigquery://p1/d1?location=EU&location=US", "gives location twice"),
        ("bigquery://p1/d1?location=", "'' is no location"),
        ("bigquery://p1/d1?staging=s3://bucket", "'s3://bucket' is no gs://bucket/prefix"),
        ("bigquery://p1/d1?staging=gs://Bucket", "is no gs://bucket/prefix"),
        ("bigquery://p1/d1?max_bytes_billed=lots", "'lots' is no size"),
        ("bigquery://p1/d1?max_bytes_billed=0", "'0' is no size"),
        ("bigquery://p1/d1?default_expiry=1m", "'1m' is no time such as 60d"),
    ],
)
def test_what_is_wrong_is_told_with_the_form(spec: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        parse(spec)
    assert "bigquery://project/dataset?location=EU" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("bucket", "dataset", "fits"),
    [
        ("EU", "eu", True),
        ("EUROPE-WEST1", "EU", True),
        ("EUROPE-WEST1", "europe-west9", True),
        ("EUR4", "EU", True),
        ("ASIA-EAST1", "US", True),
        ("US", "EU", False),
        ("US-CENTRAL1", "europe-west9", False),
        ("NAM4", "asia-east1", True),  # of what is not known here, BigQuery decides
    ],
)
def test_a_bucket_on_another_continent_is_of_no_use(bucket: str, dataset: str, fits: bool) -> None:
    assert may_load(bucket, dataset) is fits
