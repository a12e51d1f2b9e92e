"""`Map` and `Explode`: what each source makes of a row, and what is refused before there is one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, ValidationError, computed_field

from tidegate.contracts.base import ReadContract, WriteContract
from tidegate.contracts.map import (
    Apply,
    Cast,
    Coalesce,
    Constant,
    Day,
    Default,
    Explode,
    FromContext,
    Hash,
    Hour,
    Join,
    Lookup,
    Map,
    MapError,
    Month,
    Position,
    Quarter,
    Required,
    Week,
    Year,
)
from tidegate.utils.errors import SettingsError
from tidegate.utils.hashing import KeyedHash


class Channel(Enum):
    WEB = "web"


class ApiCustomer(ReadContract):
    email: str | None = None
    country: str = "FR"


class ApiLine(ReadContract):
    sku: str
    price: Decimal | None = None


class ApiOrder(ReadContract):
    id: int
    status: str = "sent"
    paid: bool = True
    channel: Channel = Channel.WEB
    customer: ApiCustomer | None = None
    seller: ApiCustomer = ApiCustomer()
    attributes: dict[str, Any] = Field(default={})
    prices: dict[str, Decimal] = Field(default={})
    lines: list[ApiLine] | None = None
    tags: list[str] = Field(default=[])
    created_at: AwareDatetime = Field(default=datetime(2026, 5, 20, 23, 30, tzinfo=UTC), alias="createdAt")
    paid_at: AwareDatetime | None = None
    born: date = date(2000, 2, 29)

    @computed_field  # type: ignore[prop-decorator]  # as Pydantic's documentation writes it
    @property
    def double(self) -> int:
        return self.id * 2

    @property
    def triple(self) -> int:
        return self.id * 3


class One(WriteContract):
    value: Any


def made(source: Any, ctx: Any = None, **row: Any) -> Any:
    return Map(ApiOrder, One, value=source)(ApiOrder(**({"id": 7} | row)), ctx).value


@pytest.mark.parametrize(
    ("source", "row", "value"),
    [
        ("id", {}, 7),
        ("double", {}, 14),
        ("triple", {}, 21),
        ("seller.country", {}, "FR"),
        ("customer.country", {}, None),
        ("customer.country", {"customer": {"country": "DE"}}, "DE"),
        ("attributes.PLAN", {"attributes": {"PLAN": "pro"}}, "pro"),
        ("attributes.PLAN", {}, None),
        ("prices.EUR", {"prices": {"EUR": "1.5"}}, Decimal("1.5")),
        (Constant("brevo"), {}, "brevo"),
        (Constant(None), {}, None),
        (Default("customer.email", "none"), {}, "none"),
        (Default("customer.email", "none"), {"customer": {"email": ""}}, ""),
        (Required("customer.email"), {}, None),
        (Cast("id", str), {}, "7"),
        (Cast("paid", str), {}, "true"),
        (Cast("channel", str), {}, "web"),
        (Cast("created_at", str), {}, "2026-05-20T23:30:00+00:00"),
        (Cast("status", int), {"status": "12"}, 12),
        (Cast("status", Decimal), {"status": "1.50"}, Decimal("1.50")),
        (Cast("status", bool), {"status": "no"}, False),
        (Cast("customer.email", int), {}, None),
        (Day("created_at"), {}, date(2026, 5, 20)),
        (Day("created_at", zone="Europe/Paris"), {}, date(2026, 5, 21)),
        (Day("created_at"), {"createdAt": "2026-05-20T23:30:00-02:00"}, date(2026, 5, 21)),
        (Day("born"), {}, date(2000, 2, 29)),
        (Day("paid_at"), {}, None),
        (Week("created_at"), {}, date(2026, 5, 18)),
        (Month("created_at"), {}, date(2026, 5, 1)),
        (Quarter("created_at"), {}, date(2026, 4, 1)),
        (Quarter("born"), {}, date(2000, 1, 1)),
        (Year("born"), {}, 2000),
        (Hour("created_at"), {}, 23),
        (Hour("created_at", zone="Europe/Paris"), {}, 1),
        (Day(Coalesce("paid_at", "created_at")), {}, date(2026, 5, 20)),
        (Coalesce("customer.email", "status"), {}, "sent"),
        (Coalesce("customer.email", "paid_at"), {}, None),
        (Coalesce("attributes.n", Constant(1)), {"attributes": {"n": 0}}, 0),
        (Join("id", "status", by="-"), {}, "7-sent"),
        (Join("customer.email", "status", by="-"), {}, "sent"),
        (Join("customer.email"), {}, None),
        (Lookup("status", {"sent": 1}), {}, 1),
        (Lookup("status", {"sent": 1}, otherwise=0), {"status": "lost"}, 0),
        (Lookup("customer.email", {None: 1}), {}, None),
        (Apply(str.upper, "status"), {}, "SENT"),
        (Apply(str.upper, "customer.email"), {}, None),
        (Apply(lambda a, b: a + b, "id", "double"), {}, 21),
        (Apply(lambda a, b: a + b, "id", "customer.email"), {}, None),
        (lambda order: order.id + len(order.tags), {"tags": ["a"]}, 8),
    ],
)  # fmt: skip
def test_what_a_source_makes_of_a_row(source: Any, row: dict[str, Any], value: object) -> None:
    assert made(source, **row) == value
    assert type(made(source, **row)) is type(value)


def test_facts_of_the_slice_come_with_the_context() -> None:
    ctx = SimpleNamespace(account="fr", window=None, values={"list": 3})
    assert made(FromContext("account"), ctx) == "fr"
    assert made(FromContext("window.first_day"), ctx) is None
    assert made(FromContext("values.list"), ctx) == 3
    assert made(lambda order, ctx: (order.id, ctx.account), ctx) == (7, "fr")
    with pytest.raises(TypeError, match=r"Map\(ApiOrder, One\) takes the context as its second argument"):
        made(FromContext("account"))


def test_a_hash_is_that_of_the_key_of_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "a key of the tests, long enough"
    monkeypatch.setenv("TIDEGATE_HASH_KEY", key)
    assert made(Hash("status")) == KeyedHash(key)("sent")
    assert made(Hash("customer.email")) is None
    monkeypatch.delenv("TIDEGATE_HASH_KEY")
    with pytest.raises(SettingsError, match="TIDEGATE_HASH_KEY is not set"):
        made(Hash("status"))


class CleanOrder(WriteContract):
    id: int
    status: str = "unknown"
    channel_name: str = Field(default="none", alias="channelName")
    created_on: date


def test_fields_of_the_same_name_fill_themselves_and_others_take_their_default() -> None:
    to_clean = Map(ApiOrder, CleanOrder, created_on=Day("created_at"))
    order = ApiOrder(id=1, status="paid")
    row = to_clean(order)
    assert row == CleanOrder(id=1, status="paid", created_on=date(2026, 5, 20))
    assert "channel_name" not in row.model_fields_set


def test_fields_are_given_by_their_names_whatever_their_aliases() -> None:
    to_clean = Map(ApiOrder, CleanOrder, created_on=Day("created_at"), channel_name=Cast("channel", str))
    assert to_clean(ApiOrder(id=1)).channel_name == "web"


def test_a_row_is_checked_by_the_write_contract() -> None:
    class Positive(WriteContract):
        id: Annotated[int, Field(ge=0)]

    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        Map(ApiOrder, Positive)(ApiOrder(id=-1))


def test_a_source_that_fails_names_the_field() -> None:
    with pytest.raises(MapError, match="value: LookupError: not in the table of its Lookup") as caught:
        made(Lookup("status", {}))
    assert caught.value.field == "value"
    with pytest.raises(MapError, match="value: TypeError: not a date or an instant"):
        made(Day("attributes.day"), attributes={"day": 20260101})
    with pytest.raises(MapError, match="value: ZeroDivisionError"):
        made(lambda order: order.id / 0)


class CleanLine(WriteContract):
    order_id: int
    number: int
    sku: str
    price: Decimal


def test_a_row_becomes_one_for_each_item_of_a_list() -> None:
    to_lines = Explode(
        ApiOrder,
        CleanLine,
        "lines",
        order_id="id",
        number=Position(),
        sku="lines.sku",
        price=Default("lines.price", Decimal(0)),
    )
    order = ApiOrder(id=1, lines=[ApiLine(sku="a", price=Decimal(2)), ApiLine(sku="b")])
    assert to_lines(order) == [
        CleanLine(order_id=1, number=0, sku="a", price=Decimal(2)),
        CleanLine(order_id=1, number=1, sku="b", price=Decimal(0)),
    ]
    assert to_lines(ApiOrder(id=1, lines=[])) == to_lines(ApiOrder(id=1, lines=None)) == []


def test_items_may_be_plain_values_and_functions_see_the_whole_row() -> None:
    class CleanTag(WriteContract):
        tag: str
        of: int

    to_tags = Explode(ApiOrder, CleanTag, "tags", tag="tags", of=lambda order: len(order.tags))
    assert to_tags(ApiOrder(id=1, tags=["a", "b"])) == [CleanTag(tag="a", of=2), CleanTag(tag="b", of=2)]


class Strict(WriteContract):
    order_id: int
    text: str = ""
    day: date = date(2026, 1, 1)
    at: AwareDatetime = datetime(2026, 1, 1, tzinfo=UTC)
    amount: Decimal = Decimal(0)
    texts: list[str] = Field(default=[])
    lenient: Annotated[str, BeforeValidator(str)] = ""
    coerced: Annotated[str, Field(coerce_numbers_to_str=True)] = ""
    either: int | str = 0


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "Strict.order_id is required, and nothing fills it: ApiOrder has no field of this name ("),
        ({"orderid": "id"}, "Strict has no field 'orderid'; did you mean 'order_id'?"),
        ({"order_id": "ids"}, "order_id: ApiOrder has no field 'ids' (path 'ids'); did you mean 'id'?"),
        ({"order_id": "customer.mail"}, "order_id: ApiCustomer has no field 'mail' (path 'customer.mail')"),
        ({"order_id": "id.x"}, "order_id: the path 'id.x' goes through int at 'x', which has no fields"),
        ({"order_id": "attributes.a.b"}, "order_id: the path 'attributes.a.b' goes through a value of any"),
        ({"order_id": 1}, "order_id: 1 is no path and no source; write a text for a path, Constant(...)"),
        ({"text": "customer.country"}, "text: 'customer.country' may be None, Strict.text takes none; write"),
        ({"text": "customer.email"}, "Required('customer.email') to reject such rows, or let"),
        ({"text": Default("customer.email", None)}, "may be None"),
        ({"text": Lookup("status", {"sent": None})}, "may be None"),
        ({"text": Apply(str, "customer.email")}, "may be None"),
        ({"text": Join("customer.email", "paid_at")}, "may be None"),
        ({"text": "id"}, "text: 'id' is an int, Strict.text takes a str; write Cast('id', str), or Apply"),
        ({"text": "created_at"}, "text: 'created_at' is a datetime, Strict.text takes a str"),
        ({"text": "customer"}, "may be None"),
        ({"text": "seller"}, "text: 'seller' is an ApiCustomer, Strict.text takes a str; give another path"),
        ({"text": "tags"}, "text: 'tags' is a list, Strict.text takes a str"),
        ({"text": Year("born")}, "text: Year('born') is an int, Strict.text takes a str"),
        ({"text": Constant(1)}, "text: Constant(1) is an int, Strict.text takes a str"),
        ({"day": "created_at"}, "day: 'created_at' is a datetime, Strict.day takes a date; write Day("),
        ({"day": Day("status")}, "day: Day('status') takes a date or an instant, not str; write Cast("),
        ({"amount": "born"}, "amount: 'born' is a date, Strict.amount takes a Decimal"),
        ({"texts": "status"}, "texts: 'status' is a str, Strict.texts takes a list"),
        ({"texts": "attributes"}, "texts: 'attributes' is a dict, Strict.texts takes a list"),
        ({"either": "born"}, "either: 'born' is a date, Strict.either takes an int or str"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_when_it_is_declared(fields: dict[str, Any], says: str) -> None:
    fields = fields if not fields or "orderid" in fields else {"order_id": "id"} | fields
    with pytest.raises(TypeError) as caught:
        Map(ApiOrder, Strict, **fields)
    assert str(caught.value).startswith("Map(ApiOrder, Strict): ")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"text": Required("customer.email")},
        {"text": Coalesce("customer.email", "status")},
        {"text": lambda order: order.id},
        {"text": "channel"},
        {"day": Day("created_at")},
        {"day": "status"},
        {"amount": "status"},
        {"amount": "id"},
        {"texts": "tags"},
        {"lenient": "id"},
        {"coerced": "id"},
        {"either": "id"},
        {"either": "status"},
        {"at": Cast("status", datetime)},
    ],
)
def test_what_may_be_is_left_to_the_rows(fields: dict[str, Any]) -> None:
    assert Map(ApiOrder, Strict, order_id="id", **fields).writes is Strict


@pytest.mark.parametrize(
    ("declare", "says"),
    [
        (lambda: Explode(ApiOrder, One, "id", value="id"), "'id' is int, not a list; Explode takes the path"),
        (lambda: Explode(ApiOrder, One, "rows", value="id"), "ApiOrder has no field 'rows'"),
        (lambda: Explode(ApiOrder, CleanLine, "lines", order_id="lines.name"), "ApiLine has no field 'name'"),
        (lambda: Map(ApiOrder, One, value=Position()), "value: Position() is that of an item"),
        (lambda: Coalesce("id"), "Coalesce takes 2 paths or sources at least, not 1"),
        (lambda: Apply("id", str), "Apply takes a function first, then paths or sources, not 'id'"),  # type: ignore[arg-type]
    ],
)
def test_what_a_source_or_a_list_cannot_be(declare: Callable[[], Any], says: str) -> None:
    with pytest.raises(TypeError) as caught:
        declare()
    assert says in str(caught.value)


def test_it_shows_what_was_written_and_stays_as_it_is() -> None:
    table = {"sent": 1}
    to_clean = Map(
        ApiOrder,
        Strict,
        order_id=Lookup("status", table),
        text=Apply(str.upper, Join("status", "id", by="/")),
    )
    assert repr(to_clean) == (
        "Map(ApiOrder, Strict, order_id=Lookup('status', {'sent': 1}),"
        " text=Apply(str.upper, Join('status', 'id', by='/')))"
    )
    table["sent"] = 2
    assert to_clean(ApiOrder(id=1)).order_id == 1
    with pytest.raises(AttributeError, match=r"Map\(ApiOrder, Strict\) is frozen"):
        to_clean.reads = BaseModel  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        Day("created_at").zone = "Asia/Tokyo"  # type: ignore[misc]
