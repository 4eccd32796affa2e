"""What rings wakes the clock; where that fails, the messages are out all the same and the log says why."""

import json
from typing import Any

import pytest

from functions.publish_outbox import handler as publisher
from shared import wiring
from shared.adapters.signed_aws import AwsRefused, SignedAws
from shared.domain.lanes import Lane
from shared.errors import Retryable
from tests.fakes import FakeQueue
from tests.unit.rules.build import MERCHANT, SECOND

OUTBOX = json.dumps([{"lane": Lane.PARCELS.value, "group": MERCHANT, "body": "a"}])
RECORDS = [{"dynamodb": {"NewImage": {"outbox": {"S": OUTBOX}}}}, {"dynamodb": {"NewImage": {"rings": {"S": "clock"}}}}]


class Clock:
    """The function that is rung for."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error
        self.rung = 0

    def wake(self) -> None:
        """Be woken, or not."""
        self.rung += 1
        if self.error:
            raise self.error


@pytest.mark.parametrize("error", [None, Retryable("Invoke: TimeoutError", SECOND), AwsRefused(403, "", {})])
def test_a_clock_that_cannot_be_rung_for_holds_no_message_back(
    error: Exception | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    queue, clock = FakeQueue(), Clock(error)
    made: dict[str, Any] = {"queue": queue, "clock_function": clock, "signed_aws": SignedAws({})}
    for name, one in made.items():
        monkeypatch.setattr(wiring, name, lambda one=one: one)
    assert publisher.handler({"Records": RECORDS}, None) == {"batchItemFailures": []}
    assert (queue.take(Lane.PARCELS), clock.rung) == ([(MERCHANT, "a")], 1)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in lines] == (["clock_not_rung"] if error else []) + ["published"]
    assert [line["reason"] for line in lines if "reason" in line] == ([str(error)] if error else [])
