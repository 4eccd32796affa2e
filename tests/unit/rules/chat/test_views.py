"""Every decision is shown with its reason, and made again by the rules of its own version."""

from typing import Any

from shared.domain.chat_board import Replayed, SessionView
from shared.domain.policy import Policy
from shared.domain.session import SessionCase
from shared.rules.chat.views import decision_view, reason_of, session_view
from tests.unit.rules.chat.build import MERCHANT, NOW, SECOND, VIP, Session, answer, hand_over, line, policy, upset

VERSION = 7


def shown(case: SessionCase, *policies: Policy) -> SessionView:
    """Show a session by the policies that are still there."""
    return session_view(MERCHANT, case, {one.version: one for one in policies})


def talk(**fields: Any) -> SessionCase:
    """A bot, a VIP's person, a hand-over, and a line that changes nothing."""
    session = Session(rules=[VIP], **fields)
    session.take(line(), line(tags=["vip"], at=NOW + SECOND), at=NOW + SECOND)
    session.take(hand_over("logistics", at=NOW + 2 * SECOND), at=NOW + 2 * SECOND)
    session.take(upset(intent="refund", at=NOW + 3 * SECOND), answer("lena"), at=NOW + 3 * SECOND)
    return session.case


def test_a_session_tells_why_it_went_where() -> None:
    view = shown(talk(), policy(rules=[VIP]))
    assert [(one.rule, one.reason, one.replayed) for one in view.decisions] == [
        ("default.bot_first", "机器人优先时段，由机器人接待", "same"),
        ("vip", "命中规则「vip」（买家标签=vip），转专属客服 anna", "same"),
        ("handed_over", "人工转交，转logistics", "by_hand"),
        ("default.upset_buyer", "买家情绪不满（情绪=投诉，负面消息数=1），转presale", "same"),
    ]
    assert view.latest is None
    assert [(one.intent, one.negative) for one in view.lines] == [("other", False), ("other", False), ("refund", True)]


def test_a_line_that_moved_nobody_is_explained_too() -> None:
    session = Session(rules=[VIP])
    session.take(line(tags=["vip"]), line(intent="invoice", at=NOW + SECOND), at=NOW + SECOND)
    latest = shown(session.case, policy(rules=[VIP])).latest
    assert latest is not None
    assert (latest.rule, latest.facts["intent"], latest.replayed) == ("default.bot_first", "invoice", Replayed.SAME)


def test_other_rules_under_the_same_version_are_told_as_a_difference() -> None:
    vip = shown(talk(), policy(rules=[VIP | {"then": {"group": "aftersale"}}])).decisions[1]
    assert vip.replayed is Replayed.DIFFERENT
    assert vip.differences == ("group: None → aftersale", "agent: anna → None")


def test_without_its_policy_a_decision_is_still_told() -> None:
    vip = shown(talk()).decisions[1]
    assert (vip.reason, vip.replayed) == ("命中规则「vip」，转专属客服 anna", Replayed.NO_POLICY)


def test_facts_of_a_later_version_are_no_reason_to_fail() -> None:
    routed = talk().routed[1].model_copy(update={"facts": {"zodiac": "ox"}})
    policies = {VERSION: policy(rules=[VIP])}
    assert reason_of(routed, policies) == "vip"
    assert decision_view(routed, policies).replayed is Replayed.DIFFERENT
