"""May a vendor be asked now? Whoever calls vendors asks here first, before anything is claimed or sent.

A vendor without a known limit costs nothing. Of the others, calls are taken from a shared count in blocks, and what
this process knows to be used up is not asked for again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.domain.limits import Allowance, Usage
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import HeldBack, Retryable, Throttled, Unclear
from shared.ports import CallTokens, Clock, Http
from shared.rules.call_slots import BLOCK, chance, slots_for

PAUSES_MAX = timedelta(seconds=6)

Tell = Callable[[Usage], None]
Pause = Callable[[float], None]


def tell_nobody(usage: Usage) -> None:
    """Let it go by."""


class _Block(NamedTuple):
    """What this process has taken and not used, and what it knows to be gone."""

    start: datetime
    left: int
    gone: int


class Meter:
    """Lets calls through as far as vendors allow."""

    def __init__(self, tokens: CallTokens, clock: Clock, tell: Tell = tell_nobody) -> None:
        self._tokens = tokens
        self._clock = clock
        self._tell = tell
        self._blocks: dict[tuple[str, str], _Block] = {}

    @contextmanager
    def conversation(self, merchant: str, allowed: Allowance, *, urgent: bool) -> Iterator[None]:
        """Hold a conversation, if it may begin now; close the bucket where the vendor asks for fewer calls.

        Raises:
            HeldBack: not now; nothing was asked.
        """
        self.admit(merchant, allowed, urgent=urgent)
        with self.listening(merchant, allowed):
            yield

    @contextmanager
    def listening(self, merchant: str, allowed: Allowance) -> Iterator[None]:
        """Close the bucket where the vendor asks for fewer calls."""
        try:
            yield
        except (Retryable, Unclear) as error:
            self._throttled(merchant, allowed, error)
            raise

    def admit(self, merchant: str, allowed: Allowance, *, urgent: bool) -> None:
        """Let a conversation begin; it has as many calls as `allowed` says, used or not.

        Raises:
            HeldBack: not now.
        """
        if not allowed.limits:
            return
        slots = slots_for(allowed.limits, allowed.calls_max)
        calls, now = min(allowed.calls, slots.calls), self._clock.now()
        start, key = slots.start(now), (merchant, allowed.bucket)
        may = chance(slots, now, allowed.calls_max, urgent=urgent)
        block = self._block(key, start)
        if now < start + slots.usable and block.left >= calls:
            self._blocks[key] = block._replace(left=block.left - calls)
            return
        gone = self._take(key, start, slots.calls, calls, may.gone)
        if gone is None:
            opens = self._blocks[key].start
            raise HeldBack(f"{allowed.bucket}: no calls left", max(opens, may.again) - now)
        self._tell(Usage(merchant, allowed.vendor, allowed.bucket, gone, slots.calls))

    def _throttled(self, merchant: str, allowed: Allowance, error: BaseException) -> None:
        """Let nobody call for a while where a vendor, behind an error, has asked for fewer calls."""
        cause = throttle_behind(error)
        if cause is None or isinstance(cause, HeldBack) or not allowed.limits:
            return
        slots = slots_for(allowed.limits, allowed.calls_max)
        start = slots.start(self._clock.now() + cause.after) + slots.length
        self._tokens.close(merchant, allowed.bucket, start)
        self._blocks[merchant, allowed.bucket] = _Block(start, 0, 0)

    def _block(self, key: tuple[str, str], start: datetime) -> _Block:
        known = self._blocks.get(key)
        return known if known is not None and known.start >= start else _Block(start, 0, 0)

    def _take(self, key: tuple[str, str], start: datetime, of: int, calls: int, gone_max: int) -> int | None:
        """Take a block, or what is left of the slot if that is enough; give how many of the slot's are gone then."""
        block = self._block(key, start)
        needed = calls - block.left
        for _ in range(2):
            wanted = min(max(needed, -(-of // BLOCK)), gone_max - block.gone)
            if block.start != start or wanted < max(needed, 1):
                break
            state = self._tokens.take(*key, start, wanted, gone_max)
            left = block.left + (wanted if state.granted else 0)
            block = _Block(state.start, left if state.start == start else 0, state.gone)
            if state.granted:
                self._blocks[key] = block._replace(left=left - calls)
                return state.gone
        self._blocks[key] = block
        return None


class PacedHttp:
    """An Http for a conversation of any length: each request waits for its turn, all of them a few seconds at most."""

    def __init__(self, http: Http, meter: Meter, merchant: str, allowed: Allowance, pause: Pause) -> None:
        self._http = http
        self._meter = meter
        self._merchant = merchant
        self._allowed = allowed
        self._pause = pause
        self._patience = PAUSES_MAX

    def send(self, request: HttpRequest) -> HttpReply:
        """Send when the vendor allows.

        Raises:
            HeldBack: that takes too long.
        """
        while True:
            try:
                self._meter.admit(self._merchant, self._allowed, urgent=False)
            except HeldBack as error:
                if error.after > self._patience:
                    raise
                self._patience -= error.after
                self._pause(error.after / timedelta(seconds=1))
            else:
                return self._http.send(request)


def throttle_behind(error: BaseException | None) -> Throttled | None:
    """Find the vendor's wish for fewer calls in an error or its causes."""
    while error is not None:
        if isinstance(error, Throttled):
            return error
        error = error.__cause__
    return None
