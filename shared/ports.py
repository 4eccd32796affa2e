"""What the workflows need from the world, written for the caller. One adapter and one fake each.

Names only: each function needs a few ports and would load the models of all.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime, timedelta

    from shared.domain.credentials import Secret
    from shared.domain.decision import AnyCase, BudgetDraw, Spent
    from shared.domain.joining import Answer
    from shared.domain.keys import CaseKey
    from shared.domain.lanes import Lane
    from shared.domain.merchant import Membership
    from shared.domain.messages import AnyEvent, Message
    from shared.domain.parcel import ParcelCase
    from shared.domain.policy import Policy
    from shared.domain.routing_report import RoutingReport, Transfers
    from shared.domain.scores import Scores
    from shared.domain.session import SessionCase
    from shared.domain.watching import Pace
    from shared.domain.why import Origin
    from shared.domain.wire import HttpReply, HttpRequest


class StoredCase(NamedTuple):
    """A case as the store has it. `version` 0 and `case` None: it does not exist yet.

    `due` is when to look at it again; `armed` is the earliest pointer that we know to lie ahead. `held` is a deadline
    that `due` has moved on from: whatever guards that one lies at it or before it.
    """

    key: CaseKey
    version: int = 0
    case: AnyCase | None = None
    due: datetime | None = None
    armed: datetime | None = None
    held: datetime | None = None


class Loaded(NamedTuple):
    """The answer to one read. `left`: there is no policy since the merchant has left."""

    cases: Mapping[CaseKey, StoredCase]
    policy: Policy | None
    left: bool = False


class OpenCase(NamedTuple):
    """An entry in the register of cases that need people: which version of which case did, and when that was said.

    The case itself decides: it may have changed since, or (after a crash) never have come so far.
    """

    key: CaseKey
    version: int
    at: datetime


class CaseStore(Protocol):
    """Cases with their deadlines and outboxes, and a register of those that need people."""

    def load(self, merchant: str, keys: Sequence[CaseKey]) -> Loaded:
        """Read cases and the merchant's current policy in one call; keys that do not exist come back as version 0."""
        ...

    def save(  # noqa: PLR0913 - the parts of one write
        self,
        before: StoredCase,
        case: AnyCase,
        *,
        outbox: Sequence[Message],
        due: datetime | None,
        draw: BudgetDraw | None,
        now: datetime,
        along: tuple[StoredCase, AnyCase] | None = None,
        along_due: datetime | None = None,
    ) -> None:
        """Write the next state, its deadline and its outbox at once; arm a pointer first where `due` needs one.

        A case that begins to need people is entered into the register first, one that needs them no more is taken
        off afterwards. `along` is another case, as loaded and as it becomes: both are written, or neither. It keeps
        its deadline unless `along_due` is given.

        Raises:
            LostRace: a case is not at the version that was loaded any more.
            BudgetExhausted: the draw does not fit into the day's budget; nothing was written.
        """
        ...

    def open_cases(self, merchant: str, after: CaseKey | None = None) -> Sequence[OpenCase]:
        """Give a page of the register in the order of the keys; ask again after the last, until nothing comes."""
        ...

    def forget_open(self, entry: OpenCase) -> None:
        """Take an entry off the register, unless it has been entered anew since it was read."""
        ...

    def spent(self, merchant: str, day: date) -> Spent:
        """Give what has been drawn from a day's budget."""
        ...


class Claim(StrEnum):
    """What a caller may do with a command."""

    FRESH = "fresh"  # nobody has tried: call
    STALE = "stale"  # somebody tried and did not report: find out first
    TAKEN = "taken"  # somebody is at it: leave it
    DONE = "done"  # it has ended; its outcome has been told, tell it again


class CommandLedger(Protocol):
    """Who carries out which command, and how it ended."""

    def claim(self, merchant: str, command_id: str, now: datetime, until: datetime) -> Claim:
        """Take the command for ourselves until `until`; a passed lease can be taken over."""
        ...

    def postpone(self, merchant: str, command_id: str, until: datetime) -> None:
        """Give a claimed command back, untried: the next claim after `until` answers as this one did."""
        ...

    def record(self, merchant: str, command_id: str, outcome: AnyEvent) -> None:
        """Store how the command ended and put the outcome into its outbox. The first outcome stays."""
        ...

    def retell(self, merchant: str, command_id: str) -> None:
        """Put the stored outcome into the outbox once more."""
        ...


class SlotState(NamedTuple):
    """How many calls of a slot are gone, and whether ours are among them; another slot's, if that has begun."""

    start: datetime
    gone: int
    granted: bool


