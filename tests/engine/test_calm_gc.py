from __future__ import annotations

import gc

from tidegate.engine.at_work import calm_gc


def test_the_collector_is_as_it_was_after_the_rows_are_built() -> None:
    was_frozen, before = gc.get_freeze_count(), gc.get_threshold()
    gc.unfreeze()
    try:
        with calm_gc():
            assert gc.get_threshold() > before
            assert gc.get_freeze_count() > 0
        assert gc.get_threshold() == before
        assert gc.get_freeze_count() == 0
    finally:
        if was_frozen:  # as the tests' own conftest.py left it
            gc.freeze()


def test_what_a_host_has_frozen_stays_frozen() -> None:
    gc.freeze()
    frozen = gc.get_freeze_count()
    with calm_gc():
        assert gc.get_freeze_count() == frozen
    assert gc.get_freeze_count() == frozen


def test_who_builds_side_by_side_may_end_in_any_order() -> None:
    """Runs in two threads of one host: the first to begin is not the last to end."""
    before, first, second = gc.get_threshold(), calm_gc(), calm_gc()
    first.__enter__()
    second.__enter__()
    calm = gc.get_threshold()
    first.__exit__(None, None, None)
    assert gc.get_threshold() == calm > before
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before
