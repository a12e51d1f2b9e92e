"""The floor: the read contract alone, over the bytes of the same pages. Run as `python -m bench.floor URL`.

Prints, as JSON, the CPU seconds of that step and how long fetching every page took by itself.
"""

from __future__ import annotations

import json
import sys
import time

from pydantic import TypeAdapter

from bench.pages import responses
from tidegate.connectors.brevo.schemas import ApiEvent

HEAD, TAIL = b'{"events":', b"}"


def main(events_url: str) -> None:
    adapter = TypeAdapter(list[ApiEvent])
    cpu_s, rows = 0.0, 0
    began = time.perf_counter()
    bodies = [response.content.removeprefix(HEAD).removesuffix(TAIL) for response in responses(events_url)]
    fetch_s = time.perf_counter() - began
    for body in bodies:
        before = time.process_time()
        models = adapter.validate_json(body)
        rows += len(models)
        del models
        cpu_s += time.process_time() - before
    print(json.dumps({"rows": rows, "cpu_s": cpu_s, "fetch_s": fetch_s}))


if __name__ == "__main__":
    main(*sys.argv[1:])
