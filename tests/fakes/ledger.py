"""Commands in memory."""

from datetime import datetime

from shared.adapters.outbox import write_outbox
from shared.adapters.table_layout import command_pk
from shared.domain.messages import AnyEvent
from shared.ports import Claim
from tests.fakes.table import FakeCommand, FakeTable


class FakeLedger:
    """Behaves as DynamoCommandLedger does."""

    def __init__(self, table: FakeTable) -> None:
        self.table = table

    def claim(self, merchant: str, command_id: str, now: datetime, until: datetime) -> Claim:
        """Take the command for ourselves, if it is free."""
        old = self.table.commands.get((merchant, command_id), FakeCommand("free"))
        if old.state == "done":
            return Claim.DONE
        if old.lease is not None and old.lease > now:
            return Claim.TAKEN
        self._put(merchant, command_id, old._replace(state="claimed", lease=until, tries=old.tries + 1))
        return Claim.STALE if old.tries else Claim.FRESH

    def postpone(self, merchant: str, command_id: str, until: datetime) -> None:
        """Give a claimed command back, untried."""
        old = self.table.commands.get((merchant, command_id))
        if old is not None and old.state == "claimed":
            self._put(merchant, command_id, old._replace(state="free", lease=until, tries=old.tries - 1))

    def record(self, merchant: str, command_id: str, outcome: AnyEvent) -> None:
        """Store how the command ended and tell it."""
        old = self.table.commands.get((merchant, command_id), FakeCommand("free"))
        if old.state != "done":
            new = old._replace(state="done", outbox=write_outbox(merchant, (outcome,)), told=old.told + 1)
            self._put(merchant, command_id, new)

    def retell(self, merchant: str, command_id: str) -> None:
        """Tell the stored outcome once more."""
        old = self.table.commands.get((merchant, command_id))
        if old is not None and old.state == "done":
            self._put(merchant, command_id, old._replace(told=old.told + 1))

    def _put(self, merchant: str, command_id: str, command: FakeCommand) -> None:
        self.table.commands[merchant, command_id] = command
        self.table.wrote(command_pk(merchant, command_id), command.outbox)
