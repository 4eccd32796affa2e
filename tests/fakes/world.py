"""What is not the table: queues, vendors, credentials, the clock."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.domain.lanes import Lane
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import UnknownMerchant
from tests.fakes.table import FakeTable

_EVER = datetime.max.replace(tzinfo=UTC)


class FakeClock:
    """Stands still until it is told to move."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        """The current instant."""
        return self.instant

    def advance(self, by: timedelta) -> datetime:
        """Let time pass and give the new instant."""
        self.instant += by
        return self.instant


class FakeQueue:
    """The lanes; a send counts as a write of `table`, so that a simulation can crash after it."""

    def __init__(self, table: FakeTable | None = None) -> None:
        self.table = table
        self.lanes: dict[Lane, deque[tuple[str, str]]] = {lane: deque() for lane in Lane}
        self.later: dict[Lane, list[tuple[str, str, datetime]]] = {lane: [] for lane in Lane}

    def send(self, lane: Lane, bodies: Sequence[tuple[str, str]]) -> None:
        """Append (merchant, body) pairs."""
        self.lanes[lane].extend(bodies)
        if self.table is not None and bodies:
            self.table.counted(f"queue {lane}")

    def send_later(self, lane: Lane, bodies: Sequence[tuple[str, str, datetime]]) -> None:
        """Append (merchant, body, instant)."""
        self.later[lane].extend(bodies)
        if self.table is not None and bodies:
            self.table.counted(f"queue {lane}")

    def take_later(self, lane: Lane) -> list[tuple[str, str, datetime]]:
        """Give what was sent for an instant, with that, and forget it."""
        taken, self.later[lane] = self.later[lane], []
        return taken

    def take(self, lane: Lane, now: datetime = _EVER) -> list[tuple[str, str]]:
        """Give the (merchant, body) pairs of a lane that are delivered until an instant, in order, and forget them."""
        taken = [*self.lanes[lane], *((merchant, body) for merchant, body, at in self.later[lane] if at <= now)]
        self.lanes[lane].clear()
        self.later[lane] = [one for one in self.later[lane] if one[2] > now]
        return taken


class FakeDeliveries:
    """Remembers how messages were to come again, by receipt handle or body; `trouble` is raised instead."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble = trouble
        self.delayed: list[tuple[str, timedelta]] = []
        self.back: list[tuple[str, timedelta, str]] = []
        self.aside: list[tuple[str, str]] = []

    def delay(self, record: Mapping[str, Any], after: timedelta) -> None:
        """Later, as it is."""
        self._try()
        self.delayed.append((record["receiptHandle"], after))

    def put_back(self, record: Mapping[str, Any], after: timedelta, past: str) -> None:
        """Later, as a new message."""
        self._try()
        self.back.append((record["body"], after, past))

    def set_aside(self, record: Mapping[str, Any], past: str) -> None:
        """On the second queue."""
        self._try()
        self.aside.append((record["body"], past))

    def _try(self) -> None:
        if self.trouble:
            raise self.trouble


Vendor = Callable[[HttpRequest], HttpReply]


class FakeHttp:
    """A vendor: a function from request to reply, or a script of replies and errors, used up one by one."""

    def __init__(self, vendor: Vendor | None = None) -> None:
        self.vendor = vendor
        self.script: deque[HttpReply | Exception] = deque()
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpReply:
        """Answer from the script, else ask the vendor."""
        self.requests.append(request)
        if self.script:
            answer = self.script.popleft()
            if isinstance(answer, Exception):
                raise answer
            return answer
        if self.vendor is None:
            raise AssertionError(f"nobody expected {request.method} {request.url}")
        return self.vendor(request)


class FakeAccounts:
    """Credentials: {merchant: {vendor: {key: value}}}."""

    def __init__(self, accounts: Mapping[str, Mapping[str, Mapping[str, str]]] | None = None) -> None:
        self.accounts = {merchant: dict(vendors) for merchant, vendors in (accounts or {}).items()}

    def account(self, merchant: str, vendor: str) -> Mapping[str, str]:
        """Give a merchant's credentials with a vendor."""
        try:
            return self.accounts[merchant][vendor]
        except KeyError:
            raise UnknownMerchant("no_account", f"{merchant} has no account with {vendor}") from None

    def accepted(self, merchant: str, vendor: str, now: datetime) -> Iterator[Mapping[str, str]]:
        """Give the credentials by which a push may be signed."""
        yield self.account(merchant, vendor)
