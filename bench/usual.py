"""The usual way: two models a row, pandas, one load. Run as `python -m bench.usual URL LISTING FILE`.

FILE ends with `.duckdb`, or with `.parquet`.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC
from pathlib import Path
from typing import Any, cast

import duckdb
import pandas as pd

from bench.pages import responses
from bench.scenes import Listing
from tidegate.connectors.brevo.schemas import ApiCampaign, ApiEvent
from tidegate.workflows.brevo.schemas import CleanCampaign, CleanEvent

CREATE = """
CREATE TABLE brevo_events (
    message_id VARCHAR NOT NULL, event_type VARCHAR NOT NULL, email VARCHAR NOT NULL, email_domain VARCHAR,
    occurred_at TIMESTAMPTZ NOT NULL, occurred_on DATE NOT NULL, subject VARCHAR, reason VARCHAR, tag VARCHAR,
    ip VARCHAR, link VARCHAR, sender VARCHAR, template_id BIGINT
)
"""


def main(url: str, listing: Listing, file: Path) -> None:
    make: Any = {"events": _event, "campaigns": _campaign}[listing]
    items = [item for response in responses(url, listing) for item in response.json()[listing]]
    rows = [make(item) for item in items]
    frame = pd.DataFrame([row.model_dump() for row in rows])
    if listing == "events":
        frame["occurred_at"] = pd.to_datetime(frame["occurred_at"], utc=True)
        frame["template_id"] = frame["template_id"].astype("Int64")
    if file.suffix == ".parquet":
        frame.to_parquet(file)
    else:
        _load(frame, listing, file)
    print(json.dumps({"rows": len(frame)}))


def _load(frame: pd.DataFrame, listing: Listing, file: Path) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("frame", frame)
        if listing == "events":
            connection.execute(CREATE)
            connection.execute("INSERT INTO brevo_events SELECT * FROM frame")
        else:
            connection.execute("CREATE TABLE brevo_campaigns AS SELECT * FROM frame")


def _event(item: dict[str, Any]) -> CleanEvent:
    event = ApiEvent(**item)
    return CleanEvent(
        message_id=event.message_id,
        event_type=event.event,
        email=event.email,
        email_domain=event.email.rpartition("@")[2].lower() if "@" in event.email else None,
        occurred_at=event.date,
        occurred_on=event.date.astimezone(UTC).date(),
        subject=event.subject,
        reason=event.reason,
        tag=event.tag,
        ip=event.ip,
        link=event.link,
        sender=event.from_,
        template_id=event.template_id,
    )


def _campaign(item: dict[str, Any]) -> CleanCampaign:
    campaign = ApiCampaign(**item)
    stats = campaign.statistics.global_stats
    counts = stats.model_dump() if stats else {}
    return CleanCampaign(
        campaign_id=campaign.id,
        name=campaign.name,
        type=campaign.type.lower(),
        status=campaign.status,
        subject=campaign.subject,
        subject_a=campaign.subject_a,
        subject_b=campaign.subject_b,
        tag=campaign.tag,
        sender_id=campaign.sender.id,
        sender_name=campaign.sender.name,
        sender_email=campaign.sender.email,
        list_ids=campaign.recipients.lists,
        excluded_list_ids=campaign.recipients.exclusion_lists,
        created_at=campaign.created_at,
        modified_at=campaign.modified_at,
        scheduled_at=campaign.scheduled_at,
        sent_at=campaign.sent_date,
        opens=counts.get("viewed"),
        unique_opens=counts.get("unique_views"),
        trackable_opens=counts.get("trackable_views"),
        estimated_opens=counts.get("estimated_views"),
        clicks=counts.get("clickers"),
        **{name: counts.get(name) for name in _SAME},
    )


_SAME = ("sent", "delivered", "deferred", "soft_bounces", "hard_bounces", "apple_mpp_opens", "unique_clicks",
         "unsubscriptions", "complaints")  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], cast("Listing", sys.argv[2]), Path(sys.argv[3]))
