"""Where does this line belong? Answered at once, while the chat desktop waits.

One read: the policy, the session, the buyer's orders and refunds, and the desks, as far as they are known from the
call before. Where the session is to get a person and one is free, session and desk are written together and the answer
names that person. Otherwise nothing is written here: the line goes on the queue, and its consumer decides the same by
the same rules.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from shared.channels.chat import parse_line
from shared.domain import reading as read
from shared.domain.chat import Understanding, Understands
from shared.domain.chat_events import LineSaid, SeatGiven, SeatWanted
from shared.domain.commands import AssignSession
from shared.domain.decision import Decision, Facts
from shared.domain.keys import CaseKey, desk_key
from shared.domain.lanes import Lane
from shared.domain.messages import Message, write_message
from shared.domain.order import OrderCase
from shared.domain.policy import Policy
from shared.domain.refund import RefundCase, RefundPhase
from shared.domain.session import DeskCase, Holder, SessionCase
from shared.errors import LostRace, MalformedMessage, UnknownMerchant
from shared.ports import CaseStore, Clock, Queue, StoredCase
from shared.rules.chat.decide_desk import decide_desk
from shared.rules.chat.decide_session import decide_session
from shared.rules.chat.explain import explain, trouble_name
from shared.rules.chat.listening import event_of, reading_of
from shared.rules.chat.welcoming import welcome_for
from shared.rules.understanding.understand import understand
from shared.workflows.chat_reading import line_facts, load_line
from shared.workflows.receive_push import TooLarge

BODY_MAX = 64_000
DESKS_MAX = 20
"""More groups than these are read one by one."""
MERCHANTS_MAX = 1000
_RACES_MAX = 4


class RouteAnswer(NamedTuple):
    """An answer: the session as it is or will be in a moment, what was understood, and what the buyer has open."""

    case: SessionCase
    line: str  # its digest
    policy: Policy
    reading: Understanding
    orders: tuple[OrderCase, ...]
    refunds: tuple[RefundCase, ...]
    queued: bool = False  # the line is on the queue; else everything is written, or was before

    def document(self) -> dict[str, object]:
        """Write it for the desktop."""
        case, last = self.case, self.case.routed[-1] if self.case.routed else None
        rule = next((one for one in self.policy.routing.rules if last and one.rule == last.rule), None)
        return {
            "session_id": case.session_id,
            "holder": case.named_holder,
            "advisory": case.advised is not None,
            "group": case.group,
            "agent": case.agent,
            "token": case.token,
            "priority": case.priority,
            "tags": case.tags,
            "note": rule.then.note if rule else "",
            "rule": last.rule if last else "",
            "reason": explain(last, self.policy.routing) if last else "",
            "hops": case.hops,
            "understanding": {
                "intent": self.reading.intent,
                "confidence": self.reading.confidence,
                "tone": self.reading.tone,
                "tone_confidence": self.reading.tone_confidence,
                "negative_lines": case.negative_lines,
                "repeated": case.repeated,
            },
            "cases": [*self._parcels(), *self._refunds()],
            "welcome": self._welcome(),
        }

    def _welcome(self) -> dict[str, object] | None:
        found = welcome_for(self.case, self.line, self.policy)
        return {"welcome": found.welcome, "text": found.text, "questions": found.questions} if found else None

    def _parcels(self) -> list[dict[str, object]]:
        return [
            {
                "kind": "parcel",
                "parcel": trouble.parcel,
                "order_id": order.order_id,
                "what": trouble.what,
                "text": "、".join(map(trouble_name, trouble.what)),
            }
            for order in self.orders
            for trouble in order.troubles
        ]

    def _refunds(self) -> list[dict[str, object]]:
        return [
            {"kind": "refund", "refund_id": one.refund_id, "order_id": one.order_id, "phase": one.phase}
            for one in self.refunds
            if one.phase is not RefundPhase.CLOSED
        ]


def read_question(merchant: str, body: bytes, now: datetime) -> LineSaid:
    """Read the body of a question.

    Raises:
        TooLarge, MalformedMessage: it is none; the sentence says why.
    """
    if len(body) > BODY_MAX:
        raise TooLarge("too_large", f"more than {BODY_MAX} bytes")
    try:
        data = read.document(body)
        return parse_line(merchant, data, read.iso(data, "at") if data.get("at") else now)
    except read.Unreadable as error:
        raise MalformedMessage("body", str(error)) from None


class Reception:
    """Routes lines, and remembers each merchant's desks from one call to the next."""

    def __init__(
        self,
        store: CaseStore,
        queue: Queue,
        clock: Clock,
        count: Callable[[str], None],
        understands: Understands = understand,
    ) -> None:
        self._understands = understands
        self._store = store
        self._queue = queue
        self._clock = clock
        self._count = count
        self._desks: dict[str, tuple[CaseKey, ...]] = {}

    def route(self, said: LineSaid) -> RouteAnswer:
        """Say who has the session of a line.

        Raises:
            UnknownMerchant: the merchant has no policy.
            Retryable: the store or the queue did not take it; asking again is harmless.
        """
        read: list[Understanding] = []  # once, however often a race is lost
        for attempt in range(_RACES_MAX + 1):
            try:
                return self._attempt(said, read, may_seat=attempt < _RACES_MAX)
            except LostRace:
                continue
        raise AssertionError("without a seat there is no race")

    def _attempt(self, said: LineSaid, read: list[Understanding], *, may_seat: bool) -> RouteAnswer:
        now, merchant = self._clock.now(), said.merchant
        loaded = load_line(said, self._store, self._desks.get(merchant, ()))
        policy, before = loaded.policy, loaded.cases[said.case]
        if policy is None:
            raise UnknownMerchant("no_policy", "the merchant has no policy yet")
        self._remember(policy)
        session = before.case if isinstance(before.case, SessionCase) else None
        if not read:
            read.append(reading_of(said, session, self._understands))
        reading = read[0]
        event = event_of(said, reading)
        facts = line_facts(event, loaded)
        decision: Decision[SessionCase] = decide_session(facts, policy, now)
        case = decision.case
        if case is None:
            raise TypeError("a line makes a session")
        answer = RouteAnswer(case, event.line, policy, reading, facts.orders, facts.refunds)
        if case == session and not decision.outbox:
            return answer  # heard before
        wish = next((message for message in decision.outbox if isinstance(message, SeatWanted)), None)
        if wish and may_seat:
            desk = loaded.cases.get(wish.case) or self._store.load(merchant, [wish.case]).cases[wish.case]
            seated = self._seat(before, decision, wish, desk, policy, now)
            if seated:
                return answer._replace(case=seated)
        self._queue.send(Lane.CHATS, [(merchant, write_message(event))])
        return answer._replace(queued=True)

    def _seat(
        self,
        before: StoredCase,
        decision: Decision[SessionCase],
        wish: SeatWanted,
        desk: StoredCase,
        policy: Policy,
        now: datetime,
    ) -> SessionCase | None:
        """Seat the session if somebody is free, and write both cases; None, and nothing written, if nobody is."""
        if not isinstance(desk.case, DeskCase):
            return None
        given = decide_desk(Facts(wish.merchant, wish, desk.case), policy, now)
        seat = next((one for one in given.outbox if isinstance(one, SeatGiven) and one.case == before.key), None)
        if seat is None or seat.token != wish.token or given.case is None:
            return None
        seated = decide_session(Facts(wish.merchant, seat, decision.case), policy, now)
        if seated.case is None or seated.case.holder is not Holder.AGENT:
            return None
        superseded = AssignSession if any(isinstance(one, AssignSession) for one in seated.outbox) else SeatWanted
        outbox: list[Message] = [one for one in decision.outbox if one is not wish and not isinstance(one, superseded)]
        outbox += [*seated.outbox, *(one for one in given.outbox if one is not seat)]
        self._store.save(
            before,
            seated.case,
            outbox=outbox,
            due=seated.due,
            draw=None,
            now=now,
            along=(desk, given.case),
            along_due=given.due,
        )
        for what in (*decision.counts, *seated.counts):
            self._count(what)
        return seated.case

    def _remember(self, policy: Policy) -> None:
        """Know which desks to read along the next time."""
        groups = tuple(policy.routing.groups)
        if len(self._desks) >= MERCHANTS_MAX:
            self._desks.clear()
        few = groups if len(groups) <= DESKS_MAX else ()
        self._desks[policy.merchant] = tuple(desk_key(policy.merchant, group) for group in few)
