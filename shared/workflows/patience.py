"""A bulkhead per vendor: one that hangs must not occupy all callers of its lane, or others' commands wait behind it.

Each environment remembers which hosts of which vendors have kept it waiting. On the lane itself, a command to such a
host is not begun: it goes to the lane's second queue, whose consumers have time, and is tried there at once. So the
first call of an environment may hang for the time limit; those after it, for five minutes, do not.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Waiting
from shared.ports import Http

SLOW = timedelta(seconds=3)  # half a second is usual
REMEMBERED = timedelta(minutes=5)
_HOSTS_MAX = 1_000


class Patience:
    """Remembers slow hosts."""

    def __init__(self, elapsed_s: Callable[[], float] = time.monotonic, slow: timedelta = SLOW) -> None:
        self._elapsed_s = elapsed_s
        self._slow_s = slow.total_seconds()
        self._slow_until_s: dict[str, float] = {}

    def begin(self, http: Http, vendor: str, *, endless: bool) -> Http:
        """Give the way to a vendor for one command; `endless` waits for a slow one too."""
        return _Talk(http, vendor, self, is_begun=endless)

    def is_slow(self, host: str) -> bool:
        """Tell whether a vendor's host has kept us waiting lately."""
        return self._elapsed_s() < self._slow_until_s.get(host, 0)

    def note(self, host: str, took_s: float) -> None:
        """Learn from a call, answered or not."""
        if took_s < self._slow_s:
            self._slow_until_s.pop(host, None)
            return
        now = self._elapsed_s()
        if len(self._slow_until_s) >= _HOSTS_MAX:
            self._slow_until_s = {name: until for name, until in self._slow_until_s.items() if until > now}
        self._slow_until_s[host] = now + REMEMBERED.total_seconds()

    def clock_s(self) -> float:
        """Give a number of seconds that only grows."""
        return self._elapsed_s()


class _Talk:
    """All requests of one command; only its first can be put off, since an earlier one may have had its effect."""

    def __init__(self, http: Http, vendor: str, patience: Patience, *, is_begun: bool) -> None:
        self._http = http
        self._vendor = vendor
        self._patience = patience
        self._is_begun = is_begun

    def send(self, request: HttpRequest) -> HttpReply:
        """Send and wait for the answer.

        Raises:
            Waiting: the host has kept us waiting lately; nothing was sent.
        """
        host = f"{self._vendor} at {urlsplit(request.url).netloc.rpartition('@')[2]}"
        if not self._is_begun and self._patience.is_slow(host):
            raise Waiting(host)
        self._is_begun = True
        began_s = self._patience.clock_s()
        try:
            return self._http.send(request)
        finally:
            self._patience.note(host, self._patience.clock_s() - began_s)
