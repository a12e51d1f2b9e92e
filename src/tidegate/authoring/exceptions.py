"""What goes wrong before there is any code.

TidegateError
`- DescriptionError    exit 30: what describes the API cannot be read, or makes no sense
"""

from __future__ import annotations

from tidegate.utils.errors import TidegateError


class DescriptionError(TidegateError):
    """The file that describes an API is no such file, or is broken. The message names the file."""
