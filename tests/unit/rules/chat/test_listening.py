"""What is kept of a line: its meaning, and digests that mean nothing elsewhere."""

from typing import Any

from shared.domain.chat_events import LineSaid, Shopper
from shared.domain.messages import write_message
from shared.rules.chat.listening import understand_line
from tests.unit.rules.chat.build import MERCHANT, NOW, Session, closed, line


def said(text: str, name: str = "m-1", **fields: Any) -> LineSaid:
    """A line with its words."""
    known = {"merchant": MERCHANT, "channel": "web", "session_id": "S1", "at": NOW, "shopper": Shopper(buyer="b-1")}
    return LineSaid.model_validate({**known, "message_id": name, "text": text, **fields})


def test_nothing_of_the_words_is_written() -> None:
    text = write_message(understand_line(said("我的电话13800138000，你们这群骗子")))
    assert not {letter for letter in text if "\u4e00" <= letter <= "\u9fff"}
    assert "13800138000" not in text


def test_the_same_words_have_the_same_digest_however_they_are_written() -> None:
    one, other = understand_line(said("什么时候发货？？")), understand_line(said("什么时候  发货！", "m-2"))
    assert (one.words, one.line) != (one.line, other.line)
    assert one.words == other.words
    assert one.line != other.line


def test_the_same_words_elsewhere_have_another_digest() -> None:
    here = understand_line(said("退款"))
    for elsewhere in ({"session_id": "S2"}, {"channel": "app"}, {"merchant": "other"}):
        there = understand_line(said("退款", **elsewhere))
        assert (there.words, there.line) != (here.words, here.line)
        assert there.words != here.words


def test_a_line_that_presses_or_blames_is_negative_and_one_that_only_asks_is_not() -> None:
    assert understand_line(said("你们是骗子")).negative
    assert not understand_line(said("请问什么时候发货")).negative


def test_earlier_lines_of_the_same_conversation_are_heard_along() -> None:
    session = Session()
    session.take(line(intent="refund"))
    assert understand_line(said("多久能到"), session.case).intent == "refund"
    session.take(closed(at=NOW))
    assert understand_line(said("多久能到"), session.case).intent != "refund"


def test_any_text_is_understood() -> None:
    for text in ("", " ", "\x00", "\ud800", "?" * 3000, "🙂🙂🙂", "<script>"):
        assert understand_line(said(text)).line
