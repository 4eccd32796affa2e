"""Any text is understood, the same way every time, in bounded time, however it is written."""

import sys
import time
import unicodedata
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.chat import Understanding
from shared.rules.understanding.matching import Matcher
from shared.rules.understanding.normalise import LENGTH_MAX, normalise
from shared.rules.understanding.understand import understand
from tests.understanding.rows import Row, part

ROWS = part("looked")
HAN = [row for row in ROWS if all("\u4e00" <= letter <= "\u9fff" for letter in row.text)]
rows, han = st.sampled_from(ROWS), st.sampled_from(HAN)
readings = st.lists(rows.map(lambda row: understand(row.text)), max_size=12)

WORDS = "退款 还没发 怎么什么可以 几天 我要退了换货发票地址 a [ [a 退~款 😡 \ufdfa 1 一 没 ( {how} 么 e-s /: www. 的 不"
HOSTILE = [*WORDS.split(), "快递快第", "你好", "退呀啊", " ", "a ", "t t"]


@given(st.text(max_size=400), readings)
def test_any_text_is_understood(text: str, earlier: list[Understanding]) -> None:
    reading = understand(text, earlier)
    assert reading == understand(text, earlier)
    assert all(reading.evidence)


@given(rows)
def test_case_and_width_do_not_matter(row: Row) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in row.text)
    if unicodedata.normalize("NFKC", wide) == unicodedata.normalize("NFKC", row.text):
        assert understand(wide) == understand(row.text)
    assert understand(row.text.upper()) == understand(row.text.lower())


@given(han, st.data())
def test_spaces_inside_of_words_do_not_matter(row: Row, data: st.DataObject) -> None:
    spaced = "".join(letter + " " * data.draw(st.integers(0, 2)) for letter in row.text)
    assert understand(spaced) == understand(row.text)


@given(rows, st.text(max_size=50))
def test_what_is_beyond_the_limit_is_not_read(row: Row, tail: str) -> None:
    full = (row.text * LENGTH_MAX)[:LENGTH_MAX]
    assert normalise(full + tail) == normalise(full)


def calls(run: Callable[[], object]) -> int:
    """Count the calls of Python functions: the same on every machine."""
    count = 0

    def counted(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(counted)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("seed", HOSTILE)
def test_hostile_texts_cost_in_proportion_to_their_length(seed: str) -> None:
    text = seed * LENGTH_MAX
    understand(text[:100])
    short, long = (calls(lambda size=size: understand(text[:size])) for size in (LENGTH_MAX // 4, LENGTH_MAX))
    assert long < 5 * short + 1000
    started = time.process_time()
    understand(text)
    assert time.process_time() - started < 2  # of a processor: backtracking would take minutes


@pytest.mark.parametrize("phrase", ["退(货", "退)货", "{退货", "~退货", "(退/)"])
def test_a_phrase_that_is_written_wrongly_is_refused(phrase: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        Matcher({"any": f"1 {phrase}"}, {})
