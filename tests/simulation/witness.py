"""Writes down what cases say while they are saved, so that the simulation can tell when something was said twice."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.domain.commands import TellBuyer, UrgeCourier
from shared.domain.decision import AnyCase
from shared.domain.events import NoticeRaised
from shared.domain.keys import CaseKey
from shared.domain.messages import Message
from shared.domain.order import OrderCase
from shared.domain.parcel import ParcelCase
from shared.domain.tickets import ANOMALIES, Anomaly, BuyerMoment, Ticket
from shared.ports import StoredCase
from shared.rules.ticketing import BROKEN, WARNED
from tests.fakes import FakeCaseStore
from tests.fakes.table import FakeTable

OVER = 0
_ANOMALIES = {text.title: anomaly for anomaly, text in ANOMALIES.items()}
_LEVELS = {"": BROKEN, "预警": WARNED}


class Witness(FakeCaseStore):
    """A store that counts: each level of each ticket instance, each urging of it, each word to a buyer."""

    def __init__(self, table: FakeTable) -> None:
        super().__init__(table)
        self.instances = Counter[tuple[CaseKey, Anomaly]]()
        self.levels = Counter[tuple[CaseKey, Anomaly, int, int]]()
        self.urged = Counter[tuple[CaseKey, Anomaly, int]]()
        self.buyer_told = Counter[tuple[CaseKey, Anomaly, BuyerMoment, str]]()

    def save(self, before: StoredCase, case: AnyCase, **more: Any) -> None:
        """Save, and look at what was saved even if the process died right after."""
        try:
            super().save(before, case, **more)
        finally:
            stored = self.table.cases.get(before.key)
            if stored is not None and stored.case is case and stored.version == before.version + 1:
                self.saw(before, case, more["outbox"], more["now"])

    def saw(self, before: StoredCase, case: AnyCase, outbox: Sequence[Message], now: datetime) -> None:
        """A case was saved, and says this."""
        key, known = before.key, {ticket.anomaly for ticket in tickets_of(before.case)}
        for ticket in tickets_of(case):
            self.instances[key, ticket.anomaly] += ticket.anomaly not in known
        for message in outbox:
            if isinstance(message, UrgeCourier):
                self.urged[key, message.anomaly, self.instances[key, message.anomaly]] += 1
            elif isinstance(message, TellBuyer):
                self.buyer_told[key, message.topic, message.moment, message.order_id] += 1
            elif isinstance(message, NoticeRaised) and (found := level_of(message)):
                anomaly, level = found
                self.levels[key, anomaly, self.instances[key, anomaly], level] += 1


def tickets_of(case: AnyCase | None) -> tuple[Ticket, ...]:
    """Give a case's tickets."""
    return case.tickets if isinstance(case, ParcelCase | OrderCase) else ()


def level_of(notice: NoticeRaised) -> tuple[Anomaly, int] | None:
    """Give the anomaly and the level that a notice is about; None if it is about no such ticket."""
    prefix, _, rest = notice.notice.title.rpartition("：")
    anomaly = _ANOMALIES.get(rest)
    if anomaly is None:
        return None
    if prefix.startswith("升级"):
        return anomaly, BROKEN + int(prefix.removeprefix("升级（").removesuffix("级）"))
    return anomaly, _LEVELS.get(prefix, OVER)
