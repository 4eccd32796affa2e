"""Errors named by what the caller does next.

    HuhangError
    ├── Retryable        nothing happened, or repeating is harmless: try again after `after`
    │   ├── Throttled    the vendor asks for fewer calls
    │   │   └── HeldBack we have made as many as it takes: nothing was asked
    │   └── NotYet       the vendor is well, and needs a moment
    │   └── Waiting      a vendor keeps others waiting: hand the message to the lane's second queue
    ├── Unclear          it may have happened: find out before anything else
    │   └── ReplyTooLarge    nobody can read what came back, also if asked again
    ├── Permanent        it will never work: store the failure, open a ticket
    │   ├── TooMuch      a list longer than we read at once: ask for less
    │   ├── ShopTaken    another merchant has the shop: nothing is stored
    │   └── Refused      somebody at the door: answer with `http_status`, do nothing
    │       ├── BadSignature, StaleTimestamp                  401
    │       ├── NotPermitted                                  403
    │       ├── UnknownSource, UnknownMerchant, UnknownCase   404
    │       └── MalformedMessage                              400
    ├── LostRace         somebody else wrote the case first: load and decide again
    ├── BudgetExhausted  today's automatic refunds are used up: decide again without them
    ├── TrialExhausted   those of a policy on trial are: decide again, and let the policy be taken back
    └── WrongMerchant    one merchant's work would have touched another's: a bug or an attack, nothing was done

Everything else is a bug and ends in the dead-letter queue.
"""

from datetime import timedelta


class HuhangError(Exception):
    """Root of all errors that huhang raises on purpose."""


class Retryable(HuhangError):
    """Nothing happened, or repeating is harmless. Try again after `after`."""

    def __init__(self, reason: str, after: timedelta) -> None:
        super().__init__(reason)
        self.after = after


class Throttled(Retryable):
    """The vendor asks for fewer calls. Try again after `after`."""


class HeldBack(Throttled):
    """As many calls have been made as the vendor takes. Nothing was asked; try again after `after`."""


class NotYet(Retryable):
    """The vendor is well and has not finished. Look again after `after`."""


class Waiting(Retryable):
    """The vendor has kept us waiting lately, and nothing was sent. Whoever has time may try at once."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} keeps us waiting", after=timedelta())


class Unclear(HuhangError):
    """The call may have taken effect: ask the vendor before calling again."""


class ReplyTooLarge(Unclear):
    """The answer is longer than we read. What was only a question need not be asked again."""

    def __init__(self) -> None:
        super().__init__("reply_too_large")


class Permanent(HuhangError):
    """Repeating will not help. Store the failure and ask a person.

    `code` is the vendor's own code, or one of ours in lower case.
    """

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(f"{code}: {text}" if text else code)
        self.code = code
        self.text = text


class TooMuch(Permanent):
    """A vendor has more to list than is read at once. Ask about a shorter time."""


class ShopTaken(Permanent):
    """The shop belongs to another merchant. Its owner leaves first, or the newcomer is refused."""


class Refused(Permanent):
    """A request at the door that is answered with `http_status` and has no effect.

    `sentence` is what its sender is told where the error itself has no text.
    """

    http_status = 400
    sentence = ""

    @property
    def told(self) -> str:
        """Give what the sender is told."""
        return self.text or self.sentence


class BadSignature(Refused):
    """The signature is missing or does not belong to these bytes."""

    http_status = 401
    sentence = "the signature is missing or does not belong to these bytes"


class StaleTimestamp(Refused):
    """The signature is right but too old, or from the future."""

    http_status = 401
    sentence = "the timestamp is more than five minutes away from ours"


class NotPermitted(Refused):
    """Who asks is known, and may not do this."""

    http_status = 403


class UnknownSource(Refused):
    """No vendor of this name pushes to us."""

    http_status = 404
    sentence = "no vendor of this name pushes"


class UnknownMerchant(Refused):
    """The merchant does not exist, or has no account with this source."""

    http_status = 404
    sentence = "no such merchant, or it has no account with this vendor"


class UnknownCase(Refused):
    """The merchant has no such order, parcel or ticket."""

    http_status = 404


class MalformedMessage(Refused):
    """The bytes are genuine but not what the vendor's manual promises."""


class LostRace(HuhangError):
    """Another writer saved the case first. Load and decide again."""


class BudgetExhausted(HuhangError):
    """The merchant's automatic refunds of the day are used up. Decide again, without money."""


class TrialExhausted(HuhangError):
    """The automatic refunds of a policy on trial are used up. Decide again, and take the policy back."""


class WrongMerchant(HuhangError):
    """Something that was begun for one merchant would have touched another's. Do nothing; somebody has to look.

    It says no names: whose it was belongs into nobody's log.
    """

    def __init__(self) -> None:
        super().__init__("a key of another merchant")
