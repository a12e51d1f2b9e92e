"""What Brevo sends of companies and deals: the read contracts. See `schemas.py`.

All but the id and the links lies in `attributes`, whose keys the account may add to: a transform picks by
name what it knows. The time of the last change, on which the cursors hang, is required, and read by itself.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasPath, AwareDatetime, Field

from tidegate.contracts.base import ReadContract
from tidegate.contracts.personal import Personal


class ApiCompany(ReadContract):
    """One item of `GET /companies`."""

    id: str
    attributes: Annotated[dict[str, Any], Personal()]  # telephone numbers and all else
    last_updated_at: AwareDatetime = Field(validation_alias=AliasPath("attributes", "last_updated_at"))  # type: ignore[pydantic-alias]
    linked_contacts_ids: list[int] | None = Field(default=None, alias="linkedContactsIds")
    linked_deals_ids: list[str] | None = Field(default=None, alias="linkedDealsIds")


class ApiDeal(ReadContract):
    """One item of `GET /crm/deals`."""

    id: str
    attributes: Annotated[dict[str, Any], Personal()]
    last_updated_date: AwareDatetime = Field(validation_alias=AliasPath("attributes", "last_updated_date"))  # type: ignore[pydantic-alias]
    linked_contacts_ids: list[int] | None = Field(default=None, alias="linkedContactsIds")
    linked_companies_ids: list[str] | None = Field(default=None, alias="linkedCompaniesIds")
