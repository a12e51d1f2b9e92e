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
