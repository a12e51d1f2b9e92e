"""The three-way merge of a text: what was generated last, what a hand made of it, what is new."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.authoring.merging.combining import python, side_by_side
from tidegate.authoring.merging.lines import Combine, merge_text

lines = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "d\n"]), max_size=8)
texts = lines.map("".join)


def nothing(*_: list[str]) -> None:
    """Combines nothing."""


ways = st.sampled_from([nothing, side_by_side, python])
# A hand and a generator each have lines that the other would never write.
hands = st.lists(st.sampled_from(["a\n", "b\n", "\n", "hand 1\n", "hand 2"]), max_size=8).map("".join)


@given(texts, texts, ways)
def test_what_only_one_side_changed_is_taken(base: str, changed: str, combine: Combine) -> None:
    assert merge_text(base, base, changed, combine=combine).text == changed
    assert merge_text(base, changed, base, combine=combine).text == changed
    assert merge_text(base, changed, changed, combine=combine).text == changed


@given(texts, hands, texts, ways)
def test_no_line_of_a_hand_is_lost(base: str, hand: str, new: str, combine: Combine) -> None:
    merged = merge_text(base, hand, new, combine=combine).text
    own = Counter(hand.splitlines()) - Counter(base.splitlines())
    assert own <= Counter(merged.splitlines())


@given(texts, hands, texts)
def test_lines_of_a_hand_keep_their_order(base: str, hand: str, new: str) -> None:
    merged = merge_text(base, hand, new, combine=side_by_side).text
    assert [each for each in merged.splitlines() if "hand" in each] == [
        each for each in hand.splitlines() if "hand" in each
    ]


@given(texts, hands, texts)
def test_once_merged_the_same_text_again_changes_nothing(base: str, hand: str, new: str) -> None:
    merged = merge_text(base, hand, new, combine=side_by_side).text
    assert merge_text(new, merged, new, combine=side_by_side).text == merged


def test_changes_in_different_places_are_both_taken() -> None:
    merged = merge_text("a\nb\nc\nd\n", "A\nb\nc\nd\n", "a\nb\nc\nD\n", combine=nothing)
    assert merged.text == merged.wanted == "A\nb\nc\nD\n"


def test_where_both_changed_a_line_the_hand_wins_and_the_other_is_told() -> None:
    merged = merge_text("a\nb\nc\n", "a\nmine\nc\n", "a\nnew\nc\nd\n", combine=side_by_side)
    assert (merged.text, merged.wanted) == ("a\nmine\nc\nd\n", "a\nnew\nc\nd\n")


def test_what_both_added_at_one_place_is_kept_where_that_is_asked() -> None:
    base, hand, new = "a\n", "a\nmine", "a\nnew\n"
    assert merge_text(base, hand, new, combine=side_by_side).text == "a\nmine\nnew\n"
    assert merge_text(base, hand, new, combine=nothing).text == "a\nmine"


def test_a_line_that_a_hand_removed_stays_away() -> None:
    assert merge_text("a\nb\nc\n", "a\nc\n", "a\nb\nc\nd\n", combine=side_by_side).text == "a\nc\nd\n"


def test_imports_that_both_changed_are_those_of_the_hand_and_the_new_ones() -> None:
    base = "import os\nfrom a import x\n\ncode\n"
    hand = "import os\nimport re\nfrom a import x, mine\n\ncode\n"
    new = "import os\nfrom a import new as n, x\n\ncode\n"
    merged = merge_text(base, hand, new, combine=python)
    assert merged.text == "import os\nimport re\nfrom a import x, mine\nfrom a import new as n\n\ncode\n"


def test_an_import_in_pieces_is_not_taken_for_a_whole_one() -> None:
    base, hand, new = (
        "from a import (\n    x,\n)\n",
        "from a import (\n    y,\n)\n",
        "from a import (\n    z,\n)\n",
    )
    assert merge_text(base, hand, new, combine=python).text == hand


def test_texts_that_would_take_minutes_to_align_stay_as_the_hand_has_them() -> None:
    base = "same\n" * 20_000
    merged = merge_text(base, f"{base}mine\n", f"new\n{base}", combine=side_by_side)
    assert merged.text == f"{base}mine\n"
    assert merged.wanted == f"new\n{base}"


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Steps in the life of a file: the generator writes another text, or a hand edits what is there."""
    edits = st.tuples(st.sampled_from(["insert", "replace", "delete"]), st.integers(0, 20))
    return draw(st.lists(st.one_of(st.tuples(st.just("generate"), texts), edits), min_size=2, max_size=12))


@settings(max_examples=200)
@given(texts, histories())
def test_over_a_whole_history_what_a_hand_wrote_is_there_unless_the_hand_removed_it(
    first: str, steps: list[tuple[str, Any]]
) -> None:
    base, file, written = first, first.splitlines(keepends=True), Counter[str]()
    for number, (step, what) in enumerate(steps):
        if step == "generate":
            file = merge_text(base, "".join(file), what, combine=side_by_side).text.splitlines(keepends=True)
            base = what
        else:
            at = min(what, len(file) - (step != "insert"))
            if at < 0:
                continue
            removed = [] if step == "insert" else [file.pop(at)]
            added = [] if step == "delete" else [f"hand {number}\n"]
            file[at:at] = added
            written.update(added)
            written -= Counter(removed)
        assert Counter({each: n for each, n in written.items() if "hand" in each}) <= Counter(file)
