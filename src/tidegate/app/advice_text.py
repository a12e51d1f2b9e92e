"""The schedule advice of `show`, for a person."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.app.text import duration
from tidegate.engine.advice import Advice, Estimate
from tidegate.engine.history import Past


def advice_lines(advice: Advice) -> Iterator[tuple[str, str]]:
    """Label and text, a line each."""
    for number, rate in enumerate(advice.rates):
        yield ("" if number else "asks at most"), str(rate)
    if advice.shared:
        yield "shared with", ", ".join(advice.shared)
    if advice.page_rows is not None:
        yield "a page", f"brings {advice.page_rows:,} new rows at most"
    if advice.past is not None:
        yield "earlier runs", _past(advice.past)
    yield "first run", _run(advice.first)
    yield "a run", _run(advice.later)
    often = _often(advice.later)
    if often:
        yield "how often", often
    yield "assumed", "; ".join(_assumed(advice))
    for each in advice.unknown:
        yield "not known", each


def _past(past: Past) -> str:
    runs = "the last one" if past.runs == 1 else f"medians of the last {past.runs}"
    took = "" if past.seconds is None else f", {duration(past.seconds)}"
    figures = f"{past.requests:,.0f} requests, {past.pages:,.0f} pages, {past.rows:,.0f} rows"
    return f"{figures}{took} ({runs}, since {past.since:%Y-%m-%d})"


def _run(run: Estimate) -> str:
    if run.slices is None or run.requests is None:
        return "is not known in size"
    slices = "1 slice" if run.slices == 1 else f"{run.slices:,} slices"
    requests = "1 request" if run.requests == 1 else f"{run.requests:,} requests"
    told = f"{requests} or more (one a page)" if run.at_least else f"about {requests}"
    return f"{slices}: {told}{_time(run)}"


def _time(run: Estimate) -> str:
    if run.waits_s is None:
        return ""
    waits = f"{duration(run.waits_s)} of waiting for the quota" if run.waits_s else "no waiting for the quota"
    return f", {waits}" + ("" if run.takes_s is None else f", {duration(run.takes_s)} in all")


def _often(run: Estimate) -> str:
    if run.apart_s is None:
        return ""
    if not run.apart_s:
        return "as often as you like: no quota is declared"
    least = ", if a page is enough for each slice" if run.at_least else ""
    return f"every {duration(run.apart_s)} and no oftener{least}"


def _assumed(advice: Advice) -> Iterator[str]:
    if advice.rates:
        yield "nobody else uses this quota" + (", nor do those tasks" if advice.shared else "")
    elif advice.first.waits_s is not None:
        yield "no quota is declared"
    yield "later runs are like the earlier ones" if advice.past else "a run a day"
