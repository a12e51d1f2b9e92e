"""The usual way: two models a row, pandas, one load. Run as `python -m bench.usual URL FILE`."""

from __future__ import annotations

import sys

import duckdb
import pandas as pd

from bench.pages import responses
from tidegate.connectors.brevo.schemas import ApiEvent
from tidegate.workflows.brevo.transform import to_clean_event

CREATE = """
CREATE TABLE brevo_events (
    message_id VARCHAR NOT NULL, event_type VARCHAR NOT NULL, email VARCHAR NOT NULL, email_domain VARCHAR,
    occurred_at TIMESTAMPTZ NOT NULL, occurred_on DATE NOT NULL, subject VARCHAR, reason VARCHAR, tag VARCHAR,
    ip VARCHAR, link VARCHAR, sender VARCHAR, template_id BIGINT
)
"""


def main(events_url: str, file: str) -> None:
    items = [item for response in responses(events_url) for item in response.json()["events"]]
    rows = [to_clean_event(ApiEvent(**item)) for item in items]  # it makes CleanEvent(**...)
    frame = pd.DataFrame([row.model_dump() for row in rows])
    frame["occurred_at"] = pd.to_datetime(frame["occurred_at"], utc=True)
    frame["template_id"] = frame["template_id"].astype("Int64")
    with duckdb.connect(file) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(CREATE)
        connection.execute("INSERT INTO brevo_events SELECT * FROM frame")


if __name__ == "__main__":
    main(*sys.argv[1:])