class CallTokens(Protocol):
    """Counts the calls at vendors, for all who make them."""

    def take(self, merchant: str, bucket: str, start: datetime, calls: int, gone_max: int) -> SlotState:
        """Take calls of the slot that began at `start`, if no more than `gone_max` are gone then."""
        ...

    def close(self, merchant: str, bucket: str, start: datetime) -> None:
        """Let nobody take any before the slot that begins at `start`."""
        ...


class Queue(Protocol):
    """The lanes."""

    def send(self, lane: Lane, bodies: Sequence[tuple[str, str]]) -> None:
        """Send (merchant, JSON body) pairs; all of them are durable when this returns."""
        ...

    def send_later(self, lane: Lane, bodies: Sequence[tuple[str, str, datetime]]) -> None:
        """Send (merchant, JSON body, instant), each to be delivered at its instant, which is at most minutes ahead."""
        ...


class Deliveries(Protocol):
    """The queues from which a function's messages come, as records of its event. All of it is durable on return."""

    def delay(self, record: Mapping[str, Any], after: timedelta) -> None:
        """Let a message that is reported as failed be delivered again after a pause of at most twelve hours."""
        ...

    def put_back(self, record: Mapping[str, Any], after: timedelta, past: str) -> None:
        """Put a copy on the queue that a message came from, for after a pause of at most a quarter of an hour.

        `past` is what the copy remembers; it comes with it as the attribute of that name.
        """
        ...

    def set_aside(self, record: Mapping[str, Any], past: str) -> None:
        """Put a copy of a message on its lane's second queue."""
        ...


class Archive(Protocol):
    """Objects that are written once and never changed."""

    def put(self, name: str, data: bytes) -> None:
        """Store an object; it is durable when this returns. Storing the same bytes again changes nothing."""
        ...


class Merchants(Protocol):
    """The list of merchants."""

    def membership(self, merchant: str) -> Membership | None:
        """Give a merchant's membership as it is now; None where it has never joined."""
        ...

    def memberships(self) -> Sequence[Membership]:
        """Give all merchants, in order, those that left too."""
        ...

    def put(self, membership: Membership, origin: Origin | None = None) -> None:
        """Store the next version of a membership, take its shops and give up those that it has no more.

        A merchant that leaves gives up all of them.

        Raises:
            LostRace: the version is not the stored one plus one.
            ShopTaken: a shop belongs to another merchant; nothing was stored.
            Retryable: somebody else was writing at the same time.
        """
        ...

    def forget(self, membership: Membership) -> None:
        """Take a merchant off the list for good, unless it has changed meanwhile."""
        ...


class Place(NamedTuple):
    """Where an item lies in the table."""

    pk: str
    sk: str


class Remains(Protocol):
    """Everything that is stored, by its place."""

    def pages(self) -> Iterable[list[Place]]:
        """Give the places of all items, in no order.

        Raises:
            TooMuch: there are more than are read at once.
        """
        ...

    def erase(self, places: Sequence[Place]) -> None:
        """Delete these items; those that are gone already stay gone.

        Raises:
            Retryable: some may not be deleted.
        """
        ...


class MerchantSecrets(Protocol):
    """The credentials that merchants offer, and those that were taken."""

    def offered(self, arn: str) -> str | None:
        """Give what a merchant's own secret says; None where it cannot be read."""
        ...

    def kept(self, merchant: str) -> Secret | None:
        """Give what was taken of the merchant."""
        ...

    def keep(self, merchant: str, secret: Secret, change: str) -> None:
        """Replace what was taken; `change` names this change, and the same one again does nothing."""
        ...

    def drop(self, merchant: str) -> None:
        """Take away what was taken."""
        ...


class Answers(Protocol):
    """What merchants' stacks were told."""

    def answer(self, request_id: str) -> Answer | None:
        """Give what was answered; None where nothing was."""
        ...

    def keep(self, request_id: str, answer: Answer) -> None:
        """Store what is answered; it is durable when this returns."""
        ...


class Policies(Protocol):
    """The policies that are in force, and those that were."""

    def policy(self, merchant: str, version: int | None = None) -> Policy | None:
        """Give the policy in force, or the one of a version."""
        ...


