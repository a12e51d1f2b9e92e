"""What the HTTP libraries below write to their own loggers, without what may be secret.

`httpx2` logs every URL whole at INFO: keys in queries, the signatures of presigned addresses, people's e-mail
addresses. `httpcore2` logs what comes over the wire at DEBUG: cookies, and redirects that repeat a query.
"""

from __future__ import annotations

import logging

import httpx2

from tidegate.http_tools.origins import public

_WIRES = ("httpcore2.http11", "httpcore2.http2", "httpcore2.proxy", "httpcore2.socks")


def keep_secrets_out() -> None:
    """From now on, for the whole process. To call it again changes nothing."""
    logging.getLogger("httpx2").addFilter(_without_query)
    for name in _WIRES:
        logging.getLogger(name).addFilter(_without_values)


def _without_query(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(public(each) if isinstance(each, httpx2.URL) else each for each in record.args)
    return True


def _without_values(record: logging.LogRecord) -> bool:
    """`receive_response_headers.complete` is left of what it came with."""
    record.msg = str(record.msg).partition(" ")[0]
    return True
