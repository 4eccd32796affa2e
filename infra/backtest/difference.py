"""Which cases does one policy treat otherwise than another? Counts, a few examples, and on demand the whole list."""

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from infra.backtest.outcomes import Outcome
from infra.backtest.samples import Smallest
from infra.backtest.stories import Story

COLUMNS = ("case", "weight", "rule", "warned", "broken", "lead_minutes", "exposure_fen")


@dataclass(slots=True)
class RuleChange:
    """A rule under both policies; orders are weighted."""

    newly_warned: float = 0
    no_longer_warned: float = 0
    newly_broken: float = 0
    no_longer_broken: float = 0
    broken_before: float = 0
    broken_now: float = 0
    exposure_before_fen: float = 0
    exposure_now_fen: float = 0


class Difference:
    """Takes each case under both policies. `listing` receives every changed case as a line of CSV."""

    def __init__(self, examples_max: int, listing: TextIO | None = None) -> None:
        self.rules: dict[str, RuleChange] = defaultdict(RuleChange)
        self.cases = 0.0  # in which anything changed
        self.newly = Smallest[str](examples_max)
        self.no_longer = Smallest[str](examples_max)
        self._listing = csv.writer(listing, lineterminator="\n") if listing else None
        if self._listing:
            self._listing.writerow(COLUMNS)

    def add(self, story: Story, before: Mapping[str, Outcome], now: Mapping[str, Outcome]) -> None:
        """Add a case: what the other policy made of it, and what this one does."""
        changed = False
        for rule in sorted(before.keys() | now.keys()):
            old, new = before.get(rule), now.get(rule)
            self._add_rule(self.rules[rule], old, new, story.weight)
            if _fired(old) != _fired(new):
                changed = True
                self._show(story, rule, old, new)
        self.cases += story.weight * changed

    def _add_rule(self, change: RuleChange, old: Outcome | None, new: Outcome | None, weight: float) -> None:
        (warned_before, broken_before), (warned, broken) = _fired(old), _fired(new)
        change.newly_warned += weight * (warned and not warned_before)
        change.no_longer_warned += weight * (warned_before and not warned)
        change.newly_broken += weight * (broken and not broken_before)
        change.no_longer_broken += weight * (broken_before and not broken)
        change.broken_before += weight * broken_before
        change.broken_now += weight * broken
        change.exposure_before_fen += weight * (old.exposure_fen if old else 0)
        change.exposure_now_fen += weight * (new.exposure_fen if new else 0)

    def _show(self, story: Story, rule: str, old: Outcome | None, new: Outcome | None) -> None:
        (warned_before, broken_before), (warned, broken) = _fired(old), _fired(new)
        if (warned, broken) > (warned_before, broken_before):
            self.newly.add(f"{story.name} {rule}", f"{story.name}  {rule}")
        else:
            self.no_longer.add(f"{story.name} {rule}", f"{story.name}  {rule}")
        if self._listing:
            shown = new or old
            self._listing.writerow(
                (
                    story.name,
                    story.weight,
                    rule,
                    _change(warned_before, warned),
                    _change(broken_before, broken),
                    int(shown.lead.total_seconds() // 60) if shown else "",
                    shown.exposure_fen if shown else "",
                )
            )


def _fired(one: Outcome | None) -> tuple[bool, bool]:
    return (one.warned, one.broken) if one else (False, False)


def _change(before: bool, now: bool) -> str:
    return "same" if before is now else "newly" if now else "no longer"
