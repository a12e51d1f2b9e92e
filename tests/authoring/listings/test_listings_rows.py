"""Which answers list rows, where these stand, what identifies one, and what a load may ask by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.authoring.listings.described import (
    DATE,
    FLAG,
    INT,
    MOMENT,
    ROW,
    TEXT,
    URI,
    api_of,
    endpoint,
    listing_of,
    obj,
    of,
    query,
    reason_of,
    rows,
)
from tidegate.authoring.description import Parameter, Since
from tidegate.authoring.listings import listings, survey
from tidegate.utils.errors import UsageError

NUMBER = {"type": "number"}
META = obj(total=INT, page=INT)
NAMES = rows(TEXT)


@pytest.mark.parametrize(
    ("path", "response", "items"),
    [
        ("/things", rows(), ""),
        ("/things/{id}/parts", rows(), ""),
        ("/things", NAMES, ""),
        ("/things", obj(things=rows()), "things"),
        ("/bigThings", obj(things=rows(), count=INT), "things"),
        ("/things", obj(data=rows(), meta=META, links=obj(next=URI), included=rows(), errors=rows()), "data"),
        ("/things", obj(data=obj(items=rows(), total=INT), success=FLAG, code=INT), "data.items"),
        ("/things", obj(status=TEXT, response=obj(page=obj(things=rows()))), "response.page.things"),
        ("/things", obj(_embedded=obj(things=rows()), _links=obj(next=obj(href=URI))), "_embedded.things"),
        ("/search", obj(took=INT, hits=obj(total=INT, hits=rows())), "hits.hits"),
        ("/things", obj(links=rows(obj(rel=TEXT, href=URI)), things=rows(), total_items=INT), "things"),
        ("/things", obj(object=TEXT, url=TEXT, has_more=FLAG, data=rows()), "data"),
        ("/categories", obj(categories=NAMES), "categories"),
        ("/folders/{folderId}/lists", obj(lists=rows(), count=INT), "lists"),
        ("/things/{day}", obj(result=rows()), "result"),
        ("/messages", obj(messages=rows(obj(msg_id=TEXT))), "messages"),
        ("/stats", obj(date=DATE, stats=rows(obj(name=TEXT, count=INT))), "stats"),
        ("/things", {"anyOf": [obj(things=rows()), obj(error=TEXT)]}, "things"),
        ("/things", {"type": ["array", "null"], "items": ROW}, ""),
        ("/categories", obj(country=TEXT, category=rows()), "category"),
        ("/teams/{id}/projects", obj(name=TEXT, projects=rows()), "projects"),
    ],
)  # fmt: skip
def test_rows_are_found(path: str, response: Any, items: str) -> None:
    assert listing_of(endpoint(path, response=response)).items == items


@pytest.mark.parametrize(
    ("path", "response"),
    [
        ("/things/{id}", obj(id=INT, name=TEXT, tags=NAMES)),
        ("/things/{id}", obj(id=INT, name=TEXT, parts=rows(), owners=rows())),
        ("/account", obj(email=TEXT, company=TEXT, plan=rows(), address=obj(city=TEXT))),
        ("/dashboard", obj(best=rows(), worst=rows(), newest=rows())),
        ("/settings", obj(enabled=FLAG, domains=NAMES)),
        ("/things/count", obj(count=INT)),
        ("/things/{id}", obj(data=obj(id=INT, name=TEXT, parts=rows()))),
        ("/things/export", obj(id=TEXT, status=TEXT, urls=NAMES, created_at=MOMENT)),
        ("/things", {"type": "string"}),
        ("/status", obj(ok=FLAG, errors=rows())),
        ("/orders/{id}", obj(status=TEXT, lines=rows())),
    ],
)
def test_single_things_are_none_and_it_is_told_why(path: str, response: Any) -> None:
    reason = reason_of(endpoint(path, response=response))
    assert reason.startswith(("its answer", "nothing tells")), reason


def test_lists_of_several_things_are_no_listing_of_one() -> None:
    both = endpoint("/users", response=obj(users=rows(), teams=rows()), summary="List users and teams")
    assert reason_of(both)
    one = endpoint("/users", response=obj(users=rows(), team=TEXT), summary="List users and their team")
    assert listing_of(one).items == "users"


def test_what_has_an_id_of_its_own_is_a_thing() -> None:
    basket = endpoint(
        "/basket", response=obj(id=INT, total=INT, items=rows()), summary="Get all of the basket"
    )
    assert reason_of(basket)
    assert listing_of(replace(basket, response=obj(total=INT, items=rows()))).items == "items"


def test_body_that_is_described_as_a_list_is_one() -> None:
    body = obj(pipeline=TEXT, pipeline_name=TEXT, stages=rows())
    assert reason_of(endpoint("/pipeline/details", response=body))
    told = {**body, "description": "List of stages"}
    assert listing_of(endpoint("/pipeline/details", response=told)).items == "stages"


def test_echo_of_the_question_is_no_part_of_a_single_thing() -> None:
    body = obj(contactId=INT, programId=TEXT, count=INT, rewards=rows())
    asked = [query("contactId", INT, required=True), query("limit", INT), query("offset", INT)]
    assert of(asked, body, "/vouchers").items == "rewards"
    assert reason_of(endpoint("/vouchers", response=obj(contactId=INT, rewards=rows())))


def test_rows_of_several_kinds_are_one_that_may_have_the_fields_of_all() -> None:
    one = {**obj(id=INT, kind=TEXT, at=MOMENT), "required": ["id", "kind"]}
    other = {**obj(code=INT, kind=TEXT, at=INT), "required": ["kind"]}
    found = listing_of(endpoint(response=rows({"oneOf": [one, other, {"type": "null"}]})))
    assert found.row == {
        "type": "object",
        "properties": {"id": INT, "kind": TEXT, "at": {"anyOf": [MOMENT, INT]}, "code": INT},
        "required": ["kind"],
    }
    either = {"oneOf": [rows(one), rows(other)]}
    assert listing_of(endpoint(response=either)).row == found.row
    assert listing_of(endpoint(response=obj(things=either))).row == found.row
    assert found.key == (), "an id that only some rows have is no key"


def test_row_comes_with_the_definitions_it_needs() -> None:
    node = obj(id=INT, parent={"$ref": "#/$defs/Node"}, tag={"$ref": "#/$defs/Tag"})
    body = {**obj(things=rows({"$ref": "#/$defs/Node"})), "$defs": {"Node": node, "Tag": TEXT, "Other": INT}}
    row = listing_of(endpoint(response=body)).row
    assert list(row["properties"]) == ["id", "parent", "tag"]
    assert sorted(row["$defs"]) == ["Node", "Tag"]


def test_examples_tell_where_the_file_says_nothing() -> None:
    found = listing_of(endpoint("/orders", examples=({"count": 1, "orders": [{"id": 7}]},)))
    assert (found.items, found.key) == ("orders", ("id",))
    assert found.endpoint.response is not None


def test_examples_tell_where_the_file_describes_a_single_row() -> None:
    row = obj(id=INT, name=TEXT, made=MOMENT)
    found = listing_of(endpoint("/things", response=row, examples=({"things": [{"id": 1, "name": "a"}]},)))
    assert (found.items, found.row) == ("things", row)
    one = endpoint("/things/{id}", response=row, examples=({"things": [{"id": 1, "name": "a"}]},))
    assert reason_of(one) == "its answer holds no list"


def test_list_that_is_described_by_one_row_is_a_listing_with_a_question() -> None:
    found = listing_of(endpoint("/things", response=ROW, summary="Get all things"))
    assert any("look up where the rows stand" in each for each in found.todo)
    told = endpoint("/things", response=ROW, summary="List things", description="An empty `results` array.")
    assert listing_of(told).items == "results"
    assert reason_of(endpoint("/thing", response=ROW, summary="Get the thing")) == "its answer holds no list"


def test_nothing_told_is_no_listing() -> None:
    assert reason_of(endpoint("/things")) == "the description says nothing of its answer"
    assert reason_of(endpoint("/things", response={})) == "its answer holds no list"


@pytest.mark.parametrize(
    ("path", "row", "key"),
    [
        ("/things", obj(name=TEXT, id=INT), ("id",)),
        ("/things", obj(ID=INT, uuid=TEXT), ("ID",)),
        ("/things", obj(_id=TEXT, owner_id=INT), ("_id",)),
        ("/messages", obj(msg_id=TEXT, message_id=TEXT), ("message_id",)),
        ("/emailCampaigns", obj(campaignId=INT, listId=INT), ("campaignId",)),
        ("/things", obj(sid=TEXT, account_sid=TEXT), ("sid",)),
        ("/things", obj(code={**TEXT, "description": "A unique code of the thing."}, name=TEXT), ("code",)),
        ("/stats", obj(date=DATE, opens=INT, clicks=NUMBER), ("date",)),
        ("/stats", obj(date=DATE, country=TEXT, opens=INT), ()),
        ("/events", obj(email=TEXT, date=MOMENT, event=TEXT), ()),
        ("/things", obj(list_id=INT, owner_id=INT), ()),
        ("/things", obj(id=obj(a=INT), uuid=TEXT), ("uuid",)),
        ("/things/{id}", obj(id=INT, clicks=INT), ()),
        ("/stats/things", obj(id=INT, variation=TEXT, clicks=INT), ()),
        ("/things", obj(a__id=INT), ()),
    ],
)
def test_key_is_told_or_left_to_be_looked_up(path: str, row: Any, key: tuple[str, ...]) -> None:
    found = listing_of(endpoint(path, response=rows(row)))
    assert found.key == key
    assert any("identifies a row" in each for each in found.todo) == (not key)


@pytest.mark.parametrize(
    ("single", "row", "key"),
    [
        ("/secrets/{secret_name}", obj(name=TEXT, made=MOMENT), ("name",)),
        ("/issues/{issueNumber}", obj(number=INT, title=TEXT), ("number",)),
        ("/advisories/{ghsa_id}", obj(ghsa_id=TEXT, cve_id=TEXT), ("ghsa_id",)),
        ("/branches/{branch}", obj(name=TEXT, protected=FLAG), ("name",)),
        ("/things/{number}", obj(id=INT, number=INT), ("id",)),
        ("/things/{ref}", obj(name=TEXT), ()),
    ],
)
def test_route_of_one_thing_names_the_key_of_its_listing(single: str, row: Any, key: tuple[str, ...]) -> None:
    path = single.rpartition("/")[0]
    assert listing_of(endpoint(path, response=rows(row)), endpoint(single, response=row)).key == key
    assert listing_of(endpoint(path, response=rows(row)), endpoint(single, response=rows(row))).key in {
        (),
        ("id",),
    }


def test_field_that_an_example_lacks_is_no_key() -> None:
    row = obj(id=INT, uuid=TEXT)
    shown = [{"id": 1, "uuid": "a"}, {"id": None, "uuid": "b"}]
    assert listing_of(endpoint(response=rows(row), examples=(shown,))).key == ("uuid",)
    assert listing_of(endpoint(response=rows(row), examples=(shown[:1],))).key == ("id",)


def test_key_of_several_fields_is_taken_from_the_text() -> None:
    row = obj(list_id=INT, email=TEXT, added=MOMENT)
    told = endpoint(
        "/members", response=rows(row), description="Unique by the combination of list_id and email."
    )
    assert listing_of(told).key == ("list_id", "email")


@pytest.mark.parametrize(
    ("row", "version"),
    [
        (obj(created_at=MOMENT, updated_at=MOMENT), "updated_at"),
        (obj(createdAt=TEXT, modifiedAt=TEXT), "modifiedAt"),
        (obj(LastModifiedDate=MOMENT, SystemModstamp=MOMENT), "LastModifiedDate"),
        (obj(updated=INT, updated_by=TEXT), "updated"),
        (obj(date_updated=TEXT, date_created=TEXT), "date_updated"),
        (obj(last_edited_time=MOMENT, last_edited_by=obj(id=TEXT)), "last_edited_time"),
        (obj(update_count=INT, modified_by=TEXT, is_modified=FLAG), None),
        (obj(updated=FLAG, created_at=MOMENT), None),
    ],
)
def test_version_is_the_field_that_grows_with_a_change(row: Any, version: str | None) -> None:
    assert listing_of(endpoint(response=rows(row))).version == version


EVENT = obj(id=INT, date=MOMENT, created_at=MOMENT, updated_at=MOMENT)
DAY_TOLD = (
    "Starting date (YYYY-MM-DD) of the period, at most 90 days from endDate. Mandatory if endDate is used."
)


@pytest.mark.parametrize(
    ("parameters", "since"),
    [
        ([query("modifiedSince", TEXT, "UTC date-time")], Since("modifiedSince", attribute="updated_at")),
        (
            [query("updated_at_min", MOMENT), query("updated_at_max", MOMENT)],
            Since("updated_at_min", "updated_at_max", "updated_at"),
        ),
        (
            [query("updated_after", MOMENT), query("created_after", MOMENT)],
            Since("updated_after", attribute="updated_at"),
        ),
        (
            [query("created[gte]", INT), query("created[lte]", INT)],
            Since("created[gte]", "created[lte]", "created_at", "epoch"),
        ),
        (
            [query("startDate", TEXT, DAY_TOLD), query("endDate", TEXT, "Ending date (YYYY-MM-DD).")],
            Since("startDate", "endDate", "date", "date", max_days=90),
        ),
        (
            [query("week_from", TEXT, "Day in UTC, YYYY-MM-DD.")],
            Since("week_from", attribute="date", wire="date"),
        ),
        (
            [query("start_date", TEXT, "An ISO 8601 date.")],
            Since("start_date", attribute="date", wire="date"),
        ),
        ([query("start_date", TEXT, "ISO 8601, with a time.")], Since("start_date", attribute="date")),
        (
            [query("start_time", INT, "Unix timestamp."), query("end_time", INT, "Unix timestamp.")],
            Since("start_time", "end_time", "date", "epoch"),
        ),
        (
            [query("from", DATE, required=True), query("to", DATE)],
            Since("from", "to", "date", "date", required=True),
        ),
        (
            [query("start_date", DATE), query("end_date", DATE, "The range cannot exceed 2 years.")],
            Since("start_date", "end_date", "date", "date", max_days=730),
        ),
        (
            [
                query("oldest", TEXT, "Only after this Unix timestamp."),
                query("latest", TEXT, "Unix timestamp."),
            ],
            Since("oldest", "latest", "date", "epoch"),
        ),
        (
            [query("since", TEXT, "Only what was updated after this time, ISO 8601.")],
            Since("since", attribute="updated_at"),
        ),
        ([query("from", TEXT, "Address of the sender")], None),
        ([query("start", INT, "Index of the first row"), query("limit", INT)], None),
        ([query("starting_after", TEXT, "An id")], None),
        ([query("min_price", NUMBER)], None),
    ],
)
def test_window_is_told_from_parameters(parameters: list[Parameter], since: Since | None) -> None:
    found = of(parameters, rows(EVENT)).since
    assert found is None or since is None or found.attribute is None or found.attribute in EVENT["properties"]
    assert found == since


def test_instants_in_milliseconds_are_told() -> None:
    found = of([query("since", INT, "Only what was updated since, Unix time in milliseconds")], rows(EVENT))
    assert found.since is not None
    assert found.since.wire == "epoch"
    assert "since is in milliseconds." in found.todo


def test_parameter_that_pages_is_no_filter_by_time() -> None:
    found = of([query("startAt", INT), query("maxResults", INT)], rows(EVENT))
    assert (found.paging.kind, found.paging.param, found.since) == ("offset", "startAt", None)
    assert not any("startAt" in each for each in found.todo)


def test_each_start_has_its_own_end() -> None:
    made, changed = query("created_before", MOMENT), query("updated_before", MOMENT)
    since = of([made, query("updated_after", MOMENT), changed], rows(EVENT)).since
    assert since == Since("updated_after", "updated_before", "updated_at")


def test_ends_that_go_together_and_windows_without_a_bound_are_told() -> None:
    todo = of([query("startDate", TEXT, DAY_TOLD), query("endDate", TEXT, "YYYY-MM-DD")], rows(EVENT)).todo
    assert "The description ties startDate and endDate together: send both or neither." in todo
    todo = of([query("from", DATE), query("to", DATE)], rows(obj(id=INT))).todo
    assert "How long a window from from to to may be is not told: look it up." in todo
    assert "Which field of a row from goes by is not told: look it up." in todo


def test_parents_required_parameters_and_quotas_are_told() -> None:
    path = Parameter("listId", "path", INT, required=True)
    found = listing_of(
        endpoint(
            "/lists/{listId}/contacts",
            path,
            query("kind", TEXT, required=True),
            query("limit", {"type": "integer", "maximum": 9}, required=True),
            response=obj(contacts=rows()),
            description="Lists.\nThere is a rate limit of 6 requests every minute. Else fine.",
        )
    )
    assert found.todo == (
        "limit bounds what comes, and nothing leads to the rest: slice where one answer may not be all.",
        "It lists what is under one listId: one slice for each of them is wanted.",
        "The parameter kind is required: say what to send.",
        "Of its quota the description says: There is a rate limit of 6 requests every minute.",
    )


def test_rows_that_come_with_numbers_for_keys_are_told() -> None:
    works = {**rows(), "x-tidegate-numeric-keys": "sometimes"}
    assert listing_of(endpoint("/works", response=obj(works=works))).numbered
    assert listing_of(endpoint("/works", response=works)).numbered
    assert not listing_of(endpoint("/works", response=rows())).numbered


def test_rows_that_are_plain_values_are_told() -> None:
    found = listing_of(endpoint("/categories", response=obj(categories=NAMES)))
    assert found.row == TEXT
    assert any("plain values (string)" in each for each in found.todo)


def test_paths_are_taken_in_the_order_that_was_asked_for() -> None:
    api = api_of(
        *(endpoint(path, response=rows()) for path in ("/a", "/b", "/c")), endpoint("/d", response=TEXT)
    )
    assert [each.endpoint.path for each in listings(api)] == ["/a", "/b", "/c"]
    assert [each.endpoint.path for each in listings(api, ["c", "/a"])] == ["/c", "/a"]
    assert survey(api).others == {"/d": "its answer holds no list"}
    with pytest.raises(UsageError, match="Acme has no GET route /thing"):
        listings(api, ["/thing"])


def test_person_says_what_a_description_does_not() -> None:
    body = obj(nombre=INT, temps=INT, nbreponses=INT, result=rows(), autres=rows())
    api = api_of(endpoint("/search", response=body))
    assert survey(api).others
    (meant,) = listings(api, ["/search"])
    assert meant.items == "result"
    assert "Its rows are taken from 'result': look up whether that is so." in meant.todo
    (said,) = survey(api, None, {"/search": "autres"}).listings
    assert said.items == "autres"
    with pytest.raises(UsageError, match="not known to have a list at 'temps'"):
        survey(api, None, {"/search": "temps"})
