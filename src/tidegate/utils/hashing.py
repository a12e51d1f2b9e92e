"""Keyed hashes, which stand for personal values: equal for equal values, and no way back without the key."""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Any

from tidegate.utils.errors import SettingsError

_KEY = "TIDEGATE_HASH_KEY"
_MIN_LENGTH = 16
_HINT = (
    f"Set {_KEY} in the environment or in .env, the same for all runs; make one with: openssl rand -hex 32"
)


class KeyedHash:
    """HMAC-SHA256 of a value as text (UTF-8), in hex. None stays None. Holds the key: does not show it."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    @classmethod
    def read(cls, folder: Path | None = None) -> KeyedHash:
        """With the key of the setting `TIDEGATE_HASH_KEY`, from the environment or `.env` in `folder`.

        Raises `SettingsError` where it is missing or short.
        """
        from pydantic import SecretStr

        from tidegate.utils.settings import Settings

        class HashSettings(Settings, env_prefix="TIDEGATE_", extra="ignore"):
            hash_key: SecretStr | None = None

        found = HashSettings(_env_file=(folder or Path()) / ".env").hash_key
        key = found.get_secret_value() if found else ""
        if len(key) < _MIN_LENGTH:
            what = f"has less than {_MIN_LENGTH} characters" if key else "is not set"
            raise SettingsError(f"a column is loaded as a keyed hash, and {_KEY} {what}", hint=_HINT)
        return cls(key)

    @property
    def key_id(self) -> str:
        """Tells keys apart, and tells nothing else about them."""
        return hmac.digest(self._key, b"tidegate key id", "sha256").hex()[:8]

    def __call__(self, value: Any) -> str | None:
        if value is None:
            return None
        return hmac.digest(self._key, str(value).encode(), "sha256").hex()

    def __repr__(self) -> str:
        return "KeyedHash()"
