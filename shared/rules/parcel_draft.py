"""The parcel case while it is being decided: one method per thing that can happen to it."""

from collections.abc import Callable
from datetime import datetime

from shared.domain.commands import (
    CancelInterception,
    InterceptParcel,
    QueryInterception,
    SubscribeTracking,
)
from shared.domain.decision import Decision, Objection
from shared.domain.events import (
    CommandFailed,
    NoticeRaised,
    ParcelProgressed,
    ReturnLegLinked,
    ReturnLegScanned,
    ReturnReceived,
)
from shared.domain.keys import parcel_key
from shared.domain.messages import Message
from shared.domain.notices import TICKETS, Notice, TicketKind
from shared.domain.parcel import Content, InterceptionPhase, ParcelCase, Scan, Stage, Wish
from shared.domain.policy import Policy
from shared.domain.why import Why
from shared.rules.stopping.interception_window import interception_window
from shared.rules.stopping.other_goods import other_goods
from shared.rules.stopping.worth_intercepting import worth_intercepting

Rule = Callable[[ParcelCase, Policy], Objection | None]

RULES: tuple[Rule, ...] = (interception_window, other_goods, worth_intercepting)
"""Asked in this order; the first objection decides."""

_STAGES = tuple(Stage)
_QUIET_QUERY_FACTOR = 6  # a silent courier is asked less often


