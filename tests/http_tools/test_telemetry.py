"""OpenTelemetry spans and metrics, read back from the SDK's in-memory exporters."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan, ProxyTracerProvider

from tests.http_tools.driving import Driver, at_once
from tests.http_tools.loopback import Answer, Loopback, as_json
from tidegate.contracts.base import ReadContract
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.http_tools.events import Answered, Sent
from tidegate.http_tools.exceptions import NetworkError, NotFoundError, ServerError
from tidegate.http_tools.pagination import OffsetPaginator
from tidegate.http_tools.rate_limiters import SlidingWindowLimiter
from tidegate.http_tools.telemetry import OpenTelemetryListener
from tidegate.utils.errors import SettingsError


class ApiRow(ReadContract):
    id: int


@dataclass
class Collected:
    """What the SDK was given."""

    listener: OpenTelemetryListener
    tracers: TracerProvider
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def metrics(self) -> dict[str, list[Any]]:
        data = self.reader.get_metrics_data()
        assert data is not None
        return {
            metric.name: list(metric.data.data_points)
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.fixture
def collected() -> Collected:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    meters = MeterProvider([reader], shutdown_on_exit=False)
    return Collected(
        OpenTelemetryListener(tracer_provider=tracers, meter_provider=meters), tracers, exporter, reader
    )


def test_a_request_is_a_client_span_by_the_standard_names(
    driver: Driver, server: Loopback, collected: Collected
) -> None:
    client = driver.client(server.url, listeners=[collected.listener])
    driver.request(client, "GET", "/items", params={"email": "someone@example.com"})
    (span,) = collected.spans
    port = int(server.url.rpartition(":")[2])
    assert (span.name, span.kind.name) == ("GET", "CLIENT")
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": port,
        "url.full": f"{server.url}/items",
    }
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.start_time < span.end_time
    assert span.status.is_unset


def test_a_retry_is_a_span_of_its_own_that_counts_resends(
    driver: Driver, server: Loopback, collected: Collected
) -> None:
    server.script(Answer(status=503), Answer())
    driver.request(driver.client(server.url, listeners=[collected.listener]), "GET", "/items")
    first, second = (dict(span.attributes or {}) for span in collected.spans)
    assert first["error.type"] == "503"
    assert "http.request.resend_count" not in first
    assert second["http.request.resend_count"] == 1
    assert [point.value for point in collected.metrics()["tidegate.http.retries"]] == [1]


def test_an_error_status_and_a_broken_connection_mark_the_span(
    server: Loopback, collected: Collected
) -> None:
    server.script(Answer(status=404), Answer(hang_up=True))
    with SyncHttpClient(server.url, listeners=[collected.listener]) as client:
        with pytest.raises(NotFoundError):
            client.request("GET", "/a")
        with pytest.raises(NetworkError):
            client.request("POST", "/b")
    missing, broken = collected.spans
    assert (missing.attributes or {})["error.type"] == "404"
    assert (broken.attributes or {})["error.type"] in ("ReadError", "RemoteProtocolError")
    assert "http.response.status_code" not in (broken.attributes or {})
    assert not missing.status.is_ok
    assert not missing.status.is_unset


def test_durations_are_a_histogram_in_seconds_by_method_server_and_status(
    server: Loopback, collected: Collected
) -> None:
    limiter = SlidingWindowLimiter(1, 0.02)
    with SyncHttpClient(server.url, rate_limiter=limiter, listeners=[collected.listener]) as client:
        client.request("GET", "/a")
        client.request("GET", "/b")
    metrics = collected.metrics()
    (point,) = metrics["http.client.request.duration"]
    assert point.count == 2
    assert point.explicit_bounds[0] == 0.005
    assert point.attributes["http.response.status_code"] == 200
    assert "url.full" not in point.attributes
    assert metrics["tidegate.http.quota.wait"][0].count >= 1


def test_pages_fetched_ahead_on_other_threads_have_the_callers_span_as_parent(
    server: Loopback, collected: Collected
) -> None:
    server.by = lambda seen: as_json([{"id": n} for n in range(int(seen.query["offset"]), 30)][:10])
    tracer = collected.tracers.get_tracer("test")
    with SyncHttpClient(server.url, listeners=[collected.listener]) as client:
        call = client.pages("GET", "/rows", reads=ApiRow, paginator=OffsetPaginator(10, overlap=0))
        with tracer.start_as_current_span("the extract") as parent:
            assert len(call.json()) == 30
        trace_id = parent.get_span_context().trace_id
    assert {span.context.trace_id for span in collected.spans if span.context} == {trace_id}


def test_a_method_that_is_not_standard_makes_no_series_of_its_own(
    driver: Driver, server: Loopback, collected: Collected
) -> None:
    server.by = lambda _: Answer(status=501)  # of the loopback server itself
    client = driver.client(server.url, listeners=[collected.listener], retry_strategy=at_once(1))
    with pytest.raises(ServerError):
        driver.request(client, "PURGE", "/items")
    (span,) = collected.spans
    attributes = dict(span.attributes or {})
    assert (span.name, attributes["http.request.method"]) == ("HTTP", "_OTHER")
    assert attributes["http.request.method_original"] == "PURGE"
    (point,) = collected.metrics()["http.client.request.duration"]
    assert point.attributes["http.request.method"] == "_OTHER"
    assert "PURGE" not in str(point.attributes)


def test_retries_are_counted_by_status_and_not_by_the_text_of_an_error(
    server: Loopback, collected: Collected
) -> None:
    server.script(Answer(status=503), Answer(hang_up=True), Answer())
    with SyncHttpClient(server.url, listeners=[collected.listener], retry_strategy=at_once()) as client:
        client.request("GET", "/a")
    points = collected.metrics()["tidegate.http.retries"]
    assert sorted((dict(point.attributes) for point in points), key=str) == [{"error.type": "503"}, {}]


@pytest.mark.parametrize("sdk", [False, True])
def test_a_span_is_made_where_an_sdk_is_set_for_all_and_only_there(
    monkeypatch: pytest.MonkeyPatch, sdk: bool
) -> None:
    made: list[str] = []

    class Tracers(ProxyTracerProvider):
        def get_tracer(self, *_: Any, **__: Any) -> Any:
            return self

        def start_span(self, name: str, **_: Any) -> Any:
            made.append(name)
            return NonRecordingSpan(INVALID_SPAN_CONTEXT)

    class Sdk:
        get_tracer, start_span = Tracers.get_tracer, Tracers.start_span

    provider = Sdk() if sdk else Tracers()
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: provider)
    sent = Sent("GET /a", "GET", "https://api.example.com/a")
    OpenTelemetryListener()(Answered("GET /a", 200, 2, 0.0, 0.1, sent))
    assert made == (["GET"] if sdk else [])


def test_a_missing_library_is_told_with_its_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(SettingsError) as caught:
        OpenTelemetryListener()
    assert caught.value.hint == "pip install 'tidegate[otel]'"


def test_a_client_without_the_listener_never_imports_it() -> None:
    code = "import sys, tidegate.http_tools.clients; print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
