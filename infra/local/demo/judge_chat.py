"""Was every line sent where it belongs, at the first hop, and was the desktop told of what it did not ask?"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from infra.local.demo.cast import Cast
from infra.local.demo.chat_desk import Asked
from infra.local.demo.evidence import Evidence, differ
from infra.local.demo.scenes import ChatEnd, Scene, Sent
from infra.local.seed import demo_policy
from shared.domain.chat_board import Replayed
from shared.domain.keys import session_key
from shared.domain.session import SessionCase
from shared.rules.chat.views import decision_view

MONTH = 30


def judge_chat(scene: Scene, cast: Cast, evidence: Evidence) -> Iterator[str]:
    """Give what is not as it has to be in a scene's conversation."""
    if scene.chat is None:
        return
    sent = tuple(_sent(asked) for asked in cast.asked)
    for number, (found, wanted) in enumerate(zip(sent, scene.chat.sent, strict=False), start=1):
        yield from differ(f"line {number} was sent", found, wanted)
    yield from differ("lines asked about", len(sent), len(scene.chat.sent))
    case = evidence.cases.get(session_key(cast.merchant, "web", cast.session()))
    if not isinstance(case, SessionCase):
        yield f"conversation {cast.session()} is unknown"
        return
    yield from _ended(case, scene.chat, cast.merchant)
    yield from _told(cast, scene.chat, evidence)


def judge_report(evidence: Evidence) -> Iterator[str]:
    """Give where the month's report on routing differs from what the conversations themselves say."""
    since = datetime.fromisoformat(evidence.routing["as_of"]) - timedelta(days=MONTH)
    every = [case for case in evidence.cases.values() if isinstance(case, SessionCase)]
    sessions = [case for case in every if case.opened_at > since]  # a home may hold earlier afternoons
    month = next((span for span in evidence.routing["spans"] if span["days"] == MONTH), None)
    found = {row["rule"]: row["hits"] for row in month["rules"]} if month else {}
    hits = Counter(routed.rule for case in sessions for routed in case.routed if routed.at >= case.opened_at)
    yield from differ("the report on routing counts", found, dict(hits))
    yield from differ("conversations in the report", month["sessions"] if month else 0, len(sessions))


def told_of(cast: Cast, evidence: Evidence) -> list[dict[str, Any]]:
    """Give what the desktop was told of a scene's conversation without asking; the sandbox has checked who said so."""
    calls = [call for call in evidence.calls if call["vendor"] == "chat" and call["merchant"] == cast.merchant]
    bodies = [call["request"]["body"]["data"] for call in calls if call["verdict"] == "ok"]
    return [data for data in bodies if data["session_id"] == cast.session()]


def _sent(asked: Asked) -> Sent:
    answer = asked.answer
    cases = tuple(what for one in answer["cases"] for what in one.get("what", ()))
    return Sent(answer["holder"], answer["rule"], answer["group"], answer["agent"], cases)


def _ended(case: SessionCase, end: ChatEnd, merchant: str) -> Iterator[str]:
    yield from differ("the conversation is", case.holder.value, "closed")
    yield from differ("moves between people", case.hops, end.hops)
    yield from differ("late lines", case.late_lines, end.late_lines)
    for routed in case.routed:
        view = decision_view(routed, {routed.policy_version: demo_policy(merchant)})
        yield from differ(f"rule {routed.rule}, decided again, is", view.replayed, Replayed.SAME)


def _told(cast: Cast, end: ChatEnd, evidence: Evidence) -> Iterator[str]:
    found = Counter((data["token"], data["holder"]) for data in told_of(cast, evidence))
    yield from differ("the desktop was told of", sorted(found), sorted(end.told))
