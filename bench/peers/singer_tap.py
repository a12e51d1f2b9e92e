"""A tap of singer-sdk, alone: it writes messages, and nothing loads them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BaseOffsetPaginator
from source import HEADERS, Messages, Source, tell

SOURCE = Source.typed()
_TEXT = ("event", "email", "messageId", "subject", "reason", "tag", "ip", "link", "from")
_NESTED = ("sender", "recipients", "statistics")
SCHEMAS = {
    "events": [
        *(th.Property(name, th.StringType) for name in _TEXT),
        th.Property("date", th.DateTimeType),
        th.Property("templateId", th.IntegerType),
    ],
    "campaigns": [
        th.Property("id", th.IntegerType),
        *(th.Property(name, th.StringType) for name in ("name", "type", "status", "subject", "tag")),
        *(th.Property(name, th.ObjectType(additional_properties=True)) for name in _NESTED),
        *(th.Property(name, th.DateTimeType) for name in ("createdAt", "modifiedAt", "sentDate")),
    ],
}


class Pages(BaseOffsetPaginator):
    def has_more(self, response: Any) -> bool:
        return bool(response.json().get(SOURCE.listing))


class Rows(RESTStream[int]):
    name = SOURCE.listing
    path = SOURCE.path
    records_jsonpath = f"$.{SOURCE.listing}[*]"
    url_base = SOURCE.base_url
    schema = th.PropertiesList(*SCHEMAS[SOURCE.listing]).to_dict()
    http_headers = HEADERS

    def get_new_paginator(self) -> Pages:
        return Pages(start_value=0, page_size=SOURCE.limit)

    def get_url_params(self, _: Mapping[str, Any] | None, next_page_token: int | None) -> dict[str, Any]:
        return {**SOURCE.params, "limit": SOURCE.limit, "offset": next_page_token or 0}


class BenchTap(Tap):
    name = "tap-bench"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self) -> list[Rows]:
        return [Rows(self)]


if __name__ == "__main__":
    sys.stdout = messages = Messages()  # type: ignore[assignment]
    BenchTap(config={}, parse_env_config=False).sync_all()
    tell(messages.records)
