"""Other rules are tried on recorded conversations: the same rules give the same, others what would really have been."""

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given as with_any
from hypothesis import settings
from hypothesis import strategies as st

from shared.domain.routing import RETURNED
from shared.domain.session import Routed, SessionCase
from shared.rules.chat.compare import SAMPLES_MAX, Stop, Trial, compare
from shared.rules.chat.recorded import Conversation, conversations
from tests.unit.rules.chat.build import (
    MINUTE,
    NOW,
    SECOND,
    VIP,
    Session,
    answer,
    closed,
    given,
    hand_over,
    line,
    lost,
    routing,
    upset,
)

BIG = {"rule": "big", "when": {"field": "intent", "is": "refund"}, "then": {"group": "aftersale", "priority": 4}}


class Recording(Session):
    """A session of which every state is kept, as the archive does."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self.states: list[SessionCase] = []

    def take(self, *events: Any, at: Any = None) -> list[Any]:
        """Take events, each with a state of its own where it changes something."""
        said: list[Any] = []
        for event in events:
            said += super().take(event, at=at)
            if self.case is not None and (not self.states or self.states[-1] != self.case):
                self.states.append(self.case)
        return said

    @property
    def recorded(self) -> list[Conversation]:
        """What the states tell."""
        return list(conversations(self.states))


def tried(*recordings: Recording, **fields: Any) -> Trial:
    """Try other rules on recordings."""
    recorded = [one for recording in recordings for one in recording.recorded]
    return compare({"new": routing(**fields)}, recorded)["new"]


def talk(**fields: Any) -> Recording:
    """A greeting, and then the money back."""
    recording = Recording(**fields)
    recording.take(line(intent="greeting"), line(intent="refund", at=NOW + SECOND), at=NOW + SECOND)
    return recording


def test_every_line_is_recorded_with_its_facts_whether_it_moved_anybody_or_not() -> None:
    [conversation] = talk().recorded
    assert [(step.routed.facts["intent"], step.followed) for step in conversation.steps] == [
        ("greeting", True),
        ("refund", False),
    ]


def test_a_rule_about_a_later_line_is_tried_though_that_line_moved_nobody() -> None:
    trial = tried(talk(), rules=[BIG])
    assert (trial.conversations, trial.lines, trial.moved) == (1, 2, 1)
    assert trial.hits == {"default.bot_first": 1, "big": 1}
    assert trial.was_hits == {"default.bot_first": 1}
    assert (trial.to_people, trial.was_to_people) == (1, 0)
    [sample] = trial.samples
    assert sample.now[-1] == Stop("big", False, "aftersale", None)
    assert sample.facts["intent"] == "refund"


def test_a_rule_that_only_has_another_name_moves_nobody() -> None:
    trial = tried(talk(rules=[BIG]), rules=[BIG | {"rule": "money"}])
    assert (trial.changed, trial.moved, trial.samples) == (1, 0, ())


def test_people_lose_a_session_only_to_what_is_more_urgent_in_a_trial_too() -> None:
    recording = Recording()
    recording.take(upset(), given("paul", 1, "presale"), answer("paul"))
    recording.take(line(intent="refund", tags=["vip"], at=NOW + SECOND), at=NOW + SECOND)
    assert tried(recording, rules=[BIG, VIP]).moved == 0
    urgent = VIP | {"then": {"agent": "anna", "priority": 0}}
    assert tried(recording, rules=[urgent]).hits == {"default.upset_buyer": 1, "vip": 1}


def test_a_session_that_is_opened_anew_is_another_conversation() -> None:
    recording = Recording()
    recording.take(line(), closed(at=NOW + SECOND), at=NOW + SECOND)
    recording.take(line(at=NOW + MINUTE), at=NOW + MINUTE)
    assert [len(one.steps) for one in recording.recorded] == [1, 1]


def test_what_people_did_is_taken_as_it_happened() -> None:
    recording = Recording(rules=[BIG]).with_people()
    assert isinstance(recording, Recording)
    recording.take(answer("anna"), hand_over(at=NOW + SECOND), at=NOW + SECOND)
    recording.take(line(intent="refund", at=NOW + MINUTE), at=NOW + MINUTE)
    assert [step.routed.rule for step in recording.recorded[0].steps] == ["handed_over", RETURNED, "big"]
    trial = tried(recording)
    assert (trial.by_hand, trial.hits, trial.was_hits) == (2, {"default.bot_first": 1}, {"big": 1})


def test_facts_of_another_version_of_the_product_are_counted_apart() -> None:
    [known] = talk().recorded
    foreign = Routed(rule="r", policy_version=7, at=NOW, facts={"zodiac": "ox"}, group="aftersale")
    steps = (known.steps[0]._replace(routed=foreign), *known.steps)
    trial = compare({"new": routing()}, [known._replace(steps=steps)])["new"]
    assert (trial.unreadable, trial.lines) == (1, 3)


def test_a_routings_own_lists_and_hours_are_tried_too() -> None:
    recording = Recording(hot_items=["SKU-1"])
    recording.take(line(item="SKU-7", intent="refund"))
    assert tried(recording, mode="assist").hits == {"default.pre_sale": 1}
    assert tried(recording, hot_items=["SKU-7"]).hits == {"default.hot_item": 1}
    phones = {"rule": "phones", "when": {"field": "category", "is": "3c"}, "then": {"group": "presale"}}
    assert tried(recording, rules=[phones], categories={"SKU-7": "3c"}).hits == {"phones": 1}
    assert tried(recording, rules=[phones]).hits == {"default.bot_first": 1}


def test_samples_are_few() -> None:
    trial = tried(*(talk() for _ in range(SAMPLES_MAX + 5)), rules=[BIG])
    assert (trial.moved, len(trial.samples)) == (SAMPLES_MAX + 5, SAMPLES_MAX)


# ---- whatever happens ----------------------------------------------------------------------------------------------

RULES = [
    VIP,
    BIG,
    {"rule": "owed", "when": {"field": "tone", "is": "impatient"}, "then": {"group": "logistics", "priority": 3}},
    {"rule": "quiet", "when": {"field": "intent", "is": "greeting"}, "then": {"bot": True}},
]
rule_sets = st.lists(st.sampled_from(RULES), unique_by=lambda rule: str(rule["rule"]), max_size=4)
said = st.fixed_dictionaries(
    {
        "intent": st.sampled_from(["greeting", "refund", "other"]),
        "tone": st.sampled_from(["calm", "impatient", "complaint"]),
        "tags": st.sampled_from([[], ["vip"]]),
    }
)
steps = st.one_of(
    said,
    st.sampled_from(["given", "lost", "answer", "aftersale", "logistics", "returned", "closed", "tick"]),
)


def play(recording: Recording, step: Any) -> None:
    """Let something happen a minute later."""
    at, case = recording.now + MINUTE, recording.case
    if isinstance(step, dict):
        recording.take(line(at=at, **step), at=at)
    elif case is None:
        return
    elif step == "given":
        agents = {"presale": "paul", "aftersale": "anna", "logistics": "lena"}
        recording.take(given(agents.get(case.group or "", "anna"), case.token, case.group or "presale", at=at), at=at)
    elif step == "lost":
        recording.take(lost(case.agent, case.token, case.group or "presale", at=at), at=at)
    elif step == "answer":
        recording.take(answer(case.agent, at=at), at=at)
    elif step == "closed":
        recording.take(closed(at=at), at=at)
    elif step == "tick":
        recording.take(recording.tick, at=at + timedelta(minutes=4))
    else:
        recording.take(hand_over(None if step == "returned" else step, at=at), at=at)


@settings(max_examples=150)
@with_any(rules=rule_sets, events=st.lists(steps, max_size=12), mode=st.sampled_from(["bot_first", "assist"]))
def test_the_same_rules_give_the_same_whatever_people_do(rules: Any, events: list[Any], mode: str) -> None:
    recording = Recording(rules=rules, mode=mode)
    for event in events:
        play(recording, event)
    trial = tried(recording, rules=rules, mode=mode)
    assert trial.hits == trial.was_hits
    assert (trial.changed, trial.moved, trial.unreadable) == (0, 0, 0)


@settings(max_examples=100)
@with_any(before=rule_sets, after=rule_sets, lines=st.lists(said, max_size=8))
def test_what_is_predicted_is_what_then_happens(before: Any, after: Any, lines: list[Any]) -> None:
    recording, real = Recording(rules=before), Recording(rules=after)
    for one in lines:
        play(recording, one)
        play(real, one)
    followed = [step.routed.rule for talk in real.recorded for step in talk.steps if step.followed]
    assert Counter(tried(recording, rules=after).hits) == Counter(followed)
