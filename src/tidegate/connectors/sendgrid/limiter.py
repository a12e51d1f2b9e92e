"""SendGrid's quotas: every endpoint has one of its own, told in the headers `X-RateLimit-*`.

The vendor's own count is followed, endpoint by endpoint; its reset is in epoch seconds. One figure is known
beforehand, that of `/v3/messages`: 6 requests a minute, of which 5 are used, since the network bunches what
was spaced.
"""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.http_tools.grants import GrantStore
from tidegate.http_tools.rate_limiters import (
    BaseRateLimiter,
    CompositeLimiter,
    HeaderRateLimiter,
    RouteLimiter,
    SlidingWindowLimiter,
)

HEADER_PREFIX = "x-ratelimit"
SHARE = 0.9
MESSAGES = "/v3/messages"
# Each has a quota of its own; what is not named here shares one count.
ENDPOINTS = (
    "/v3/campaigns",
    "/v3/categories",
    "/v3/categories/stats",
    "/v3/marketing/contacts/exports/**",
    "/v3/marketing/lists",
    "/v3/marketing/singlesends",
    "/v3/marketing/stats/singlesends",
    "/v3/stats",
    "/v3/suppression/blocks",
    "/v3/suppression/bounces",
    "/v3/suppression/invalid_emails",
    "/v3/suppression/spam_reports",
    "/v3/suppression/unsubscribes",
    "/v3/templates",
)


@dataclass(frozen=True, slots=True)
class Quota:
    """So many requests in any window of so many seconds."""

    limit: int
    window_s: float

    def scaled(self, factor: float) -> Quota:
        """The quota of an account whose rate is `factor` times as high, in a window as much shorter.

        No window gets shorter than a second: below that the limit grows instead.
        """
        window_s = max(1.0, self.window_s / factor)
        limit = self.limit * factor * window_s / self.window_s + 1e-9  # so that 5.99999 counts as 6
        return Quota(max(1, int(limit)), window_s)

    def __str__(self) -> str:
        return f"{self.limit} a minute" if self.window_s == 60 else f"{self.limit} in {self.window_s:g} s"


MESSAGES_QUOTA = Quota(6, 60.0)


class SendGridRateLimiter(RouteLimiter):
    """Follows the count that the vendor tells of each endpoint.

    `factor` is the account's rate over the default tier's. With a `store`, requests for messages are kept
    there under `account` (origin, credential, subuser), so that the next process counts them.
    """

    def __init__(
        self,
        base_path: str = "",
        *,
        factor: float = 1.0,
        store: GrantStore | None = None,
        account: str = "",
        messages: Quota = MESSAGES_QUOTA,
    ) -> None:
        known = messages.scaled(factor)
        window = SlidingWindowLimiter(
            max(1, int(known.limit * SHARE)),
            known.window_s,
            store=store,
            quota=f"{account}|messages|{known.window_s:g}",
        )
        routes: dict[str, BaseRateLimiter] = {path: HeaderRateLimiter(HEADER_PREFIX) for path in ENDPOINTS}
        routes[MESSAGES] = CompositeLimiter([HeaderRateLimiter(HEADER_PREFIX), window])
        super().__init__(routes, default=HeaderRateLimiter(HEADER_PREFIX), base_path=base_path)
