"""Settings of the Titelive connector: `TITELIVE_...` in the environment or in `.env`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from tidegate.utils.errors import SettingsError
from tidegate.utils.settings import BaseUrl, Settings, wrong_settings

_PREFIX = "TITELIVE_"


class TiteliveSettings(Settings):
    """Names of the variables: `TITELIVE_` and the field in capitals. A value may be `secret://project/name`."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    user: str = Field(min_length=1, description="name that the account logs in with")
    password: SecretStr = Field(min_length=1, description="its password; sent to the login URL only")
    base_url: BaseUrl = "https://catsearch.epagine.fr/v1"
    login_url: BaseUrl = "https://login.epagine.fr/v1"
    eans: str | None = Field(
        None,
        description="where the EANs of the task products stand: books.txt, books.csv#gtin,"
        " or a column of a table: warehouse.duckdb#shop_books.ean",
    )
    quota: float = Field(1.0, gt=0, description="the account's request rate over the one that was probed")
    timeout_s: float = Field(30.0, gt=0)

    @classmethod
    def read(cls, folder: Path | None = None, **given: Any) -> TiteliveSettings:
        """From the environment, and from `.env` in `folder` (default: the working folder), but for what is
        `given`.

        Raises `SettingsError` that names each variable that is missing or wrong.
        """
        try:
            return cls(_env_file=(folder or Path()) / ".env", **given)
        except ValidationError as error:
            wrong = wrong_settings(error, _PREFIX)
            raise SettingsError(
                "titelive: " + "; ".join(f"{name} {reason}" for name, reason in wrong.items()),
                hint=f"Set {' and '.join(wrong)} in the environment or in .env.",
            ) from error
