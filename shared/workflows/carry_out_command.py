"""Claim, call, record: how a command with an effect is carried out, once.

It is claimed with a lease before the vendor is called and its outcome is recorded after. Whoever finds a claim without
an outcome does not call: it asks the vendor what became of the first attempt.

    fresh ──call──▶ outcome                       done  ──▶ tell the outcome again
    stale ──ask the vendor──┬─ it happened ─▶ outcome       taken ──▶ come back later
                            └─ it did not ──▶ call
"""

from collections.abc import Generator, Mapping
from datetime import timedelta
from types import ModuleType
from typing import TypeVar

from shared.domain.commands import VendorCommand
from shared.domain.events import CommandFailed
from shared.domain.messages import AnyEvent
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Permanent, Retryable, Unclear, Waiting
from shared.ports import Claim, Clock, CommandLedger, Http

LEASE = timedelta(seconds=60)
"""Longer than a caller may run, so that a stale claim means a crash or an unclear answer."""

_REQUESTS_MAX = 12
_ATTEMPTS_MAX = 5

OutcomeT = TypeVar("OutcomeT")


def carry_out_command(  # noqa: PLR0913 - three things to know, three to use
    command: VendorCommand,
    vendor: ModuleType,
    account: Mapping[str, str],
    *,
    http: Http,
    ledger: CommandLedger,
    clock: Clock,
    attempt: int = 1,
) -> AnyEvent | None:
    """Carry a command out and record how it ended; give the outcome, or None if it was told before.

    `attempt` counts deliveries of this command; after too many unclear ones a person is asked.

    Raises:
        Retryable: not now; deliver the command again after the error's pause.
    """
    now = clock.now()
    match ledger.claim(command.merchant, command.command_id, now, now + LEASE):
        case Claim.DONE:
            ledger.retell(command.merchant, command.command_id)
            return None
        case Claim.TAKEN:
            raise Retryable("somebody else is at it", after=LEASE)
        case Claim.FRESH | Claim.STALE as claim:
            act = _Act(command, vendor, account, http, clock)
    try:
        outcome = act.first() if claim is Claim.FRESH else act.again()
    except Retryable as error:
        ledger.postpone(command.merchant, command.command_id, clock.now() + error.after)
        raise
    except Unclear as error:
        if attempt < _ATTEMPTS_MAX:
            raise Retryable(f"unclear: {error}", after=LEASE) from error
        outcome = failure(command, Permanent("unclear", str(error)), certain=False)
    ledger.record(command.merchant, command.command_id, outcome)
    return outcome


def failure(command: VendorCommand, error: Permanent, *, certain: bool) -> CommandFailed:
    """Turn an error into the event that the waiting case understands."""
    return CommandFailed(
        merchant=command.merchant,
        reply_to=command.reply_to,
        answers=command.command_id,
        command=command.type,
        code=error.code,
        text=error.text[:300],
        certain=certain,
    )


class _Act:
    """One command with an effect, its vendor, and the two ways to begin."""

    def __init__(
        self, command: VendorCommand, vendor: ModuleType, account: Mapping[str, str], http: Http, clock: Clock
    ) -> None:
        self.command = command
        self.vendor = vendor
        self.account = account
        self.http = http
        self.clock = clock

    def first(self) -> AnyEvent:
        """Call; nobody has called before."""
        try:
            outcome: AnyEvent = converse(self.vendor.carry_out(self.command, self.account, self.clock.now()), self.http)
        except Permanent as error:
            return failure(self.command, error, certain=True)
        return outcome

    def again(self) -> AnyEvent:
        """Find out what became of an earlier call; call only if it certainly had no effect.

        An earlier call that arrives late can make ours fail: a refusal is checked once more.
        """
        found = self._find_out()
        if found is not None:
            return found
        outcome = self.first()
        return (self._find_out() or outcome) if isinstance(outcome, CommandFailed) else outcome

    def _find_out(self) -> AnyEvent | None:
        try:
            found: AnyEvent | None = converse(
                self.vendor.find_out(self.command, self.account, self.clock.now()), self.http
            )
        except Permanent as error:
            raise Unclear(str(error)) from error
        except Waiting:
            raise  # nobody was asked
        except Retryable as error:
            # Not "try the command again": we still do not know.
            raise Unclear(str(error)) from error
        return found


def converse(steps: Generator[HttpRequest, HttpReply, OutcomeT], http: Http) -> OutcomeT:
    """Send what the translator wants sent until it has its answer."""
    sent = 0
    try:
        request = next(steps)
        while sent < _REQUESTS_MAX:
            sent += 1
            reply = http.send(request)
            request = steps.send(reply)
    except StopIteration as end:
        outcome: OutcomeT = end.value
        return outcome
    except Retryable as error:
        if sent > 1:
            raise Unclear(str(error)) from error  # an earlier request of this conversation may have had its effect
        raise
    raise Unclear(f"no end after {_REQUESTS_MAX} requests")
