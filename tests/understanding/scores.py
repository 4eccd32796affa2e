"""The scores of one part: per class, over all classes, over the after-sales ones, and of complaints."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from shared.domain.chat import Intent, Tone, Understanding, Understands
from tests.understanding.rows import Row

AFTER_SALES = (
    Intent.REFUND,
    Intent.RETURN,
    Intent.EXCHANGE,
    Intent.LOGISTICS,
    Intent.QUALITY,
    Intent.INVOICE,
)
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


class Quality(NamedTuple):
    """Of one class."""

    precision: float
    recall: float
    rows: int

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


class Scores(NamedTuple):
    """Of one part."""

    rows: int
    accuracy: float
    intents: dict[Intent, Quality]
    tones: dict[Tone, Quality]
    complaints: dict[float, Quality]
    """By the least confidence that is believed: complaints and abuse against the rest."""
    confusion: Counter[tuple[str, str]]
    """(meant, understood) → rows."""

    @property
    def macro_f1(self) -> float:
        """Over the intents that occur."""
        return _mean([one.f1 for one in self.intents.values() if one.rows])

    @property
    def after_sales_f1(self) -> float:
        """Over the six intents of after-sales that occur."""
        return _mean([self.intents[intent].f1 for intent in AFTER_SALES if self.intents[intent].rows])


def score(rows: Sequence[Row], understand: Understands) -> Scores:
    """Understand every row by itself, without a session, and compare."""
    readings = [understand(row.text) for row in rows]
    intents = [(row.intent, reading.intent) for row, reading in zip(rows, readings, strict=True)]
    tones = [(row.tone, reading.tone) for row, reading in zip(rows, readings, strict=True)]
    return Scores(
        rows=len(rows),
        accuracy=_mean([float(meant == understood) for meant, understood in intents]),
        intents={intent: _quality([(a == intent, b == intent) for a, b in intents]) for intent in Intent},
        tones={tone: _quality([(a == tone, b == tone) for a, b in tones]) for tone in Tone},
        complaints={least: _complaints(rows, readings, least) for least in THRESHOLDS},
        confusion=Counter((meant.value, understood.value) for meant, understood in intents),
    )


def _complaints(rows: Sequence[Row], readings: Sequence[Understanding], least: float) -> Quality:
    return _quality(
        [
            (row.tone.is_complaint, reading.tone.is_complaint and reading.tone_confidence >= least)
            for row, reading in zip(rows, readings, strict=True)
        ]
    )


def _quality(pairs: Sequence[tuple[bool, bool]]) -> Quality:
    right = sum(meant and said for meant, said in pairs)
    said = sum(said for _, said in pairs)
    meant = sum(meant for meant, _ in pairs)
    return Quality(right / said if said else 0.0, right / meant if meant else 0.0, meant)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
