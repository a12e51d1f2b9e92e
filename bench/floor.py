"""The floor: the read contract alone, over the bytes of the same pages. `python -m bench.floor URL LISTING`.

Prints, as JSON, the CPU seconds of that step (the garbage collector as it comes) and how long fetching every
page took by itself, one after the other.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, cast

import orjson
from pydantic import TypeAdapter

from bench.pages import responses
from bench.scenes import Listing
from tidegate.connectors.brevo.schemas import ApiCampaign, ApiEvent


def main(url: str, listing: Listing) -> None:
    model: Any = {"events": ApiEvent, "campaigns": ApiCampaign}[listing]
    adapter = TypeAdapter(list[model])
    cpu_s, rows = 0.0, 0
    began = time.perf_counter()
    bodies = [response.content for response in responses(url, listing)]
    fetch_s = time.perf_counter() - began
    for body in [_rows(body, listing) for body in bodies]:
        before = time.process_time()
        models = adapter.validate_json(body)
        rows += len(models)
        del models
        cpu_s += time.process_time() - before
    print(json.dumps({"rows": rows, "cpu_s": cpu_s, "fetch_s": fetch_s}))


def _rows(body: bytes, listing: Listing) -> bytes:
    """The array in the envelope, as it came where nothing follows it."""
    head = f'{{"{listing}":'.encode()
    if body.endswith(b"]}"):
        return body.removeprefix(head).removesuffix(b"}")
    return orjson.dumps(orjson.loads(body)[listing])


if __name__ == "__main__":
    main(sys.argv[1], cast("Listing", sys.argv[2]))
