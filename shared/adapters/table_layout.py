"""How the one table is laid out: which item lives under which key. The adapters and their fakes share it.

    pk                             sk                     item
    <merchant>|<kind>|<id>         -                      a case: v, body, due, armed, held, outbox
    <merchant>|policy              -                      the policy in force: v, body; measured: paces;
                                                          no body: the merchant has left, its next one follows v
    <merchant>|policy              <version>              every policy there ever was
    <merchant>|budget              <day>                  amount_fen, refunds
    <merchant>|budget              trial|<version>        the same of a policy version while it is on trial
    <merchant>|command|<id>        -                      who carries it out, how it ended
    <merchant>|calls               <account>|<api>        the calls at a vendor in a slot of time: slot, gone
    <merchant>|scores              -                      what its couriers did: scores
    <merchant>|routing             -                      where its conversations went: report
    <merchant>|routing             transfers              the latest of them, with reasons: report
    <merchant>|open                <case key>             a case that needs people: v (then), at (when it was put)
    merchants                      <merchant>             membership, v
    <merchant>|standing            <version>              every membership there was
    shops                          <shop>                 whose shop it is: merchant
    joining                        <request>              what a merchant's stack was told: answer
    policy-changes                 <merchant>             a policy that open cases may not know yet: v, and how far
                                                          the word has come: laps, began, stretch, since
    due|<shard>|<UTC hour>         <instant>|<case key>   a pointer: look at this case then
    due|cursor                     <shard>                up to when the shard has been swept

Pointers lie in buckets of one hour and shard: catching up after days is one query per hour and shard, and a partition
takes 1,000 writes a second, so four shards carry four thousand new deadlines a second. `SHARDS` may grow (old shards
keep their numbers, a case that moves is found through the pointer it has), never shrink.

Stored instants are whole milliseconds, rounded up: a case is never looked at before its deadline has passed.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zlib import crc32

from shared.domain.keys import CaseKey, CaseKind
from shared.ports import DuePointer, StoredCase

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]

SHARDS = 4
DUE_PAGE_MAX = 500
LATELY_MAX = 50_000
ONLY = "-"  # the sort key of an item that is alone under its partition key
MERCHANTS = "merchants"
SHOPS = "shops"
JOINING = "joining"
POLICY_CHANGES = "policy-changes"
CURSORS = "due|cursor"

POINTER_KEPT = timedelta(days=14)
COMMAND_KEPT = timedelta(days=30)
CALLS_KEPT = timedelta(days=1)
BUDGET_KEPT = timedelta(days=400)
AT_REST_KEPT = {
    CaseKind.ORDER: timedelta(days=400),  # a year of after-sales, and some
    CaseKind.REFUND: timedelta(days=400),
    CaseKind.PARCEL: timedelta(days=180),
}
"""How long a case is kept after its last change once it waits for nothing (`docs/data.md`)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(instant: datetime) -> int:
    """Give the milliseconds since 1970, rounded up."""
    return -((_EPOCH - instant) // _MILLISECOND)


def from_ms(milliseconds: int) -> datetime:
    """Read what `to_ms` gave."""
    return _EPOCH + milliseconds * _MILLISECOND


def to_expiry(instant: datetime) -> int:
    """Give the seconds since 1970, as DynamoDB's TTL wants them."""
    return int((instant - _EPOCH).total_seconds())


def whole_ms(instant: datetime) -> datetime:
    """Round up to the precision of the table."""
    return from_ms(to_ms(instant))


def shard_of(key: CaseKey) -> int:
    """The shard in which a case's pointers lie."""
    return crc32(str(key).encode()) % SHARDS


def pointer_needed(due: datetime | None, before: StoredCase, now: datetime) -> datetime | None:
    """Give the instant of the pointer that must exist before a case is saved with `due`; None if one lies ahead.

    One does where the case knows of it, and where a deadline that it had is ahead and not later than the new one:
    whatever guarded that guards a later one too. A deadline in the past is pointed to from now, where the sweep still
    comes by.
    """
    if due is None or _first_ahead((before.armed, before.held, before.due), due, now):
        return None
    return max(whole_ms(due), whole_ms(now))


def held_after(due: datetime | None, before: StoredCase, now: datetime) -> datetime | None:
    """Give the deadline that goes on being held when a case is saved with `due` and without a new pointer."""
    return _first_ahead((before.held, before.due), due, now) if due else None


def _first_ahead(instants: Iterable[datetime | None], due: datetime, now: datetime) -> datetime | None:
    return next((at for at in instants if at is not None and now < at <= due), None)


class Lately:
    """What has been done lately, so that it need not be done again; forgets the oldest half when it is full."""

    def __init__(self) -> None:
        self._young: set[DuePointer] = set()
        self._old: set[DuePointer] = set()

    def new(self, pointers: Sequence[DuePointer]) -> list[DuePointer]:
        """Give those that are not known, each once."""
        return [one for one in dict.fromkeys(pointers) if one not in self._young and one not in self._old]

    def add(self, pointers: Iterable[DuePointer]) -> None:
        """Know these from now on."""
        if len(self._young) >= LATELY_MAX // 2:
            self._young, self._old = set(), self._young
        self._young.update(pointers)


def bucket_of(shard: int, at: datetime) -> str:
    """The partition of the pointers of one shard and hour."""
    return f"due|{shard}|{at:%Y%m%d%H}"


def instant_text(at: datetime) -> str:
    """Write an instant so that the order of texts is the order of time."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def pointer_text(at: datetime, key: CaseKey) -> str:
    """The sort key of a pointer; `at` in whole milliseconds."""
    return f"{instant_text(at)}|{key}"


def parse_pointer(text: str) -> tuple[datetime, CaseKey]:
    """Read what `pointer_text` wrote."""
    instant, _, key = text.partition("|")
    return datetime.fromisoformat(instant), CaseKey.parse(key)


def pointer_item(key: CaseKey, at: datetime) -> "Item":
    """Write a pointer at a whole millisecond; putting it twice changes nothing."""
    return {
        "pk": {"S": bucket_of(shard_of(key), at)},
        "sk": {"S": pointer_text(at, key)},
        "expires_at": {"N": str(to_expiry(at + POINTER_KEPT))},
    }


def read_ms(item: "Item", name: str) -> datetime | None:
    """Read an instant of a case; None where it has none."""
    return from_ms(int(item[name]["N"])) if name in item else None


def policy_pk(merchant: str) -> str:
    """The partition of a merchant's policies."""
    return f"{merchant}|policy"


def standing_pk(merchant: str) -> str:
    """The partition of a merchant's memberships."""
    return f"{merchant}|standing"


def version_sk(version: int) -> str:
    """The sort key of a policy or membership that was in force once."""
    return f"{version:08d}"


def budget_pk(merchant: str) -> str:
    """The partition of a merchant's daily budgets."""
    return f"{merchant}|budget"


def budget_sk(day: date) -> str:
    """The sort key of one day's budget."""
    return day.isoformat()


def trial_sk(version: int) -> str:
    """The sort key of the budget of a policy on trial."""
    return f"trial|{version:08d}"


def calls_pk(merchant: str) -> str:
    """The partition of the counters of a merchant's calls at its vendors."""
    return f"{merchant}|calls"


def scores_pk(merchant: str) -> str:
    """The partition of a merchant's scorecard."""
    return f"{merchant}|scores"


def routing_pk(merchant: str) -> str:
    """The partition of a merchant's report on its routing."""
    return f"{merchant}|routing"


def open_pk(merchant: str) -> str:
    """The partition of the register of a merchant's cases that need people."""
    return f"{merchant}|open"


def command_pk(merchant: str, command_id: str) -> str:
    """The partition of one command."""
    return f"{merchant}|command|{command_id}"
