"""Lengths of time and sizes, as a person writes and reads them."""

from __future__ import annotations

import re

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def seconds(text: str) -> float | None:
    """Of `90s`, `15m`, `2h` or `7d`; a bare number is seconds. None for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip().lower())
    return float(match[1]) * _SECONDS[match[2] or "s"] if match else None


def size(text: str) -> int | None:
    """Bytes of `500MB` or `1.5 TB` (1 KB is 1,000); a bare number is bytes. None for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?B)?", text.strip().upper())
    return int(float(match[1]) * _BYTES[match[2] or "B"]) if match else None


def shown_size(count: int) -> str:
    """`1.2 GB`, in steps of a thousand."""
    for unit in ("TB", "GB", "MB", "KB"):
        if count >= _BYTES[unit]:
            return f"{count / _BYTES[unit]:.1f} {unit}"
    return f"{count} B"
