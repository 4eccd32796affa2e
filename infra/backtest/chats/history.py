"""The archive's conversations: all states of every session, told line by line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from infra.backtest.archive_files import ArchiveFiles
from infra.backtest.dirt import Dirt
from infra.backtest.progress import Progress
from infra.backtest.spool import Spool, State
from infra.backtest.stories import HistoryRefused
from shared.domain.keys import CaseKey, CaseKind
from shared.domain.session import SessionCase
from shared.rules.chat.recorded import Conversation, conversations


@dataclass
class ChatHistory:
    """One merchant's conversations in files of the archive. `dirt` is complete once all were given."""

    paths: Sequence[Path]
    merchant: str
    progress: Progress
    dirt: Dirt = field(default_factory=Dirt)

    def conversations(self) -> Iterator[Conversation]:
        """Give every conversation once.

        Raises:
            HistoryRefused: a file is damaged, or holds no conversation of the merchant.
        """
        archive = ArchiveFiles(self.paths, self.progress)
        with Spool() as spool:
            found = False
            for line, where in archive.lines("reading the archive"):
                if line.merchant != self.merchant:
                    self.dirt.add("other_merchant", where)
                elif line.kind == CaseKind.SESSION:
                    key = CaseKey(line.merchant, CaseKind.SESSION, line.id)
                    spool.put(key, State(line.v, line.at.isoformat(), where, line.case))
                    found = True
            if not found:
                raise HistoryRefused(f"{archive.files[0]}: no conversation of the policy's merchant {self.merchant!r}")
            self.progress.begin("conversations", 1000)
            for share, _, states in spool.cases():
                self.progress.at(None, int(1000 * share))
                yield from conversations(self._read(states))

    def _read(self, states: Sequence[State]) -> Iterator[SessionCase]:
        """Give the states of one session; from one that cannot be read on, nothing is known of it."""
        if states[0].version != 1:
            self.dirt.add("began_before_history", states[0].where)
        for state in states:
            try:
                yield SessionCase.model_validate(state.body)
            except ValidationError:
                self.dirt.add("image_unreadable", state.where)
                return
