"""The lexicon does not get worse unnoticed, and stays small. The held-out part has no floor: nobody tunes to it."""

from pathlib import Path

import pytest

from shared.domain.chat import Intent, Tone
from shared.rules import understanding
from shared.rules.understanding.understand import understand
from tests.understanding.rows import part
from tests.understanding.scores import Scores, score

SOURCE_BYTES_MAX = 300_000
COMPLAINTS_FROM = 0.6


@pytest.fixture(scope="module")
def looked() -> Scores:
    return score(part("looked"), understand)


@pytest.fixture(scope="module")
def kept() -> Scores:
    return score(part("kept"), understand)


def test_the_sentences_that_were_looked_at_are_understood(looked: Scores) -> None:
    assert looked.rows >= 490
    assert looked.macro_f1 >= 0.97
    assert looked.after_sales_f1 >= 0.97
    assert looked.complaints[COMPLAINTS_FROM].precision >= 0.93
    assert looked.complaints[COMPLAINTS_FROM].recall >= 0.93


def test_the_sentences_kept_apart_are_understood_nearly_as_well(kept: Scores) -> None:
    assert kept.rows >= 210
    assert kept.macro_f1 >= 0.92
    assert kept.after_sales_f1 >= 0.92
    assert kept.complaints[COMPLAINTS_FROM].precision >= 0.88
    assert kept.complaints[COMPLAINTS_FROM].recall >= 0.85


def test_every_intent_and_tone_has_sentences_in_both_parts(looked: Scores, kept: Scores) -> None:
    for scores in (looked, kept):
        assert all(scores.intents[intent].rows >= 10 for intent in Intent)
        assert all(scores.tones[tone].rows >= 10 for tone in Tone)


def test_the_source_stays_small() -> None:
    folder = Path(understanding.__file__).parent
    assert sum(path.stat().st_size for path in folder.glob("*.py")) < SOURCE_BYTES_MAX
