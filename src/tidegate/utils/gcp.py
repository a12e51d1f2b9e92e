"""Secrets out of Google Secret Manager."""

from __future__ import annotations

from tidegate.utils.errors import TidegateError
from tidegate.utils.gcp_clients import secret_manager_client
from tidegate.utils.gcp_errors import translated


def access_secret_data(project_id: str, secret_id: str, version_id: str = "latest") -> str:
    """The text of a secret's version. Asks each time, and blocks.

    Raises `GoogleError` (denied, missing, disabled), and `TidegateError` where the checksum does not hold.
    """
    import google_crc32c

    name = f"projects/{project_id}/secrets/{secret_id}/versions/{version_id}"
    client = secret_manager_client()
    with translated(f"secret {name}"):
        payload = client.access_secret_version(name=name).payload
    if google_crc32c.value(payload.data) != payload.data_crc32c:
        raise TidegateError(f"secret {name}: damaged on its way", hint="Run the same command again.")
    return str(payload.data.decode())
