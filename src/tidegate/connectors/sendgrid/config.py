"""Settings of the SendGrid connector: `SENDGRID_...` in the environment or in `.env`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import SettingsConfigDict

from tidegate.utils.errors import SettingsError
from tidegate.utils.settings import BaseUrl, Settings, check_base_url, wrong_settings

_PREFIX = "SENDGRID_"
_KEY = f"{_PREFIX}API_KEY"


class SendGridSettings(Settings):
    """Names of the variables: `SENDGRID_` and the field in capitals. A value may be `secret://project/name`."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    api_key: SecretStr = Field(description="API key of the account (SendGrid: Settings, API Keys)")
    base_url: BaseUrl = Field(
        "https://api.sendgrid.com", description="https://api.eu.sendgrid.com for regional subusers of the EU"
    )
    on_behalf_of: str | None = Field(None, min_length=1, description="the subuser whose data is asked for")
    export_origins: str = Field(
        "", description="where exports may lie, such as https://bucket.example: origins, commas between them"
    )
    export_look_s: float = Field(
        2.0, gt=0, le=30, description="seconds to the first look at an export; later ones are further apart"
    )
    quota: float = Field(1.0, gt=0, description="the account's request rate over that of the default tier")
    timeout_s: float = Field(30.0, gt=0)

    @field_validator("export_origins")
    @classmethod
    def _check_origins(cls, text: str) -> str:
        for each in _separate(text):
            check_base_url(each)
        return text

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        return _separate(self.export_origins)

    @classmethod
    def read(cls, folder: Path | None = None, **given: Any) -> SendGridSettings:
        """From the environment, and from `.env` in `folder` (default: the working folder), but for what is
        `given`.

        Raises `SettingsError` that names each variable that is missing or wrong.
        """
        try:
            return cls(_env_file=(folder or Path()) / ".env", **given)
        except ValidationError as error:
            wrong = wrong_settings(error, _PREFIX)
            where = " A key is made in SendGrid under Settings, API Keys." if _KEY in wrong else ""
            raise SettingsError(
                "sendgrid: " + "; ".join(f"{name} {reason}" for name, reason in wrong.items()),
                hint=f"Set {' and '.join(wrong)} in the environment or in .env.{where}",
            ) from error


def _separate(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())
