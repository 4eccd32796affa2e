"""A bad rule on trial is stopped after so many refunds and so much money, once, and everybody concerned is told."""

import json
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from shared.domain.commands import EndTrial
from shared.domain.keys import order_key, refund_key
from shared.domain.messages import parse_message
from shared.domain.policy import Policy, Trial
from shared.domain.refund import RefundPhase
from shared.domain.why import Why
from shared.ports import StoredCase
from shared.workflows.end_trial import BY, end_trial
from shared.workflows.handle_event import handle_event
from tests.fakes import FakeCaseStore, FakeClock, FakePolicyStore, FakeTable
from tests.unit.rules.build import HOUR, MERCHANT, NOW, PAID, policy
from tests.unit.rules.refunds import answer, reviewing

TRIAL = Trial(until=NOW + 24 * HOUR, amount_max_fen=5 * PAID, count_max=7)
CROWD = 30


class Shop:
    """A merchant whose second policy is on trial, and a crowd of refunds that are about to be paid."""

    def __init__(self, *trials: Trial | None, crowd: int = CROWD) -> None:
        self.table = FakeTable()
        self.clock = FakeClock(NOW)
        self.cases = FakeCaseStore(self.table)
        self.policies = FakePolicyStore(self.table)
        for number, trial in enumerate(trials, 1):
            self.policies.put_policy(policy(version=number, trial=trial, budget_count_max=100 + number))
        self.table.take_stream()
        run = reviewing()
        assert run.order
        self.answers = []
        for number in range(crowd):
            name = f"{number:03d}"
            case = run.case.model_copy(update={"refund_id": name, "order_id": name})
            key = refund_key(MERCHANT, case.platform, name)
            self.table.cases[key] = StoredCase(key, 1, case)
            order = order_key(MERCHANT, case.platform, name)
            self.table.cases[order] = StoredCase(order, 1, run.order.model_copy(update={"order_id": name}))
            self.answers.append(
                answer(run).model_copy(update={"refund_id": name, "order_id": name, "answers": f"{key}#{case.step}"})
            )

    def pay(self, cases: Any = None) -> Counter[str]:
        """Let all refunds be reviewed; count what was said."""
        for event in self.answers:
            handle_event(event, cases or self.cases, self.clock)
        return self.said()

    def said(self) -> Counter[str]:
        """What the stream tells, by type."""
        self.messages = self.messages_of_stream()
        return Counter(message.type for message in self.messages)

    def messages_of_stream(self) -> list[Any]:
        """Everything in the outboxes since the last look."""
        records = [record.outbox for record in self.table.take_stream() if record.outbox]
        return [parse_message(letter["body"]) for outbox in records for letter in json.loads(outbox)]

    def phases(self) -> Counter[str]:
        """How many refunds stand where."""
        return Counter(
            stored.case.phase for key, stored in self.table.cases.items() if key.kind == "refund" and stored.case
        )


def test_a_bad_rule_is_stopped_after_so_many_refunds_and_so_much_money() -> None:
    shop = Shop(None, TRIAL)
    said = shop.pay()
    assert (said["agree_refund"], said["end_trial"]) == (5, CROWD - 5)
    assert shop.policies.trial_spent(MERCHANT, 2) == (5 * PAID, 5)
    assert shop.phases() == {RefundPhase.AGREEING: 5, RefundPhase.BY_HAND: CROWD - 5}


def test_it_is_taken_back_once_however_often_that_is_said() -> None:
    shop = Shop(None, TRIAL)
    shop.pay()
    ends = [message for message in shop.messages if isinstance(message, EndTrial)]
    restored = [policy for one in ends * 2 if (policy := end_trial(one, shop.policies, shop.clock))]
    assert [one.version for one in restored] == [3]
    first, _, third = shop.policies.history(MERCHANT)
    assert third == first.model_copy(update={"version": 3})
    [*_, latest] = shop.policies.versions(MERCHANT)
    assert latest.origin
    assert (latest.origin.by, f"{5 * PAID} fen" in latest.origin.why) == (BY, True)
    assert shop.said() == {"notice_raised": 1}
    [notice] = shop.messages
    assert notice.notice.urgent
    assert "5 笔" in notice.notice.lines[0]


def test_who_still_decides_by_the_policy_that_was_taken_back_pays_nothing_more() -> None:
    shop = Shop(None, TRIAL)
    stale: Policy = shop.table.policies[MERCHANT]
    shop.pay()
    [end, *_] = [message for message in shop.messages if isinstance(message, EndTrial)]
    assert end_trial(end, shop.policies, shop.clock)
    late = Shop(crowd=3)
    for key, stored in late.table.cases.items():
        shop.table.cases[key] = stored
    loaded = shop.cases.load

    def load(merchant: str, keys: Any) -> Any:
        return loaded(merchant, keys)._replace(policy=stale)

    shop.cases.load = load  # type: ignore[method-assign]
    shop.answers = late.answers
    said = shop.pay()
    assert (said["agree_refund"], said["end_trial"]) == (0, 3)
    assert shop.policies.trial_spent(MERCHANT, 2) == (5 * PAID, 5)


def test_after_it_was_taken_back_the_policy_before_decides_as_ever() -> None:
    shop = Shop(None, TRIAL)
    shop.pay()
    end_trial(next(one for one in shop.messages if isinstance(one, EndTrial)), shop.policies, shop.clock)
    later = Shop(crowd=4)
    for key, stored in later.table.cases.items():
        shop.table.cases[key] = stored
    shop.answers = later.answers
    shop.said()
    assert shop.pay() == {"agree_refund": 4}


END = EndTrial(
    merchant=MERCHANT,
    command_id="c",
    reply_to=f"{MERCHANT}|refund|sim:1",
    why=Why(rule="r", policy_version=2),
    version=2,
)


@pytest.mark.parametrize(
    "trials",
    [
        (None,),  # a person has put nothing on trial
        (None, TRIAL, None),  # somebody else has put another policy meanwhile
        (None, TRIAL.model_copy(update={"until": NOW})),  # it has passed its trial
        (TRIAL, TRIAL),  # there is none to go back to: the budget goes on refusing
    ],
)
def test_what_is_not_on_trial_any_more_is_left_alone(trials: tuple[Trial | None, ...]) -> None:
    shop = Shop(*trials, crowd=0)
    assert end_trial(END, shop.policies, shop.clock) is None
    assert shop.policies.version(MERCHANT) == len(trials)
    assert shop.said() == {}


def test_it_goes_back_to_the_newest_policy_that_is_not_on_trial_itself() -> None:
    passed = TRIAL.model_copy(update={"until": NOW - timedelta(days=1)})
    shop = Shop(None, passed, TRIAL, TRIAL, crowd=0)
    restored = end_trial(END.model_copy(update={"version": 4}), shop.policies, shop.clock)
    assert restored
    assert (restored.version, restored.trial, restored.budget_count_max) == (5, None, 102)
    versions = [one.policy.version for one in shop.policies.versions(MERCHANT)]
    assert all(later == earlier + 1 for earlier, later in pairwise(versions))


def test_a_merchant_that_has_left_has_nothing_to_take_back() -> None:
    shop = Shop(None, TRIAL, crowd=0)
    shop.policies.withdraw(MERCHANT)
    assert end_trial(END, shop.policies, shop.clock) is None
