"""How rows get into their table: what is asked for, by which key, and what is left to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.authoring.writing.lighthouse import API, flashes, lamps, visits
from tidegate.authoring.description import Listing, Parameter, Since
from tidegate.authoring.writing.client_file import client_file
from tidegate.authoring.writing.identity import Identity
from tidegate.authoring.writing.layout import Layout
from tidegate.authoring.writing.plans import Plan
from tidegate.authoring.writing.subjects import subjects
from tidegate.authoring.writing.tasks_file import tasks_file

ROW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "updated": {"type": "string", "format": "date-time"},
        "sent": {"type": "string", "format": "date-time"},
        "name": {"type": "string"},
    },
}


def with_examples(listing: Listing, *bodies: Any, **changes: Any) -> Listing:
    return replace(listing, endpoint=replace(listing.endpoint, examples=bodies), **changes)


def thing(since: Since | None = None, key: tuple[str, ...] = ("id",), **changes: Any) -> Listing:
    parameters = (
        [Parameter(each, "query") for each in (since.start_param, since.end_param) if each] if since else []
    )
    endpoint = replace(lamps.endpoint, path="/things", parameters=tuple(parameters), examples=())
    return replace(lamps, endpoint=endpoint, items="", row=ROW, key=key, version=None, since=since, **changes)


def plan(*listings: Listing) -> Plan:
    """Of the last one."""
    return subjects(API, listings)[-1].plan


def tasks(*listings: Listing) -> str:
    return tasks_file(Identity.of(API), subjects(API, listings), Layout())


@pytest.mark.parametrize(
    ("since", "key", "follows", "write"),
    [
        (None, ("id",), "everything", "merge"),
        (None, (), "everything", "replace"),
        (Since("updated_since", attribute="updated"), ("id",), "cursor", "merge"),
        (Since("updated_since", attribute="updated"), (), "everything", "replace"),
        (Since("updated_since"), ("id",), "everything", "merge"),
        # rows that change after they were sent would not be asked for again
        (Since("sent_since", attribute="sent"), ("id",), "everything", "merge"),
        (Since("from", "to", attribute="sent"), (), "windows", "replace_windows"),
        (Since("from", "to", attribute="sent"), ("id",), "everything", "merge"),
        # what the window goes by nobody knows: everything loses nothing
        (Since("from", "to"), (), "everything", "replace"),
        (Since("from", "to", required=True), (), "windows", "replace_windows"),
        (Since("from", required=True), (), "unplanned", "replace"),
        (Since("from", "to", attribute="sent", required=True), ("id",), "cursor", "merge"),
        (
            Since("from", "to", attribute="sent", required=True, max_days=7),
            ("id",),
            "windows",
            "replace_windows",
        ),
    ],
)
def test_what_is_asked_for_hangs_on_what_a_filter_goes_by(
    since: Since | None, key: tuple[str, ...], follows: str, write: str
) -> None:
    found = plan(thing(since, key))
    assert (found.follows, found.write) == (follows, write)


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ([{"id": 1}, {"id": 2}], ("thing_id",)),
        ([{"id": 1, "name": "a"}, {"id": 1, "name": "a"}], ("thing_id",)),
        ([{"id": 1, "name": "a"}, {"id": 1, "name": "b"}], ()),
        ([{"id": 1}, {"name": "a"}], ()),
        ([{"id": 1}, {"id": None}], ()),
        ([{"id": 1.5}], ()),
    ],
)
def test_a_key_is_one_that_the_examples_allow(rows: Sequence[Any], key: tuple[str, ...]) -> None:
    assert plan(with_examples(thing(), rows)).key == key


def test_rows_with_numbers_for_keys_are_rows() -> None:
    listing = with_examples(thing(), {"data": {"1": {"id": 1, "name": 5}}}, items="data", numbered=True)
    (found,) = subjects(API, [listing])
    assert found.bodies == ({"data": [{"id": 1, "name": 5}]},)
    assert "numbered=True" in client_file(Identity.of(API), [found], Layout())


def test_an_example_of_another_kind_than_the_schema_is_left_out() -> None:
    (found,) = subjects(API, [with_examples(thing(), [{"id": 1}], ["..."], {"other": []}, [])])
    assert found.bodies == ([{"id": 1}],)


def test_a_placeholder_takes_the_ids_of_the_listing_above_it() -> None:
    found = plan(lamps, visits)
    assert found.parent is not None
    assert (found.parent.names.plural, found.parent.column.name, found.key) == (
        "lamps",
        "lamp_id",
        ("lamp_id", "number"),
    )


def test_a_listing_with_a_key_of_two_gives_no_ids() -> None:
    assert plan(replace(lamps, key=("id", "name")), visits).parent is None


def test_a_key_that_the_row_holds_of_its_parent_is_one_column() -> None:
    row = {**ROW, "properties": {**ROW["properties"], "lampId": {"type": "integer"}}}
    found = plan(lamps, with_examples(visits, row=row, key=("lampId", "id")))
    assert found.key == ("lamp_id", "visit_id")


@pytest.mark.parametrize("since", [lamps.since, None])
def test_a_parent_that_is_asked_for_some_of_its_rows_only_is_told(since: Since | None) -> None:
    text = " ".join(tasks(replace(lamps, since=since), visits).replace("\n#", "").split())
    assert ("a run asks for those of some lamps only" in text) == (since is not None)


@pytest.mark.parametrize(
    "listings",
    [
        (visits,),
        (replace(lamps, key=("name",)), visits),  # no id
        (lamps, replace(visits, key=())),  # the cursor of lamps gives some only, and nothing to merge by
    ],
)
def test_without_ids_to_take_there_is_no_task_but_a_todo(listings: tuple[Listing, ...]) -> None:
    assert plan(*listings).follows == "unplanned"
    text = " ".join(tasks(*listings).replace("\n#", "").split())
    assert "TODO: a task for VISITS. `get_visits` needs `lampId`" in text
    assert "def visits(" not in text


@pytest.mark.parametrize(
    ("wire", "said", "asked"),
    [
        ("epoch", "", "to=int(window.end.timestamp())"),
        ("epoch", "inclusive", "to=int(window.end.timestamp()) - 1"),
        ("epoch", "in milliseconds, inclusive", "to=int(window.end.timestamp() * 1000) - 1"),
        ("datetime", "", "to=window.end"),
        ("datetime", "inclusive", "to=window.end - timedelta(milliseconds=1)"),
        ("date", "", "to=window.last_day"),
    ],
)
def test_neighbouring_windows_share_no_instant_where_the_api_says_how_they_end(
    wire: Any, said: str, asked: str
) -> None:
    parameters = tuple(Parameter(each, "query", description=said) for each in ("from", "to"))
    since = Since("from", "to", attribute="seen", wire=wire, required=True)
    text = tasks(replace(flashes, endpoint=replace(flashes.endpoint, parameters=parameters), since=since))
    assert f"{asked})" in text
    assert ("would come twice" in " ".join(text.split())) == (not said and wire != "date")


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/a/{lampId}/b", 'f"/a/{lamp_id}/b"'),
        ('/a"\\/{lampId}', 'f"/a\\"\\\\/{lamp_id}"'),
        ("/a/{lampId}:run/}x{", 'f"/a/{lamp_id}:run/}}x{{"'),
        ("/" + "long/" * 20 + "{lampId}", '"/long" f"/{lamp_id}"'),
    ],
)
def test_a_path_is_asked_as_the_file_spells_it(path: str, address: str) -> None:
    listing = replace(visits, endpoint=replace(visits.endpoint, path=path))
    assert address in client_file(Identity.of(API), subjects(API, [listing]), Layout())


@pytest.mark.parametrize("path", ["/lamps/{id}/visits", "/lamps/{id}/visits/{id}"])
def test_a_placeholder_and_a_parameter_of_one_name_are_two_arguments(path: str) -> None:
    parameters = (Parameter("id", "query"), Parameter("id", "path", {"type": "integer"}, True))
    listing = replace(visits, endpoint=replace(visits.endpoint, path=path, parameters=parameters))
    text = client_file(Identity.of(API), subjects(API, [listing]), Layout())
    assert "(self, id_: int, *, id_2: str | None = None)" in text
    assert 'f"/lamps/{id_}/visits' in text
    assert '"id": id_2' in text


def test_a_way_of_paging_that_nobody_knows_is_told_where_it_is_used() -> None:
    unknown = replace(lamps, paging=replace(lamps.paging, kind="unknown"))
    text = client_file(Identity.of(API), subjects(API, [unknown]), Layout())
    assert "# TODO: find out how the listing goes on: this asks for its first page only.\n" in text
    assert "SinglePage()" in text
