"""Slices side by side: order, bounds, the failure that is told, and what becomes of lost slices."""

from __future__ import annotations

import threading

import pytest

from tidegate.engine.exceptions import LostSliceError, StoppedError
from tidegate.engine.side_by_side import AT_ONCE, ATTEMPTS, Attempt, SideBySide
from tidegate.http_tools.drivers import Stop
from tidegate.http_tools.exceptions import ClientClosedError
from tidegate.utils.errors import ExitCode, TidegateError

LONG_S = 60.0


def test_results_come_in_the_order_of_the_items_whichever_is_done_first() -> None:
    later = threading.Event()

    def work(number: int, item: str, _: Attempt) -> str:
        if number == 0:
            assert later.wait(LONG_S)
        if number == 2:
            later.set()
        return item * 2

    assert SideBySide("abcdef", work, Stop(), LONG_S).run() == ["aa", "bb", "cc", "dd", "ee", "ff"]


def test_only_a_few_are_under_way_at_once() -> None:
    lock, now, most = threading.Lock(), 0, 0
    crowd = threading.Barrier(AT_ONCE)

    def work(number: int, _: int, __: Attempt) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        crowd.wait(LONG_S)
        with lock:
            now -= 1

    SideBySide(range(AT_ONCE * 5), work, Stop(), LONG_S).run()
    assert most == AT_ONCE


def test_the_failure_told_is_that_of_the_first_item_though_a_later_one_fails_before_it() -> None:
    failed = threading.Event()

    def work(number: int, _: int, attempt: Attempt) -> None:
        if number == 1:
            assert failed.wait(LONG_S)
            raise TidegateError("one")
        if number == 2:
            failed.set()
            raise TidegateError("two")
        if number > 2:
            attempt.stop.sleep(LONG_S)  # cut: a slice before it has failed

    slices = SideBySide(range(100), work, Stop(), LONG_S)
    with pytest.raises(TidegateError, match="one"):
        slices.run()
    assert slices.failed == 1
    assert slices.results == {0: None}


def test_a_fault_in_the_code_is_told_at_once() -> None:
    tries: list[int] = []

    def work(number: int, _: int, __: Attempt) -> None:
        tries.append(number)
        if number == 1:
            raise ZeroDivisionError("oh")

    slices = SideBySide([7, 8], work, Stop(), LONG_S)
    with pytest.raises(ZeroDivisionError, match="oh"):
        slices.run()
    assert (tries.count(1), slices.failed) == (1, 1)


def test_a_slice_that_is_lost_again_and_again_is_worth_trying_again() -> None:
    tries: list[int] = []

    def work(number: int, _: int, attempt: Attempt) -> None:
        tries.append(number)
        attempt.heard(1)
        attempt.stop.sleep(LONG_S)

    with pytest.raises(LostSliceError, match=f"no answer came for 0.05 s, {ATTEMPTS} times") as caught:
        SideBySide([7], work, Stop(), 0.05).run()
    assert (len(tries), caught.value.exit_code) == (ATTEMPTS, ExitCode.TRY_AGAIN)


def test_an_attempt_that_hears_of_no_request_under_way_is_cut_and_run_again() -> None:
    tries: list[bool] = []

    def work(_: int, __: int, attempt: Attempt) -> str:
        tries.append(attempt.stop.is_set())
        if len(tries) < 3:
            attempt.heard(1)
            attempt.stop.sleep(LONG_S)
        return "done"

    assert SideBySide([7], work, Stop(), 0.05).run() == ["done"]
    assert tries == [False, False, False]


def test_waiting_in_line_for_a_quota_is_no_silence() -> None:
    elsewhere, waited = Stop(), threading.Event()

    def work(number: int, _: int, attempt: Attempt) -> None:
        if number == 0:
            attempt.heard(1)
            attempt.heard(-1)
            assert waited.wait(LONG_S)
            attempt.stop.check()
        elif not waited.is_set():
            attempt.heard(1)
            try:
                attempt.stop.sleep(LONG_S)
            finally:
                waited.set()

    SideBySide([0, 1], work, elsewhere, 0.05).run()


def test_a_run_that_is_stopped_begins_no_other_slice_and_cuts_those_under_way() -> None:
    stop, begun = Stop(), []

    def work(number: int, _: int, attempt: Attempt) -> None:
        begun.append(number)
        stop.set()
        attempt.stop.sleep(LONG_S)

    with pytest.raises((ClientClosedError, StoppedError)):
        SideBySide(range(100), work, stop, LONG_S).run()
    assert len(begun) <= AT_ONCE
