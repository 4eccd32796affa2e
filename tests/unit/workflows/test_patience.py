"""A vendor that hangs makes others wait once, and nobody decides about a conversation that has begun."""

from datetime import timedelta

import pytest

from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Unclear, Waiting
from shared.workflows.patience import REMEMBERED, SLOW, Patience

HANGING = HttpRequest("POST", "https://slow.test/orders", {}, b"")
ANSWERING = HttpRequest("POST", "https://quick.test/orders", {}, b"")


class Outside:
    """Two vendors and a clock; the one hangs until its time limit."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.took = 8.0
        self.asked: list[str] = []

    def send(self, request: HttpRequest) -> HttpReply:
        """Take as long as the vendor takes."""
        self.asked.append(request.url)
        if request is ANSWERING:
            self.seconds += 0.2
            return HttpReply(200, b"{}")
        self.seconds += self.took
        if self.took >= 8:
            raise Unclear("ReadTimeout")
        return HttpReply(200, b"{}")


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def patience(outside: Outside) -> Patience:
    return Patience(lambda: outside.seconds)


def hang(outside: Outside, patience: Patience) -> None:
    with pytest.raises(Unclear):
        patience.begin(outside, "zto", endless=False).send(HANGING)


def test_the_second_command_to_a_silent_vendor_is_put_off_before_anything_is_sent(
    outside: Outside, patience: Patience
) -> None:
    hang(outside, patience)
    with pytest.raises(Waiting, match=r"zto at slow\.test keeps us waiting"):
        patience.begin(outside, "zto", endless=False).send(HANGING)
    assert len(outside.asked) == 1


def test_other_vendors_are_called_as_ever(outside: Outside, patience: Patience) -> None:
    hang(outside, patience)
    assert patience.begin(outside, "zto", endless=False).send(ANSWERING).status == 200


def test_another_vendor_on_the_same_host_is_called_as_ever(outside: Outside, patience: Patience) -> None:
    hang(outside, patience)
    outside.took = 0.5
    assert patience.begin(outside, "yto", endless=False).send(HANGING).status == 200


def test_aside_it_is_tried_at_once_and_an_answer_in_time_ends_it(outside: Outside, patience: Patience) -> None:
    hang(outside, patience)
    outside.took = 0.5
    assert patience.begin(outside, "zto", endless=True).send(HANGING).status == 200
    assert patience.begin(outside, "zto", endless=False).send(HANGING).status == 200


def test_a_slow_answer_counts_as_much_as_none(outside: Outside, patience: Patience) -> None:
    outside.took = SLOW.total_seconds()
    patience.begin(outside, "zto", endless=False).send(HANGING)
    with pytest.raises(Waiting):
        patience.begin(outside, "zto", endless=False).send(HANGING)


def test_it_is_forgotten_after_five_minutes(outside: Outside, patience: Patience) -> None:
    hang(outside, patience)
    outside.seconds += REMEMBERED.total_seconds()
    hang(outside, patience)
    assert timedelta(minutes=5) == REMEMBERED


def test_a_conversation_that_has_begun_is_never_put_off(outside: Outside, patience: Patience) -> None:
    talk = patience.begin(outside, "zto", endless=False)
    outside.took = 5
    talk.send(HANGING)
    talk.send(HANGING)
    assert len(outside.asked) == 2


def test_thousands_of_hosts_do_not_fill_the_memory(outside: Outside, patience: Patience) -> None:
    for number in range(5_000):
        patience.note(f"shop-{number}.test", 8)
        outside.seconds += 1
    assert len(patience._slow_until_s) <= 1_001
