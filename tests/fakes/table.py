"""The table, its stream and its budgets in memory. Everything stored is immutable, so nothing is ever copied."""

from collections.abc import Callable
from datetime import date, datetime
from typing import NamedTuple

from shared.adapters.dynamo_merchants import MembershipVersion
from shared.adapters.dynamo_policies import PolicyVersion
from shared.adapters.table_layout import SHARDS
from shared.domain.keys import CaseKey
from shared.domain.merchant import Membership
from shared.domain.policy import Policy
from shared.domain.routing_report import RoutingReport, Transfers
from shared.domain.scores import Scores
from shared.domain.watching import Pace
from shared.ports import OpenCase, PolicyChange, StoredCase

AfterWrite = Callable[[int, str], None]


class StreamRecord(NamedTuple):
    """One change of one item, as the stream tells it: the new image's outbox, "" when it has none."""

    key: str
    outbox: str


class FakeCommand(NamedTuple):
    """A command's item. `told` changes with every retelling."""

    state: str
    lease: datetime | None = None
    tries: int = 0
    claimed: bool = False
    outbox: str = ""
    told: int = 0


class FakeTable:
    """One table for all the fakes that share it.

    `crash_after(number, what)` is called after each write, before the caller hears of it: raise there to simulate a
    crash between that write and everything that would have followed.
    """

    def __init__(self, crash_after: AfterWrite | None = None) -> None:
        self.crash_after = crash_after
        self.writes = 0
        self.stream: list[StreamRecord] = []
        self.cases: dict[CaseKey, StoredCase] = {}
        self.open_cases: dict[CaseKey, OpenCase] = {}
        self.policies: dict[str, Policy] = {}
        self.withdrawn: set[str] = set()
        self.policy_history: dict[tuple[str, int], PolicyVersion] = {}
        self.policy_changes: dict[str, PolicyChange] = {}
        self.scores: dict[str, Scores] = {}
        self.reports: dict[str, tuple[RoutingReport, Transfers]] = {}
        self.paces: dict[str, dict[str, Pace]] = {}
        self.memberships: dict[str, Membership] = {}
        self.standings: dict[str, list[MembershipVersion]] = {}
        self.shops: dict[str, str] = {}
        self.budgets: dict[tuple[str, date], tuple[int, int]] = {}
        self.trials: dict[tuple[str, int], tuple[int, int]] = {}
        self.commands: dict[tuple[str, str], FakeCommand] = {}
        self.calls: dict[tuple[str, str], tuple[datetime, int]] = {}
        self.pointers: list[list[tuple[datetime, str]]] = [[] for _ in range(SHARDS)]
        self.cursors: dict[int, datetime] = {}

    def wrote(self, key: str, outbox: str = "") -> None:
        """Append the change to the stream, count the write, then let the simulation crash."""
        self.stream.append(StreamRecord(key, outbox))
        self.counted(key)

    def counted(self, what: str) -> None:
        """Count a write that the stream does not show, then let the simulation crash."""
        self.writes += 1
        if self.crash_after is not None:
            self.crash_after(self.writes, what)

    def take_stream(self) -> list[StreamRecord]:
        """Give the changes since the last call, in order, and forget them."""
        records, self.stream = self.stream, []
        return records
