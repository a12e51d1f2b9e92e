"""How listings are walked: one paginator a way, all without I/O; `route.py` where it takes a program."""

from tidegate.http_tools.pagination.base import (
    PagePlan,
    PageRequest,
    PageView,
    Paginator,
    SinglePage,
)
from tidegate.http_tools.pagination.cursor import CursorPaginator
from tidegate.http_tools.pagination.id_after import IdAfterPaginator
from tidegate.http_tools.pagination.link_header import LinkHeaderPaginator
from tidegate.http_tools.pagination.next_url import NextUrlPaginator
from tidegate.http_tools.pagination.offset import OffsetPaginator
from tidegate.http_tools.pagination.page_number import PageNumberPaginator
from tidegate.http_tools.pagination.route import Ask, Odd, RoutePaginator, Rows, Steps

__all__ = [
    "Ask",
    "CursorPaginator",
    "IdAfterPaginator",
    "LinkHeaderPaginator",
    "NextUrlPaginator",
    "Odd",
    "OffsetPaginator",
    "PageNumberPaginator",
    "PagePlan",
    "PageRequest",
    "PageView",
    "Paginator",
    "RoutePaginator",
    "Rows",
    "SinglePage",
    "Steps",
]
