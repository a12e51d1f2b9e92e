"""Brevo's quotas: one limiter for each of the vendor's buckets.

Figures: Brevo API documentation on rate limits, default tier. A client cannot keep a server's window to the
last request (the network bunches what was spaced), so 90 % of each limit is used, and the vendor's own count
in the `x-sib-ratelimit-*` headers is obeyed on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tidegate.http_tools.grants import GrantStore
from tidegate.http_tools.rate_limiters import (
    BaseRateLimiter,
    CompositeLimiter,
    HeaderRateLimiter,
    RouteLimiter,
    SlidingWindowLimiter,
)

HEADER_PREFIX = "x-sib-ratelimit"
SHARE = 0.9
# Grants of longer windows than this outlive the process.
KEPT_FROM_S = 60.0


@dataclass(frozen=True, slots=True)
class Quota:
    """So many requests in any window of so many seconds, shared by the routes of a bucket."""

    bucket: str
    limit: int
    window_s: float

    def scaled(self, factor: float) -> Quota:
        """The quota of an account whose rate is `factor` times as high, in a window as much shorter.

        No window gets shorter than a second: below that the limit grows instead.
        """
        window_s = max(1.0, self.window_s / factor)
        limit = self.limit * factor * window_s / self.window_s + 1e-9  # so that 99.99999 counts as 100
        return Quota(self.bucket, max(1, int(limit)), window_s)

    def __str__(self) -> str:
        per = {1.0: "a second", 3600.0: "an hour"}.get(self.window_s, f"in {self.window_s:g} s")
        return f"{self.limit} {per}"


SMTP, CONTACTS, OTHER = "smtp", "contacts", "other"
DEFAULT_QUOTAS = (
    Quota(SMTP, 300, 3600.0),
    Quota(CONTACTS, 10, 1.0),
    Quota(CONTACTS, 36_000, 3600.0),
    Quota(OTHER, 100, 3600.0),
)


class BrevoRateLimiter(RouteLimiter):
    """Routes each request to the limiter of its bucket.

    `factor` is the account's rate over the default tier's. With a `store`, grants of windows over a minute
    are kept there under `account` (origin and credential) and bucket, so that the next process counts them.
    """

    def __init__(
        self,
        base_path: str = "/v3",
        *,
        factor: float = 1.0,
        store: GrantStore | None = None,
        account: str = "",
        quotas: Sequence[Quota] = DEFAULT_QUOTAS,
    ) -> None:
        scaled = [quota.scaled(factor) for quota in quotas]
        smtp, contacts, other = (
            _limiter([quota for quota in scaled if quota.bucket == bucket], store, account)
            for bucket in (SMTP, CONTACTS, OTHER)
        )
        super().__init__({"/smtp/**": smtp, "/contacts/**": contacts}, default=other, base_path=base_path)


def _limiter(quotas: list[Quota], store: GrantStore | None, account: str) -> BaseRateLimiter:
    windows = [
        SlidingWindowLimiter(
            max(1, int(quota.limit * SHARE)),
            quota.window_s,
            store=store if quota.window_s > KEPT_FROM_S else None,
            quota=f"{account}|{quota.bucket}|{quota.window_s:g}",
        )
        for quota in quotas
    ]
    return CompositeLimiter([HeaderRateLimiter(HEADER_PREFIX), *windows])
