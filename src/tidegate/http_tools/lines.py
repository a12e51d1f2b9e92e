"""Files of JSON lines: one value a line, as exports have them."""

from __future__ import annotations


def array_of_lines(body: bytes) -> bytes:
    """The lines as one JSON array, so that they read as any other page; what is an array already stays one.

    No value is looked at. A line break inside of a value is not JSON, so that lines can be told by it.
    """
    stripped = body.strip()
    if stripped.startswith(b"["):
        return stripped
    return b"[" + b",".join(line for line in stripped.split(b"\n") if line.strip()) + b"]"
