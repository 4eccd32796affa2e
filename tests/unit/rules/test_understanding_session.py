"""A session is more than its lines: short ones lean on what was said before, and blame adds up."""

import pytest

from shared.domain.chat import Intent, Tone, Understanding
from shared.rules.understanding.understand import LOOK_BACK_MAX, negative_lines, understand


def heard(*lines: str) -> list[Understanding]:
    readings: list[Understanding] = []
    for line in lines:
        readings.append(understand(line, readings))
    return readings


@pytest.mark.parametrize(
    "line", ["多久能到？", "还没到", "3847290182", "订单号：28193847561029384", "？", "[图片]", "什么时候", "那要几天"]
)
def test_a_line_that_says_little_is_about_what_was_said_before(line: str) -> None:
    first, second = heard("申请退款了", line)
    assert second.intent is Intent.REFUND
    assert second.confidence < first.confidence


@pytest.mark.parametrize(
    ("line", "intent"),
    [
        ("多久能到", Intent.LOGISTICS),
        ("还没到", Intent.LOGISTICS),
        ("28193847561029384", Intent.OTHER),
    ],
)
def test_without_a_session_it_speaks_for_itself(line: str, intent: Intent) -> None:
    assert understand(line).intent is intent


def test_a_line_with_a_want_of_its_own_changes_the_subject() -> None:
    assert [reading.intent for reading in heard("我要退款", "发票怎么开", "几天")] == [
        Intent.REFUND,
        Intent.INVOICE,
        Intent.INVOICE,
    ]


def test_thanks_and_a_nod_are_no_wants() -> None:
    assert [reading.intent for reading in heard("我要退款", "好的谢谢", "好的")][1:] == [Intent.GREETING, Intent.OTHER]


def test_the_subject_fades() -> None:
    sure = [understand("多久", heard("我要退款", *["好的"] * between)).confidence for between in (0, 1)]
    assert sure[0] >= sure[1]
    assert understand("9876543210", heard("我要退款", *["好的"] * LOOK_BACK_MAX)).intent is Intent.OTHER


def test_lines_that_press_or_blame_are_negative() -> None:
    assert negative_lines(heard("怎么还没发货", "好的")) == 1
    assert negative_lines(heard("怎么还没发货", "你们是骗子吧", "好的")) == 2


def test_asking_the_same_again_is_not_negative_twice() -> None:
    assert negative_lines(heard("什么时候发货", "什么时候发货", "请问什么时候发货")) < 2


def test_blame_is_believed_sooner_from_a_buyer_who_was_displeased_before() -> None:
    line = "真的无语"
    alone = understand(line)
    after = heard("你们是骗子吧", "太差劲了", line)[-1]
    assert alone.tone is after.tone is Tone.COMPLAINT
    assert after.tone_confidence > alone.tone_confidence
