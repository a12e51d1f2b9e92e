"""OpenTelemetry, for who asks for it: a listener that makes spans and metrics of the events of requests.

Names are those of the semantic conventions for HTTP clients, version 1.23 and later
(https://opentelemetry.io/docs/specs/semconv/http/): stable ones only, beside our two for waits and retries.
Nothing of OpenTelemetry is imported before a listener is made.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tidegate.http_tools.events import Answered, Event, Failed, Retrying, Sent, Waiting
from tidegate.utils.errors import SettingsError
from tidegate.utils.version import __version__

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

Attributes = dict[str, str | int]

# Other methods are told as _OTHER, so that they do not multiply time series.
_METHODS = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}
)
_PORTS = {"http": 80, "https": 443}
# The bounds that the conventions recommend, in seconds.
_BOUNDS_S = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]


class OpenTelemetryListener:
    """Give it to a client: `SyncHttpClient(..., listeners=[OpenTelemetryListener()])`.

    Each request that is sent (a retry is one of its own) becomes a client span and counts in
    `http.client.request.duration` (seconds). `url.full` has no query. Beside them
    `tidegate.http.quota.wait` (seconds) and `tidegate.http.retries`. Without providers the global ones are
    used; where no SDK has set one, no span is made at all. A span's parent is
    the span that is current where the call was begun; no trace header goes to the vendor. Raises
    `SettingsError` where `opentelemetry-api` is not installed.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError as error:
            raise SettingsError(
                "OpenTelemetry is not installed", hint="pip install 'tidegate[otel]'"
            ) from error
        self._trace = trace
        self._tracer = trace.get_tracer("tidegate.http", __version__, tracer_provider)
        self._is_recording: Callable[[], bool] = lambda: tracer_provider is not None or _is_set(trace)
        meter = metrics.get_meter("tidegate.http", __version__, meter_provider)
        self._duration = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_BOUNDS_S,
        )
        self._wait = meter.create_histogram(
            "tidegate.http.quota.wait", unit="s", description="Waits for a quota, each as it was begun."
        )
        self._retries = meter.create_counter(
            "tidegate.http.retries", unit="{retry}", description="Attempts that follow a failed one."
        )

    def __call__(self, event: Event) -> None:
        match event:
            case Answered(sent=Sent() as sent, status_code=status):
                outcome: Attributes = {"http.response.status_code": status}
                if status >= 400:
                    outcome["error.type"] = str(status)
                self._ended(sent, event.duration_s, outcome)
            case Failed(sent=Sent() as sent):
                self._ended(sent, event.duration_s, {"error.type": event.failure})
            case Waiting(seconds=seconds):
                self._wait.record(seconds)
            case Retrying(failure=failure):
                # a status or nothing: an error's text would make a time series of its own
                self._retries.add(1, {"error.type": failure} if failure.isdigit() else {})
            case _:
                pass

    def _ended(self, sent: Sent, duration_s: float, outcome: Attributes) -> None:
        url = urlsplit(sent.url)
        common: Attributes = {
            "http.request.method": sent.method if sent.method in _METHODS else "_OTHER",
            "server.address": url.hostname or "",
            "server.port": url.port or _PORTS.get(url.scheme, 0),
            **outcome,
        }
        self._duration.record(duration_s, common)
        if self._is_recording():
            self._span(sent, duration_s, common)

    def _span(self, sent: Sent, duration_s: float, common: Attributes) -> None:
        ended = time.time_ns()
        attributes: dict[str, Any] = {**common, "url.full": sent.url}
        if sent.resend:
            attributes["http.request.resend_count"] = sent.resend
        if common["http.request.method"] == "_OTHER":
            attributes["http.request.method_original"] = sent.method
        method = common["http.request.method"]
        span = self._tracer.start_span(
            "HTTP" if method == "_OTHER" else str(method),
            kind=self._trace.SpanKind.CLIENT,
            attributes=attributes,
            start_time=ended - int(duration_s * 1e9),
        )
        if "error.type" in common:
            span.set_status(self._trace.StatusCode.ERROR)
        span.end(ended)


def _is_set(trace: Any) -> bool:
    """Whether somebody has set a provider; a span of the API alone costs 46 microseconds for nothing."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
