"""One command from a queue: find its vendor and account, carry it out, say how it ended.

A command with an effect is carried out once, by way of the ledger. One that is harmless to repeat needs no memory: its
outcome goes straight to the case that asked, and where that fails the whole command comes again.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import ModuleType
from typing import Literal, assert_never

from shared.domain.commands import (
    HARMLESS,
    URGENT,
    AgreeRefund,
    AssignSession,
    CancelInterception,
    Command,
    EndTrial,
    FetchOrder,
    InterceptParcel,
    PostMessage,
    QueryInterception,
    QueryTracking,
    QueryWorkOrder,
    ReadRefund,
    StopOrder,
    SubscribeTracking,
    TellBuyer,
    UrgeCourier,
    VendorCommand,
)
from shared.domain.events import ParcelTraced
from shared.domain.limits import Allowance, allowance_of
from shared.domain.merchant import Standing
from shared.domain.messages import AnyEvent, lane_of, parse_message, write_message
from shared.domain.privacy import masked
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Permanent, ReplyTooLarge, Retryable, Unclear
from shared.ports import Accounts, Claim, Clock, CommandLedger, Http, Queue
from shared.telemetry import Telemetry
from shared.workflows.carry_out_command import LEASE, carry_out_command, converse, failure
from shared.workflows.meter import Meter
from shared.workflows.patience import Patience
from shared.workflows.take_batch import Delivery
from shared.workflows.watched_http import Tell, tell_nobody, watched

_ASK_AGAIN = timedelta(seconds=5)
_RAW_MAX = 20_000  # characters of an answer, beside its scans, in a queue message of 256 KiB

VendorKind = Literal["platforms", "couriers", "erps", "channels"]
FindVendor = Callable[[VendorKind, str], ModuleType]
FindStanding = Callable[[str], Standing]


class Caller:
    """Carries commands out at vendors."""

    def __init__(  # noqa: PLR0913 - what a caller uses
        self,
        accounts: Accounts,
        http: Http,
        ledger: CommandLedger,
        queue: Queue,
        clock: Clock,
        *,
        find_vendor: FindVendor,
        find_standing: FindStanding,
        meter: Meter,
    ) -> None:
        self.patience = Patience()
        self._accounts = accounts
        self._http = http
        self._ledger = ledger
        self._queue = queue
        self._clock = clock
        self._find_vendor = find_vendor
        self._find_standing = find_standing
        self._meter = meter

    def call(
        self, command: VendorCommand, attempt: int, tell: Tell = tell_nobody, *, is_aside: bool = False
    ) -> AnyEvent | None:
        """Carry a command out; a vendor or account that does not exist is a failure, and so is a merchant's standing.

        How the vendor behaved is told to `tell`, if it was asked anything.

        Raises:
            Waiting: the vendor has kept others waiting, and this command is not aside: nothing was done.
            Retryable: not now.
        """
        _, vendor, _ = _addressee(command)

        def act(http: Http) -> AnyEvent | None:
            return self._call(command, attempt, self.patience.begin(http, vendor, endless=is_aside))

        return watched(act, self._http, self._clock, vendor, tell)

    def _call(self, command: VendorCommand, attempt: int, http: Http) -> AnyEvent | None:
        if isinstance(command, HARMLESS):
            outcome = self._ask(command, http)
            self._queue.send(lane_of(outcome), [(outcome.merchant, write_message(outcome))])
            return outcome
        try:
            vendor, account, allowed = self._reach(command)
        except Permanent as error:
            return self._fail(command, error)
        with self._meter.conversation(command.merchant, allowed, urgent=isinstance(command, URGENT)):
            return carry_out_command(
                command, vendor, account, http=http, ledger=self._ledger, clock=self._clock, attempt=attempt
            )

    def _reach(self, command: VendorCommand) -> tuple[ModuleType, Mapping[str, str], Allowance]:
        kind, name, account_name = _addressee(command)
        _check_standing(command, self._find_standing(command.merchant))
        vendor, account = self._find_vendor(kind, name), self._accounts.account(command.merchant, account_name)
        return vendor, account, allowance_of(vendor, account_name, account, command.type)

    def _ask(self, command: VendorCommand, http: Http) -> AnyEvent:
        """Carry out a command that may be repeated."""
        heard = _Heard(http)
        try:
            vendor, account, allowed = self._reach(command)
            with self._meter.conversation(command.merchant, allowed, urgent=isinstance(command, URGENT)):
                outcome: AnyEvent = converse(vendor.carry_out(command, account, self._clock.now()), heard)
        except Permanent as error:
            return failure(command, error, certain=True)
        except ReplyTooLarge as error:
            return failure(command, Permanent(str(error)), certain=True)
        except Unclear as error:
            raise Retryable(str(error), after=_ASK_AGAIN) from error
        if isinstance(outcome, ParcelTraced) and any(scan.is_unlisted for scan in outcome.scans):
            raw = masked(heard.body).decode(errors="replace")
            return outcome.model_copy(update={"raw": raw[:_RAW_MAX]})
        return outcome

    def _fail(self, command: VendorCommand, error: Permanent) -> AnyEvent | None:
        """End a command that nobody can carry out; certain only if nobody has tried before."""
        now = self._clock.now()
        claim = self._ledger.claim(command.merchant, command.command_id, now, now + LEASE)
        if claim is Claim.DONE:
            self._ledger.retell(command.merchant, command.command_id)
            return None
        if claim is Claim.TAKEN:
            raise Retryable("somebody else is at it", after=LEASE)
        outcome = failure(command, error, certain=claim is Claim.FRESH)
        self._ledger.record(command.merchant, command.command_id, outcome)
        return outcome


class _Heard:
    """An Http that remembers what was answered last."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self.body = b""

    def send(self, request: HttpRequest) -> HttpReply:
        """Send and wait, as the Http inside does."""
        reply = self._http.send(request)
        self.body = reply.body
        return reply


