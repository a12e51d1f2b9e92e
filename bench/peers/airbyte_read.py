"""A source of airbyte-cdk from its declarative manifest: `read` alone, and nothing loads the messages."""

from __future__ import annotations

import logging
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import (
    AirbyteStream,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
)
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource
from source import HEADERS, Messages, Source, tell


def manifest(source: Source) -> dict[str, Any]:
    return {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": [source.listing]},
        "streams": [
            {
                "type": "DeclarativeStream",
                "name": source.listing,
                "primary_key": [],
                "schema_loader": {
                    "type": "InlineSchemaLoader",
                    "schema": {"type": "object", "additionalProperties": True, "properties": {}},
                },
                "retriever": {
                    "type": "SimpleRetriever",
                    "requester": {
                        "type": "HttpRequester",
                        "url_base": source.base_url,
                        "path": source.path,
                        "http_method": "GET",
                        "request_headers": HEADERS,
                        "request_parameters": source.params,
                    },
                    "record_selector": {
                        "type": "RecordSelector",
                        "extractor": {"type": "DpathExtractor", "field_path": [source.listing]},
                    },
                    "paginator": {
                        "type": "DefaultPaginator",
                        "page_size_option": {
                            "type": "RequestOption",
                            "inject_into": "request_parameter",
                            "field_name": "limit",
                        },
                        "page_token_option": {
                            "type": "RequestOption",
                            "inject_into": "request_parameter",
                            "field_name": "offset",
                        },
                        "pagination_strategy": {"type": "OffsetIncrement", "page_size": source.limit},
                    },
                },
            }
        ],
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
    }


def main(source: Source) -> None:
    catalog = ConfiguredAirbyteCatalog(
        streams=[
            ConfiguredAirbyteStream(
                stream=AirbyteStream(
                    name=source.listing, json_schema={}, supported_sync_modes=[SyncMode.full_refresh]
                ),
                sync_mode=SyncMode.full_refresh,
                destination_sync_mode=DestinationSyncMode.append,
            )
        ]
    )
    api = ConcurrentDeclarativeSource(catalog=catalog, config={}, state=[], source_config=manifest(source))
    out = Messages()
    for message in api.read(logging.getLogger("airbyte"), {}, catalog, []):
        out.write(AirbyteEntrypoint.airbyte_message_to_string(message))
    tell(out.records)


if __name__ == "__main__":
    main(Source.typed())
