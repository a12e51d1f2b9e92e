"""The two bases of every contract: what the API sends, and what the warehouse holds."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ReadContract(BaseModel):
    """One row as the API sends it, oddities included.

    Strict on structure (a field without a default must be there under its name), lax on values
    (Pydantic's ordinary coercion): vendors break their own schemas in types far more often than in
    names. Fields that the contract does not know are ignored.
    """

    model_config = ConfigDict(extra="ignore", cache_strings="keys")


class WriteContract(BaseModel):
    """One row as the warehouse holds it: the only source of the table's schema.

    A field that the contract does not know is an error, so that no value is lost by a typing slip.
    """

    model_config = ConfigDict(extra="forbid")
