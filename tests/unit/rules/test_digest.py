"""What staff read and when: tickets at once, notes together, everything once, and nothing lost without a count."""

from typing import Any

import pytest

from shared.domain.events import CommandFailed, MessagePosted, NoticeRaised
from shared.domain.notices import DigestCase, Notice
from shared.domain.policy import Robot
from shared.domain.why import Why
from shared.rules.decide_digest import decide_digest
from tests.unit.rules.build import HOUR, MERCHANT, MINUTE, NOW, SECOND, Run, tick

KEY = f"{MERCHANT}|digest|desk"
WHY = Why(rule="x", policy_version=7)


def raised(number: int, *, urgent: bool = False) -> NoticeRaised:
    """A case has something to tell."""
    notice = Notice(title=f"N{number}", lines=(f"line {number}",), urgent=urgent)
    return NoticeRaised(merchant=MERCHANT, group="desk", about=f"case {number}", notice=notice, why=WHY)


def posted(step: int, *, throttled_for_s: int = 0) -> MessagePosted:
    """The robot's answer."""
    return MessagePosted(merchant=MERCHANT, group="desk", answers=f"{KEY}#{step}", throttled_for_s=throttled_for_s)


def broken(step: int) -> CommandFailed:
    """The robot does not work."""
    about = {"merchant": MERCHANT, "reply_to": KEY, "answers": f"{KEY}#{step}"}
    return CommandFailed(**about, command="post_message", code="310000")


def digest() -> Run:
    """A group to which nothing was told yet."""
    return Run(decide_digest)


def until_due(run: Run) -> list[Any]:
    """Let the next deadline come."""
    assert run.last.due
    return run.take(tick(KEY), after=max(run.last.due, run.now) - run.now)


def _texts(said: list[Any]) -> str:
    return "\n".join(message.text for message in said)


def test_a_ticket_is_told_at_once() -> None:
    [post] = digest().take(raised(1, urgent=True))
    assert (post.title, post.text) == ("N1", "### N1\n- line 1")
    assert (post.channel, post.account, post.group) == ("dingtalk", "dingtalk", "desk")
    assert (post.command_id, post.reply_to, post.why.policy_version) == (f"{KEY}#1", KEY, 7)


@pytest.mark.parametrize("many", [1, 2])
def test_what_couriers_and_buyers_wrote_formats_no_post(many: int) -> None:
    evil = "已派送\n### 中奖\u2028[领取](https://evil.example) <@all> <font color=red>"
    notice = Notice(title="N", lines=(evil, "　二"), urgent=True)
    told = [raised(number, urgent=True).model_copy(update={"notice": notice}) for number in range(many)]
    run = digest()
    text = _texts(run.take(*told))
    assert "已派送 ### 中奖 ［领取］(https://evil.example) ＜@all＞" in text
    assert "　二" in text
    assert not {"[", "<", "\u2028"} & set(text)
    assert len(text.splitlines()) == text.count("\n") + 1


def test_notes_wait_for_each_other_for_five_minutes() -> None:
    run = digest()
    assert run.take(*(raised(number) for number in range(12))) == []
    assert run.last.due == NOW + 5 * MINUTE
    [post] = until_due(run)
    assert post.title == "护航播报 12 条"
    assert all(f"N{number}" in post.text for number in range(12))


def test_sentences_of_a_digest_end_once() -> None:
    run = digest()
    notice = Notice(title="N", lines=("请催促快递查件。", "规则 r"))
    run.take(*(raised(number).model_copy(update={"notice": notice}) for number in (1, 2)))
    assert "- **N** 请催促快递查件；规则 r" in _texts(until_due(run))


def test_a_note_that_comes_later_does_not_put_the_digest_off() -> None:
    run = digest()
    run.take(raised(1))
    run.take(raised(2), after=4 * MINUTE)
    assert run.last.due == NOW + 5 * MINUTE


def test_a_ticket_does_not_wait_for_notes_nor_take_them_along() -> None:
    run = digest()
    run.take(raised(1))
    [post] = run.take(raised(2, urgent=True), after=MINUTE)
    assert "N1" not in post.text
    assert run.last.due == NOW + 3 * MINUTE  # the robot's answer, and then the digest
    run.take(posted(1))
    assert run.last.due == NOW + 5 * MINUTE


def test_tickets_stand_before_notes() -> None:
    run = digest()
    run.take(raised(1), raised(2))
    run.case = run.case.model_copy(update={"muted_until": NOW + HOUR})
    run.take(raised(3, urgent=True))
    [post] = run.take(tick(KEY), after=HOUR)
    assert post.text.index("N3") < post.text.index("N1") < post.text.index("N2")


def test_a_notice_delivered_again_is_told_once() -> None:
    run = digest()
    run.take(raised(1, urgent=True), raised(1, urgent=True), posted(1), raised(1, urgent=True))
    assert [m.title for m in run.said] == ["N1"]


def test_a_long_digest_comes_in_posts_of_twenty() -> None:
    run = digest()
    run.take(*(raised(number) for number in range(50)))
    sizes = []
    while run.case.pending:
        [post] = until_due(run)
        sizes.append(post.text.count("- **"))
    assert sizes == [20, 20, 10]