class ParcelDraft:
    """A parcel case in the making, with what is to be said and done."""

    def __init__(self, merchant: str, policy: Policy, now: datetime, case: ParcelCase) -> None:
        self.merchant = merchant
        self.policy = policy
        self.now = now
        self.before = case
        self.case = case
        self.outbox: list[Message] = []
        self.ask_back: set[str] = set()  # refunds that asked and must hear where things stand

    # ---- what happened -------------------------------------------------------------------------------------------

    def add_content(self, content: Content) -> None:
        """Learn what an order says is inside; goods found late can end an interception."""
        mine = [c for c in self.case.contents if (c.platform, c.order_id) == (content.platform, content.order_id)]
        lines = tuple(sorted({*content.line_ids, *(line for c in mine for line in c.line_ids)}))
        others = [c for c in self.case.contents if c not in mine]
        contents = sorted([*others, content.model_copy(update={"line_ids": lines})], key=lambda c: c.order_id)
        self._change(contents=tuple(contents))
        self._undo_if_unwanted()

    def scan(self, scan: Scan, return_waybill: str | None) -> None:
        """Take a scan; the newest counts, whatever the order of arrival."""
        last = self.case.last_scan
        if last is None or _recency(scan) > _recency(last):
            self._change(last_scan=scan)
        if scan.stage in (Stage.RETURNING, Stage.RETURNED):
            earliest = min(filter(None, (self.case.return_scan_at, scan.at)))
            self._change(return_scan_at=earliest)
        if return_waybill and return_waybill != self.case.waybill and not self.case.return_waybill:
            self._change(return_waybill=return_waybill)
            self._say(
                ReturnLegLinked(
                    merchant=self.merchant,
                    carrier=self.case.carrier,
                    waybill=return_waybill,
                    original=self.case.waybill,
                )
            )
        if self.case != self.before:
            self._forward_scan()
            self._react_to_stage()

    def want(self, content: Content, wish: Wish) -> None:
        """A refund wants the parcel stopped; it hears where things stand even if nothing changes."""
        self.ask_back.add(wish.refund)
        others = tuple(known for known in self.case.wishes if known.refund != wish.refund)
        self._change(wishes=(*others, wish))
        self.add_content(content)
        self._update(wanted_at=self.case.interception.wanted_at or self.now)
        if self.case.interception.phase in (
            InterceptionPhase.NONE,
            InterceptionPhase.WAITING,
            InterceptionPhase.CANCELLED,
        ):
            self._evaluate()

    def release(self, refund: str) -> None:
        """A refund takes its wish back."""
        if all(wish.refund != refund for wish in self.case.wishes):
            return
        self._change(wishes=tuple(wish for wish in self.case.wishes if wish.refund != refund))
        phase = self.case.interception.phase
        if phase is InterceptionPhase.WAITING and not self.case.wishes:
            self._update(phase=InterceptionPhase.NONE, reason="")
        elif phase is InterceptionPhase.SUCCEEDED and not self.case.received_at:
            self._ticket(TicketKind.STOPPED_THEN_WITHDRAWN, {"refund": refund})
        self._undo_if_unwanted()

    def accepted(self, answers: str) -> None:
        """The courier registered the request."""
        if self._is_current(answers) and self.case.interception.phase is InterceptionPhase.REQUESTED:
            self._update(
                phase=InterceptionPhase.ACCEPTED,
                requested_at=self.case.interception.requested_at or self.now,
                accepted_at=self.now,
                asked_at=self.now,
                tries=0,
                silent=False,
            )
            self._react_to_stage()
            self._undo_if_unwanted()

    def refused(self, answers: str, reason: str, *, wait: bool) -> None:
        """The courier refused, for good or until the first scan."""
        if self._is_current(answers) and self.case.interception.phase is InterceptionPhase.REQUESTED:
            self._update(requested_at=self.case.interception.requested_at or self.now)
            self._set_phase(InterceptionPhase.WAITING if wait else InterceptionPhase.REFUSED, reason)

    def reported(self, answers: str, state: str) -> None:
        """The courier's own status."""
        if not self._is_current(answers) or self.case.interception.phase is not InterceptionPhase.ACCEPTED:
            return
        if state in ("succeeded", "returning"):
            self._succeed()
        elif state == "failed":
            self._set_phase(InterceptionPhase.FAILED, "courier_failed")
        elif state == "cancelled":
            self._set_phase(InterceptionPhase.FAILED, "cancelled_at_courier")

    def cancelled(self, answers: str) -> None:
        """The courier dropped the interception; somebody may want it again by now."""
        if self._is_current(answers) and self.case.interception.phase is InterceptionPhase.CANCELLING:
            self._set_phase(InterceptionPhase.CANCELLED, "")
            if self.case.wishes:
                self._evaluate()

    def failed(self, event: CommandFailed) -> None:
        """A command to the courier ended without effect, or nobody knows with which."""
        phase = self.case.interception.phase
        if not self._is_current(event.answers):
            return
        reason = f"{event.code} {event.text}".strip()
        if phase is InterceptionPhase.REQUESTED and event.certain:
            self._set_phase(InterceptionPhase.REFUSED, reason)
        elif phase is InterceptionPhase.REQUESTED:
            self._doubt(reason)
        elif phase is InterceptionPhase.CANCELLING:
            self._update(phase=InterceptionPhase.ACCEPTED, asked_at=self.now, tries=0)
            self._ticket(TicketKind.STOPPED_THEN_WITHDRAWN, {"code": event.code})

    def become_return_leg_of(self, original: str) -> None:
        """Follow this number as another parcel's way back."""
        if self.case.return_of or original == self.case.waybill:
            return
        self._change(return_of=original)
        self._say(
            SubscribeTracking(
                merchant=self.merchant,
                command_id=f"{self._key}#subscribe",
                reply_to=self._key,
                why=self._why("return_leg", {"original": original}),
                carrier=self.case.carrier,
                waybill=self.case.waybill,
            )
        )
        self._forward_scan()

    def received(self, at: datetime) -> None:
        """The warehouse has the goods, under this number or the original's."""
        if self.case.received_at:
            return
        self._change(received_at=at)
        if self.case.wishes:
            self._update(phase=InterceptionPhase.SUCCEEDED)
        if self.case.return_of:
            self._say(
                ReturnReceived(merchant=self.merchant, carrier=self.case.carrier, waybill=self.case.return_of, at=at)
            )

    def look_at_clock(self) -> None:
        """Ask again what was not answered, query what is under way, notice silence."""
        mine = self.case.interception
        if mine.phase in (InterceptionPhase.REQUESTED, InterceptionPhase.CANCELLING):
            self._ask_again()
        elif mine.phase is InterceptionPhase.ACCEPTED:
            started = mine.accepted_at or mine.asked_at or self.now
            if not mine.silent and self.now >= started + self.policy.courier_silence_max:
                self._update(silent=True, reason="courier_silent")
            if self.now >= self._query_at():
                self._update(step=mine.step + 1, asked_at=self.now)
                self._say_command(QueryInterception, "query_interception", {"accepted_at": started.isoformat()})

    # ---- what follows --------------------------------------------------------------------------------------------

    def decision(self) -> Decision[ParcelCase]:
        """Close the draft: tell the refunds what changed for them."""
        changed = self._told(self.case) != self._told(self.before)
        for wish in self.case.wishes:
            if changed or wish.refund in self.ask_back:
                self._tell(wish)
        return Decision(self.case, tuple(self.outbox), self._due())

    @staticmethod
    def _told(case: ParcelCase) -> tuple[str, str]:
        return case.progress, case.interception.reason

    def _tell(self, wish: Wish) -> None:
        self._say(
            ParcelProgressed(
                merchant=self.merchant,
                platform=wish.platform,
                refund_id=wish.refund.split(":", 1)[1],
                carrier=self.case.carrier,
                waybill=self.case.waybill,
                progress=self.case.progress,
                reason=self.case.interception.reason,
                at=self.now,
            )
        )

    def _evaluate(self) -> None:
        if self.case.return_scan_at:
            self._succeed()
            return
        for rule in RULES:
            objection = rule(self.case, self.policy)
            if objection:
                waits = InterceptionPhase.WAITING if objection.may_pass else InterceptionPhase.REFUSED
                self._set_phase(waits, objection.code)
                return
        mine = self.case.interception
        self._update(
            phase=InterceptionPhase.REQUESTED,
            reason="",
            step=mine.step + 1,
            request_step=mine.step + 1,
            tries=1,
            asked_at=self.now,
            eligible_at=mine.eligible_at or self.now,
        )
        self._say_command(InterceptParcel, "stop_parcel", self._request_facts())

    def _request_facts(self) -> dict[str, str | int | None]:
        return {
            "stage": self.case.stage,
            "refunded_fen": sum(wish.amount_fen for wish in self.case.wishes),
            "refunds": ",".join(wish.refund for wish in self.case.wishes),
        }

    def _react_to_stage(self) -> None:
        phase = self.case.interception.phase
        if not self.case.wishes and phase is not InterceptionPhase.ACCEPTED:
            return
        if self.case.return_scan_at:
            if phase is not InterceptionPhase.CANCELLING:
                self._succeed()
        elif self.case.stage is Stage.DELIVERED and phase in (InterceptionPhase.ACCEPTED, InterceptionPhase.SUCCEEDED):
            self._set_phase(InterceptionPhase.FAILED, "delivered")
        elif phase is InterceptionPhase.WAITING:
            self._evaluate()

    def _undo_if_unwanted(self) -> None:
        unwanted = not self.case.wishes or other_goods(self.case, self.policy) is not None
        if self.case.interception.phase is InterceptionPhase.ACCEPTED and unwanted:
            mine = self.case.interception
            self._update(
                phase=InterceptionPhase.CANCELLING, step=mine.step + 1, tries=1, asked_at=self.now, silent=False
            )
            self._say_cancel()

    def _ask_again(self) -> None:
        mine = self.case.interception
        if mine.asked_at is None or self.now < self._answer_at():
            return
        if mine.tries >= self.policy.tries_max:
            self._doubt("no_answer")
            return
        self._update(tries=mine.tries + 1)
        if mine.phase is InterceptionPhase.REQUESTED:
            self._say_command(InterceptParcel, "stop_parcel", self._request_facts())
        else:
            self._say_cancel()

    def _succeed(self) -> None:
        if self.case.interception.phase is not InterceptionPhase.SUCCEEDED:
            self._set_phase(InterceptionPhase.SUCCEEDED, "")
            self._update(succeeded_at=self.case.interception.succeeded_at or self.now)

    def _doubt(self, reason: str) -> None:
        """Nobody knows whether the courier has our request: keep asking for its status, and say so."""
        self._update(phase=InterceptionPhase.ACCEPTED, silent=True, asked_at=self.now, tries=0, reason=reason)

    def _set_phase(self, phase: InterceptionPhase, reason: str) -> None:
        self._update(phase=phase, reason=reason)

    # ---- deadlines -----------------------------------------------------------------------------------------------

    def _due(self) -> datetime | None:
        mine = self.case.interception
        if mine.phase in (InterceptionPhase.REQUESTED, InterceptionPhase.CANCELLING):
            return self._answer_at()
        if mine.phase is InterceptionPhase.ACCEPTED:
            started = mine.accepted_at or mine.asked_at or self.now
            if self.now >= started + self.policy.return_max:
                return None
            silence_at = started + self.policy.courier_silence_max
            return self._query_at() if mine.silent else min(self._query_at(), silence_at)
        return None

    def _answer_at(self) -> datetime:
        mine = self.case.interception
        return (mine.asked_at or self.now) + self.policy.answer_max * max(mine.tries, 1)

    def _query_at(self) -> datetime:
        mine = self.case.interception
        every = self.policy.query_every * (_QUIET_QUERY_FACTOR if mine.silent else 1)
        return (mine.asked_at or self.now) + every

    # ---- saying --------------------------------------------------------------------------------------------------

    @property
    def _key(self) -> str:
        return str(parcel_key(self.merchant, self.case.carrier, self.case.waybill))

    def _why(self, rule: str, facts: dict[str, str | int | None]) -> Why:
        return Why(rule=rule, policy_version=self.policy.version, facts=facts)

    def _is_current(self, answers: str) -> bool:
        return answers == f"{self._key}#{self.case.interception.step}"

    def _say_command(
        self, command: type[InterceptParcel | QueryInterception], rule: str, facts: dict[str, str | int | None]
    ) -> None:
        self._say(
            command(
                merchant=self.merchant,
                command_id=f"{self._key}#{self.case.interception.step}",
                reply_to=self._key,
                why=self._why(rule, facts),
                carrier=self.case.carrier,
                waybill=self.case.waybill,
            )
        )

    def _say_cancel(self) -> None:
        mine = self.case.interception
        self._say(
            CancelInterception(
                merchant=self.merchant,
                command_id=f"{self._key}#{mine.step}",
                reply_to=self._key,
                why=self._why("nobody_wants_it_stopped", {"wishes": len(self.case.wishes)}),
                carrier=self.case.carrier,
                waybill=self.case.waybill,
                of_command=f"{self._key}#{mine.request_step}",
            )
        )

    def _ticket(self, kind: TicketKind, facts: dict[str, str | int | None]) -> None:
        text = TICKETS[kind]
        lines = (f"快递单号：{self.case.carrier} {self.case.waybill}", text.advice)
        self._say(
            NoticeRaised(
                merchant=self.merchant,
                group=self.policy.desk,
                about=self._key,
                notice=Notice(title=text.title, lines=lines, urgent=True),
                why=self._why(kind, facts),
            )
        )

    def _forward_scan(self) -> None:
        """Tell the parcel whose way back this is."""
        scan = self.case.last_scan
        if self.case.return_of is None or scan is None:
            return
        stage = Stage.RETURNED if scan.stage in (Stage.DELIVERED, Stage.RETURNED) else Stage.RETURNING
        self._say(
            ReturnLegScanned(
                merchant=self.merchant,
                carrier=self.case.carrier,
                waybill=self.case.return_of,
                scan=scan.model_copy(update={"stage": stage}),
            )
        )

    def _say(self, message: Message) -> None:
        self.outbox.append(message)

    def _change(self, **fields: object) -> None:
        self.case = self.case.model_copy(update=fields)

    def _update(self, **fields: object) -> None:
        self._change(interception=self.case.interception.model_copy(update=fields))


def _recency(scan: Scan) -> tuple[datetime, int, str]:
    return scan.at, _STAGES.index(scan.stage), scan.code