def _check_standing(command: VendorCommand, standing: Standing) -> None:
    """Refuse to touch the world for a merchant that is paused; its staff are still told.

    Raises:
        Permanent: the command is not carried out.
    """
    if standing is Standing.LEFT:
        raise Permanent("merchant_left", "商家已退出，未执行 / the merchant has left: not carried out")
    if standing is Standing.PAUSED and not isinstance(command, (*HARMLESS, PostMessage)):
        raise Permanent("merchant_paused", "商家已暂停，未执行，请人工处理 / the merchant is paused: not carried out")


def _addressee(command: VendorCommand) -> tuple[VendorKind, str, str]:
    """Give kind and name of the vendor, and the name of the merchant's account there."""
    match command:
        case FetchOrder() | ReadRefund() | AgreeRefund() | TellBuyer():
            return "platforms", command.platform, command.platform
        case InterceptParcel() | QueryInterception() | CancelInterception():
            return "couriers", command.carrier, command.carrier
        case SubscribeTracking() | QueryTracking() | UrgeCourier() | QueryWorkOrder():
            return "couriers", command.source, command.source
        case StopOrder():
            return "erps", command.erp, command.erp
        case PostMessage():
            return "channels", command.channel, command.account
        case AssignSession():
            return "channels", "chat", "chat"
        case _:
            assert_never(command)


def take_call(delivery: Delivery, caller: Caller, telemetry: Telemetry) -> None:
    """Carry out the command in a queue message and say how it ended.

    Raises:
        Retryable: not now; deliver the message again after the error's pause.
    """
    command = parse_message(delivery.body)
    if not isinstance(command, Command) or isinstance(command, EndTrial):
        raise Permanent("not_a_command", command.type)
    outcome = caller.call(command, delivery.attempt, telemetry.called, is_aside=delivery.is_aside)
    telemetry.outcome(command.type, command.command_id, outcome.type if outcome else "told_again")
