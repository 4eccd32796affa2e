"""What operators read: the worst first, one line of each alarm, both languages, and the page that helps."""

import json
from typing import Any

import pytest

from shared.rules.paging import TOLD_MAX, read_page, worth_telling, write_message

DESCRIPTION = "严重 critical | 时钟停了。 | Deadlines are not noticed. | docs/runbooks/clock.md"


def notification(name: str = "huhang-clock", state: str = "ALARM", **fields: Any) -> str:
    """What CloudWatch publishes."""
    alarm = {
        "AlarmName": name,
        "AlarmDescription": DESCRIPTION,
        "NewStateValue": state,
        "OldStateValue": "OK",
        "NewStateReason": "Threshold Crossed: 1 datapoint [412.0] was greater than 300.0.",
        "StateChangeTime": "2026-11-22T03:00:00.000+0000",
    }
    return json.dumps({**alarm, **fields})


def text_of(*bodies: str) -> str:
    """The message that tells them."""
    return write_message(worth_telling(map(read_page, bodies)), "dingtalk", "dingtalk").text


def test_an_alarm_is_told_in_both_languages_with_its_figures_its_page_and_since_when() -> None:
    text = text_of(notification())
    assert text.startswith("**严重 critical：huhang-clock**")
    for part in ("时钟停了。", "Deadlines are not noticed.", "412.0", "docs/runbooks/clock.md"):
        assert part in text
    assert "11-22 11:00 北京时间（03:00 UTC）" in text


def test_the_end_of_an_alarm_is_told_shortly() -> None:
    text = text_of(notification(state="OK", OldStateValue="ALARM"))
    assert text.startswith("**已恢复 resolved：huhang-clock**")
    assert "412.0" not in text


@pytest.mark.parametrize(("old", "new"), [("INSUFFICIENT_DATA", "OK"), ("OK", "INSUFFICIENT_DATA")])
def test_an_alarm_that_is_merely_new_is_nobodys_business(old: str, new: str) -> None:
    assert worth_telling([read_page(notification(state=new, OldStateValue=old))]) == []


def test_an_alarm_that_flaps_is_told_once_as_it_is_in_the_end() -> None:
    times = [("ALARM", "03:00"), ("OK", "03:01"), ("ALARM", "03:02")]
    bodies = [notification(state=state, StateChangeTime=f"2026-11-22T{at}:00.000+0000") for state, at in times]
    [page] = worth_telling(map(read_page, (bodies[2], bodies[0], bodies[1], bodies[0])))
    assert (page.state, page.times) == ("ALARM", 3)
    assert "（×3）" in text_of(*bodies)


def test_the_worst_is_told_first_and_what_is_over_last() -> None:
    warning = DESCRIPTION.replace("严重 critical", "注意 warning")
    bodies = [
        notification("over", "OK", OldStateValue="ALARM"),
        notification("warning", AlarmDescription=warning),
        notification("critical"),
    ]
    assert [page.name for page in worth_telling(map(read_page, bodies))] == ["critical", "warning", "over"]
    assert write_message(worth_telling(map(read_page, bodies)), "d", "d").title == "护航告警 严重 critical：critical +2"


def test_a_landslide_is_one_message_that_ends() -> None:
    text = text_of(*(notification(f"alarm-{n}") for n in range(TOLD_MAX + 7)))
    assert text.count("**严重") == TOLD_MAX
    assert text.endswith("另有 7 条 and 7 more")


@pytest.mark.parametrize("body", ["the budget of the account is exceeded", '{"detail":"a finding"}', "[1]", "null"])
def test_what_is_no_alarm_is_told_as_it_came(body: str) -> None:
    text = text_of(body)
    assert "消息 message" in text
    assert body in text


@pytest.mark.parametrize(
    "fields", [{"AlarmDescription": None}, {"StateChangeTime": "yesterday"}, {"NewStateReason": None}]
)
def test_an_alarm_that_somebody_else_made_is_told_too(fields: dict[str, Any]) -> None:
    assert "huhang-clock" in text_of(notification(**fields))


def test_the_same_pages_are_the_same_message_and_others_another() -> None:
    one, two = notification("a"), notification("b")
    ids = [write_message(worth_telling(map(read_page, b)), "d", "d").command_id for b in ((one,), (one, one), (two,))]
    assert ids[0] == ids[1] != ids[2]
