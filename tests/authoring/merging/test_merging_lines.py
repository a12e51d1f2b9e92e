"""The three-way merge of a text: what was generated last, what a hand made of it, what is new."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.authoring.merging.lines import merge_text

lines = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "d\n"]), max_size=8)
texts = lines.map("".join)
# A hand and a generator each have lines that the other would never write.
hands = st.lists(st.sampled_from(["a\n", "b\n", "\n", "hand 1\n", "hand 2"]), max_size=8).map("".join)


@given(texts, texts, st.booleans())
def test_what_only_one_side_changed_is_taken(base: str, changed: str, both: bool) -> None:
    assert merge_text(base, base, changed, both_added=both).text == changed
    assert merge_text(base, changed, base, both_added=both).text == changed
    assert merge_text(base, changed, changed, both_added=both).text == changed


@given(texts, hands, texts, st.booleans())
def test_no_line_of_a_hand_is_lost(base: str, hand: str, new: str, both: bool) -> None:
    merged = merge_text(base, hand, new, both_added=both).text
    own = Counter(hand.splitlines()) - Counter(base.splitlines())
    assert own <= Counter(merged.splitlines())


@given(texts, hands, texts)
def test_lines_of_a_hand_keep_their_order(base: str, hand: str, new: str) -> None:
    merged = merge_text(base, hand, new, both_added=True).text
    assert [each for each in merged.splitlines() if "hand" in each] == [
        each for each in hand.splitlines() if "hand" in each
    ]


@given(texts, hands, texts)
def test_once_merged_the_same_text_again_changes_nothing(base: str, hand: str, new: str) -> None:
    merged = merge_text(base, hand, new, both_added=True).text
    assert merge_text(new, merged, new, both_added=True).text == merged


def test_changes_in_different_places_are_both_taken() -> None:
    merged = merge_text("a\nb\nc\nd\n", "A\nb\nc\nd\n", "a\nb\nc\nD\n", both_added=False)
    assert merged.text == merged.wanted == "A\nb\nc\nD\n"


def test_where_both_changed_a_line_the_hand_wins_and_the_other_is_told() -> None:
    merged = merge_text("a\nb\nc\n", "a\nmine\nc\n", "a\nnew\nc\nd\n", both_added=True)
    assert (merged.text, merged.wanted) == ("a\nmine\nc\nd\n", "a\nnew\nc\nd\n")


def test_what_both_added_at_one_place_is_kept_where_that_is_asked() -> None:
    base, hand, new = "a\n", "a\nmine", "a\nnew\n"
    assert merge_text(base, hand, new, both_added=True).text == "a\nmine\nnew\n"
    assert merge_text(base, hand, new, both_added=False).text == "a\nmine"


def test_a_line_that_a_hand_removed_stays_away() -> None:
    assert merge_text("a\nb\nc\n", "a\nc\n", "a\nb\nc\nd\n", both_added=True).text == "a\nc\nd\n"


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
            file = merge_text(base, "".join(file), what, both_added=True).text.splitlines(keepends=True)
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
