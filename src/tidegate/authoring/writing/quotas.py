"""What the names of an API's quota headers begin with."""

from __future__ import annotations

import re

from tidegate.authoring.description import Api

_REMAINING = re.compile(r"(.*?)-?remaining", re.IGNORECASE)


def header_prefix(api: Api) -> str | None:
    """`x-ratelimit` of `X-RateLimit-Remaining`, where the file mentions such a header."""
    for endpoint in api.endpoints:
        for name in endpoint.response_headers:
            found = _REMAINING.fullmatch(name)
            if found and found[1]:
                return found[1].lower()
    return None
