"""Settings of the Brevo connector: `BREVO_...` in the environment or in `.env`."""

from __future__ import annotations

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tidegate.utils.errors import SettingsError


class BrevoSettings(BaseSettings):
    """Names of the variables: `BREVO_` and the field in capitals."""

    model_config = SettingsConfigDict(env_prefix="BREVO_", env_file=".env", extra="ignore")

    api_key: SecretStr = Field(description="API key of the account (Brevo: SMTP & API, API keys)")
    base_url: str = Field("https://api.brevo.com/v3", pattern=r"^https?://.+")
    quota: float = Field(1.0, gt=0, description="the account's request rate over that of the default tier")
    timeout_s: float = Field(30.0, gt=0)

    @classmethod
    def read(cls) -> BrevoSettings:
        """From the environment; raises `SettingsError` that names the variables which are missing or wrong."""
        try:
            settings = cls()
        except ValidationError as error:
            wrong = {f"BREVO_{detail['loc'][0]}".upper(): detail["msg"] for detail in error.errors()}
            raise SettingsError(
                "brevo: " + "; ".join(f"{name}: {reason}" for name, reason in wrong.items()),
                hint=f"Set {' and '.join(wrong)} in the environment or in .env."
                " A key is made in Brevo under SMTP & API, API keys.",
            ) from error
        if settings.api_key.get_secret_value().startswith("secret://"):
            raise SettingsError(
                "brevo: BREVO_API_KEY names a Secret Manager entry; this version takes the key itself",
                hint="Put the key into BREVO_API_KEY.",
            )
        return settings