# ---- the robot's limit -------------------------------------------------------------------------------------------


def test_a_robot_says_at_most_18_things_in_any_minute() -> None:
    run = digest()
    at = []
    for number in range(200):
        said = run.take(raised(number, urgent=True), after=SECOND)
        at += [run.now] * len(said)
        run.take(*(posted(int(m.command_id.rsplit("#", 1)[1])) for m in said))
    assert at
    for first in at:
        assert sum(first <= other < first + MINUTE for other in at) <= 18


def test_what_the_limit_held_back_is_told_at_the_next_allowed_second() -> None:
    run = digest()
    for number in range(19):
        run.take(raised(number, urgent=True), posted(number + 1))
    assert run.last.due == NOW + MINUTE
    [post] = until_due(run)
    assert post.title == "N18"


@pytest.mark.parametrize("pause_s", [60, 600])
def test_a_muted_robot_keeps_quiet_and_loses_nothing(pause_s: int) -> None:
    run = digest()
    run.take(raised(1, urgent=True), posted(1, throttled_for_s=pause_s))
    assert run.last.due == NOW + pause_s * SECOND
    assert run.take(raised(2, urgent=True), raised(3), after=30 * SECOND) == []
    said = []
    while run.case.pending:
        said += until_due(run)
    assert all(name in _texts(said) for name in ("N1", "N2", "N3"))
    assert said[0].text.index("N1") < said[0].text.index("N2")


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    run = digest()
    run.take(raised(1, urgent=True), raised(2, urgent=True), posted(1, throttled_for_s=600))
    run.take(posted(2, throttled_for_s=60))
    assert run.last.due == NOW + 600 * SECOND


def test_a_broken_robot_is_tried_again_every_hour() -> None:
    run = digest()
    run.take(raised(1, urgent=True))
    for step in range(1, 5):
        run.take(broken(step))
        assert run.last.due == run.now + HOUR
        [post] = until_due(run)
        assert "N1" in post.text


def test_an_answer_that_never_comes_is_asked_for_with_the_same_number() -> None:
    run = digest()
    [first] = run.take(raised(1, urgent=True))
    assert run.last.due == NOW + 2 * MINUTE
    [again] = until_due(run)
    assert (again.command_id, again.text) == (first.command_id, first.text)
    run.take(posted(1))
    assert (run.case.postings, run.last.due) == ((), None)


def test_an_answer_to_a_post_that_nobody_remembers_changes_nothing() -> None:
    run = digest()
    run.take(raised(1))
    before = run.case
    assert run.take(posted(7, throttled_for_s=60), broken(8)) == []
    assert run.case == before


# ---- more than fits ----------------------------------------------------------------------------------------------


def test_what_does_not_fit_is_counted_and_the_count_is_told() -> None:
    run = digest()
    run.take(*(raised(number) for number in range(130)))
    assert (len(run.case.pending), run.case.dropped) == (100, 30)
    [post] = until_due(run)
    assert "另有 30 条未列出" in post.text


def test_a_count_in_a_post_that_was_not_said_is_told_later() -> None:
    run = digest()
    run.take(*(raised(number) for number in range(130)))
    [post] = until_due(run)
    assert "另有 30 条未列出" in post.text
    run.take(posted(1, throttled_for_s=600))
    said = []
    while run.case.pending:
        said += until_due(run)
        run.take(*(posted(p.step) for p in run.case.postings))
    assert "另有 30 条未列出" in _texts(said)


def test_a_ticket_is_never_crowded_out_by_notes() -> None:
    run = digest()
    run.case = DigestCase(group="desk", muted_until=NOW + HOUR)
    run.take(*(raised(number) for number in range(100)))
    run.take(raised(500, urgent=True))
    assert (len(run.case.pending), run.case.dropped) == (100, 1)
    [post] = run.take(tick(KEY), after=HOUR)
    assert "N500" in post.text


def test_a_group_without_a_robot_is_not_told_anything() -> None:
    run = Run(decide_digest, robots={})
    assert run.take(raised(1, urgent=True)) == []
    assert run.case is None


@pytest.mark.parametrize("event", ["the clock", "a notice", "a failure"])
def test_a_group_that_loses_its_robot_is_heard_by_the_desk(event: str) -> None:
    run = digest()
    run.take(raised(1, urgent=True), raised(2))
    if event != "a failure":
        run.take(broken(1))
    robots = {"staff": Robot(channel="dingtalk", account="dingtalk")}
    run.policy = run.policy.model_copy(update={"robots": robots, "desk": "staff"})
    happens = {"the clock": tick(KEY), "a notice": raised(3), "a failure": broken(1)}[event]
    said = run.take(happens)
    waited = ["N1", "N2", "N3"] if event == "a notice" else ["N1", "N2"]
    assert [(one.group, one.notice.title) for one in said] == [("staff", title) for title in waited]
    assert (run.case.pending, run.case.digest_at, run.last.due) == ((), None, None)
    assert run.take(happens) == []
