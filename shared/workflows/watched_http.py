"""How do the vendors behave? What is sent to one while a command is carried out is timed, and its ending judged."""

from collections.abc import Callable
from datetime import timedelta

from shared.domain.events import CommandFailed, MessagePosted
from shared.domain.messages import AnyEvent
from shared.domain.vendor_call import Ending, VendorCall
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import NotYet, Throttled
from shared.ports import Clock, Http

Tell = Callable[[VendorCall], None]


def tell_nobody(call: VendorCall) -> None:
    """Let a call go by."""


class TimedHttp:
    """An Http that notes how long the slowest answer took."""

    def __init__(self, http: Http, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self.slowest: timedelta | None = None

    def send(self, request: HttpRequest) -> HttpReply:
        """Send and wait, as the Http inside does."""
        began = self._clock.now()
        try:
            return self._http.send(request)
        finally:
            self.slowest = max(self.slowest or timedelta(), self._clock.now() - began)


def watched(
    act: Callable[[Http], AnyEvent | None], http: Http, clock: Clock, vendor: str, tell: Tell
) -> AnyEvent | None:
    """Carry something out with an Http that is watched; tell how the vendor behaved, if it was asked anything."""
    timed, ending = TimedHttp(http, clock), Ending.ERROR
    try:
        outcome = act(timed)
        ending = _ending(outcome)
        return outcome
    except Throttled:
        ending = Ending.THROTTLED
        raise
    except NotYet:
        ending = Ending.ANSWERED
        raise
    finally:
        if timed.slowest is not None:
            tell(VendorCall(vendor, ending, timed.slowest))


def _ending(outcome: AnyEvent | None) -> Ending:
    if isinstance(outcome, CommandFailed):
        return Ending.REFUSED if outcome.certain else Ending.ERROR
    if isinstance(outcome, MessagePosted) and outcome.throttled_for_s:
        return Ending.THROTTLED
    return Ending.ANSWERED
