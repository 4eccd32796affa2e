"""HTTP as the translators see it: plain values, no client, no clock.

Standard library only: the webhook function uses these during its cold start.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Push(NamedTuple):
    """What a vendor sent us: header names in lower case, the raw bytes as signed."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


class HttpRequest(NamedTuple):
    """What we send to a vendor. `body` are the exact bytes that were signed."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class HttpReply(NamedTuple):
    """What a vendor answered."""

    status: int
    body: bytes
