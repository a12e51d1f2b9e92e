"""Settings of the Brevo connector: `BREVO_...` in the environment or in `.env`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from tidegate.utils.errors import SettingsError
from tidegate.utils.settings import BaseUrl, Settings, wrong_settings

_PREFIX = "BREVO_"
_KEY = f"{_PREFIX}API_KEY"


class BrevoSettings(Settings):
    """Names of the variables: `BREVO_` and the field in capitals. A value may be `secret://project/name`."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    api_key: SecretStr = Field(description="API key of the account (Brevo: SMTP & API, API keys)")
    base_url: BaseUrl = "https://api.brevo.com/v3"
    quota: float = Field(1.0, gt=0, description="the account's request rate over that of the default tier")
    timeout_s: float = Field(30.0, gt=0)

    @classmethod
    def read(cls, folder: Path | None = None, **given: Any) -> BrevoSettings:
        """From the environment, and from `.env` in `folder` (default: the working folder), but for what is
        `given`.

        Raises `SettingsError` that names each variable that is missing or wrong.
        """
        try:
            return cls(_env_file=(folder or Path()) / ".env", **given)
        except ValidationError as error:
            wrong = wrong_settings(error, _PREFIX)
            where = " A key is made in Brevo under SMTP & API, API keys." if _KEY in wrong else ""
            raise SettingsError(
                "brevo: " + "; ".join(f"{name} {reason}" for name, reason in wrong.items()),
                hint=f"Set {' and '.join(wrong)} in the environment or in .env.{where}",
            ) from error
