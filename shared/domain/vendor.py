"""What every vendor module needs: credentials, signatures compared in constant time, and what an HTTP status means.

Standard library only: the webhook function uses this during its cold start.
"""

import hmac
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from shared.domain.reading import Fields, Unreadable, document
from shared.domain.wire import HttpReply
from shared.errors import Permanent, Retryable, Throttled, Unclear, UnknownMerchant

if TYPE_CHECKING:
    from shared.domain.commands import CourierCommand, PostMessage
    from shared.domain.events import MessagePosted
    from shared.domain.steps import Finding

SOON = timedelta(seconds=30)
LATER = timedelta(seconds=60)
TEXT_MAX = 200
OLDEST_MAX, NEWEST_MAX = 20, 180
NO_NUMBER = "HUHANGCHECK0"  # of no order and no parcel: asked for to see whether a signature is taken
HELLO_TITLE = "护航已接入 · huhang is connected"
HELLO_TEXT = "### 护航已接入\n本群将收到护航的售后通知。Notices of huhang will come to this group."
ScanT = TypeVar("ScanT")
CUT = "\n\n……（内容过长，已截断 / truncated）"


def credential(account: Mapping[str, str], name: str) -> str:
    """Give a credential; an empty one would verify anybody's signature, one that is no text could sign nothing.

    Raises:
        UnknownMerchant: the account lacks it; a person completes the account.
    """
    value = account.get(name, "")
    if not value.isprintable() or not value:
        raise UnknownMerchant("account_incomplete", name)
    return value


def is_same(ours: str, theirs: str) -> bool:
    """Compare two signatures in constant time, whatever bytes the other one holds."""
    return hmac.compare_digest(ours.encode(errors="replace"), theirs.encode(errors="replace"))


def read_reply(reply: HttpReply, *, writes: bool) -> Fields:
    """Parse a vendor's answer; its own codes are the caller's to judge. `writes`: the request had an effect.

    Raises:
        Throttled: too many calls.
        Retryable: a read that brought nothing usable.
        Unclear: a write that brought nothing usable.
        Permanent: refused by HTTP status alone.
    """
    if reply.status == 429:
        raise Throttled("http 429", LATER)
    if reply.status >= 500 or reply.status == 408:
        raise doubt(f"http {reply.status}", writes=writes)
    try:
        return document(reply.body)
    except Unreadable as error:
        if reply.status >= 300:
            raise Permanent(f"http_{reply.status}") from None
        raise doubt(str(error), writes=writes) from None


def doubt(reason: str, *, writes: bool) -> Retryable | Unclear:
    """Give the error for an answer that tells nothing: a write may have taken effect, a read is repeated."""
    return Unclear(reason) if writes else Retryable(reason, SOON)


def cut_to_fit(text: str, bytes_max: int, write: Callable[[str], bytes]) -> str:
    """Cut a text between two characters where what `write` makes of it would be too long for its channel."""
    if len(write(text)) <= bytes_max:
        return text
    lengths = range(len(text) + 1)
    return text[: bisect_right(lengths, bytes_max, key=lambda n: len(write(text[:n] + CUT))) - 1] + CUT


def posted(command: "PostMessage", throttled_for_s: int) -> "MessagePosted":
    """Give a robot's answer to a post: said, or muted for so long."""
    from shared.domain.events import MessagePosted

    return MessagePosted(
        merchant=command.merchant,
        group=command.group,
        answers=command.command_id,
        throttled_for_s=throttled_for_s,
    )


def answer_of(command: "CourierCommand") -> dict[str, str]:
    """Give what every outcome of a courier's command says: of whose parcel it tells, and which command it answers."""
    return {
        "merchant": command.merchant,
        "carrier": command.carrier,
        "waybill": command.waybill,
        "answers": command.command_id,
    }


def nothing_to_find(command: object, account: Mapping[str, str], now: datetime) -> "Finding":
    """Find nothing, asking nobody: for vendors that cannot be asked, and to whom a command may be told again."""
    yield from ()
    return None


def both_ends(history: Sequence[ScanT]) -> Sequence[ScanT]:
    """Give what is kept of a parcel's history: its oldest scans prove the pickup, its newest where the parcel is."""
    if len(history) <= OLDEST_MAX + NEWEST_MAX:
        return history
    return [*history[:OLDEST_MAX], *history[-NEWEST_MAX:]]


def clip(text: object) -> str:
    """Shorten a vendor's message for storage."""
    return text[:TEXT_MAX] if isinstance(text, str) else ""