class PolicyStore(Policies, Protocol):
    """Policies with their history."""

    def version(self, merchant: str) -> int:
        """Give the number of the newest policy, in force or withdrawn; 0 before the first."""
        ...

    def put_policy(self, policy: Policy, origin: Origin | None = None) -> None:
        """Put the next version in force and keep it for ever, with who put it there.

        Raises:
            LostRace: the version is not the newest one plus one.
            Retryable: somebody else was writing at the same time.
        """
        ...

    def withdraw(self, merchant: str) -> None:
        """Take the policy in force away; all versions stay."""
        ...


class Http(Protocol):
    """The way to the vendors."""

    def send(self, request: HttpRequest) -> HttpReply:
        """Send and wait for the answer.

        Raises:
            Retryable: the request certainly never left.
            Unclear: it may have arrived; no usable answer came back.
        """
        ...


class Accounts(Protocol):
    """Merchants' credentials."""

    def account(self, merchant: str, vendor: str) -> Mapping[str, str]:
        """Give a merchant's credentials with a vendor.

        Raises:
            UnknownMerchant: no such merchant, or it has no account with this vendor.
        """
        ...


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """The current instant, aware, UTC."""
        ...


class DuePointer(NamedTuple):
    """A pointer that the sweep has reached."""

    key: CaseKey
    at: datetime


class Waiting(NamedTuple):
    """What a case says of its own deadline: `due`, `armed` and `held` as `StoredCase` has them."""

    due: datetime | None = None
    armed: datetime | None = None
    held: datetime | None = None


class DueIndex(Protocol):
    """Pointers to the cases that may be due, by time, in shards numbered from 0."""

    shards: int

    def cursor(self, shard: int) -> datetime | None:
        """Up to when this shard has been swept."""
        ...

    def reached(self, shard: int, since: datetime, until: datetime) -> Sequence[DuePointer]:
        """Pointers with `since <= at <= until`, earliest first: a page, never cut within one instant.

        Ask again from a millisecond after the last one; an empty answer means that there are no more.
        """
        ...

    def look(self, keys: Sequence[CaseKey]) -> Mapping[CaseKey, Waiting]:
        """Say what existing cases wait for, strongly consistent; absent cases are left out."""
        ...

    def arm(self, pointers: Sequence[DuePointer]) -> None:
        """Put pointers; what this process has put lately is not put again."""
        ...

    def advance(self, shard: int, until: datetime) -> None:
        """Store that the shard has been swept up to `until`."""
        ...


class PolicyChange(NamedTuple):
    """A policy that open cases may not have heard of yet, and how far the word has come.

    The way leads along all pointers, stretch by stretch; `began` is where this lap's first stretch begins (None: no
    step of it was taken yet), `since` how far the present stretch is done, or before when a lap may not begin; `laps`
    how often the whole way was gone, in `steps` steps.
    """

    merchant: str
    version: int
    laps: int = 0
    began: datetime | None = None
    stretch: int = 0
    since: datetime | None = None
    steps: int = 0


class PolicyChanges(Protocol):
    """Notes of policies that were put in force, each until all open cases of its merchant have heard of it."""

    def changes(self) -> Sequence[PolicyChange]:
        """Give what is noted."""
        ...

    def keep(self, change: PolicyChange) -> bool:
        """Store how far the word has come with this step; false, and nothing stored, if it was not the next one.

        Somebody else has taken it, or a newer policy was put meanwhile.
        """
        ...

    def done(self, change: PolicyChange) -> None:
        """Take a note away, unless a newer policy was put meanwhile."""
        ...


class ScoreStore(Protocol):
    """Parcels and conversations of all merchants, and what was made of the parcels."""

    def cases(self) -> Iterable[tuple[str, ParcelCase | SessionCase]]:
        """Give every parcel and every conversation with its merchant, in no order."""
        ...

    def put(self, scores: Scores) -> None:
        """Replace a merchant's scorecard."""
        ...

    def scores(self, merchant: str) -> Scores | None:
        """Give the newest scorecard."""
        ...

    def measured(self, merchant: str, paces: Mapping[str, Pace]) -> None:
        """Let the merchant's policy know how late its couriers report and react."""
        ...


class Watermarks(Protocol):
    """How far each source of a merchant has been read."""

    def all(self, merchant: str) -> Mapping[str, datetime]:
        """Give the instants by source; a source that was never read is left out."""
        ...


class RoutingReports(Protocol):
    """What was made of the conversations."""

    def put(self, report: RoutingReport, transfers: Transfers) -> None:
        """Replace a merchant's report and the list of its transfers."""
        ...

    def report(self, merchant: str) -> RoutingReport | None:
        """Give the newest report."""
        ...

    def transfers(self, merchant: str) -> Transfers | None:
        """Give the newest list of transfers."""
        ...
