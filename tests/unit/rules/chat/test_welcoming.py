"""The first line of a conversation brings a welcome, found by the same conditions as rules are."""

from typing import Any

import pytest

from shared.domain.order import OrderCase
from shared.rules.chat.facts import asks_who_is_there
from shared.rules.chat.welcoming import welcome_for
from tests.unit.rules.build import order
from tests.unit.rules.chat.build import MINUTE, NOW, SECOND, VIP, Session, closed, hand_over, line, routing

SHIPPED = {"welcome": "shipped", "when": {"field": "order_status", "is": "shipped"}, "text": "您的包裹已在路上"}
PHONE = {
    "welcome": "phone",
    "when": {"field": "item", "is": "SKU-7"},
    "text": "想了解这款手机？",
    "questions": ["有现货吗？"],
}
HELLO = {"welcome": "hello", "text": "您好"}
ALL = [SHIPPED, PHONE, HELLO]


def welcomed(session: Session, event: Any) -> str | None:
    """Take a line, and give the name of the welcome in its answer."""
    session.take(event, at=event.at)
    found = welcome_for(session.case, event.line, session.policy)
    return found.welcome if found else None


@pytest.mark.parametrize(
    ("orders", "item", "name"),
    [
        ((order("W1"),), "SKU-7", "shipped"),
        ((order(),), "SKU-7", "phone"),
        ((), "SKU-7", "phone"),
        ((), "SKU-8", "hello"),
        ((), None, "hello"),
    ],
)
def test_it_goes_by_item_and_order_from_the_top(orders: tuple[OrderCase, ...], item: str | None, name: str) -> None:
    session = Session(welcomes=ALL)
    session.facts["orders"] = orders
    assert welcomed(session, line(item=item)) == name


def test_without_one_that_fits_there_is_none() -> None:
    assert welcomed(Session(welcomes=[SHIPPED]), line()) is None
    assert welcomed(Session(), line()) is None


def test_only_the_first_line_has_one_however_often_it_is_asked_about() -> None:
    session, first = Session(welcomes=ALL), line()
    assert [welcomed(session, first), welcomed(session, first)] == ["hello", "hello"]
    assert welcomed(session, line(at=NOW + SECOND)) is None
    assert welcomed(session, first) is None


def test_people_who_take_over_at_once_welcome_too() -> None:
    session, first = Session(welcomes=ALL, rules=[VIP]), line(tags=["vip"])
    assert welcomed(session, first) == "hello"
    session.take(hand_over("logistics", at=NOW + SECOND), at=NOW + SECOND)
    assert welcomed(session, first) == "hello"


def test_a_buyer_who_comes_back_is_welcomed_again() -> None:
    session = Session(welcomes=ALL)
    welcomed(session, line())
    session.take(closed(at=NOW + SECOND), at=NOW + SECOND)
    assert welcomed(session, line(item="SKU-7", at=NOW + MINUTE)) == "phone"


def test_one_that_asks_who_is_there_has_the_desks_read() -> None:
    night = {"welcome": "night", "when": {"field": "staffed", "is": False}, "text": "客服不在"}
    assert asks_who_is_there(routing(welcomes=[night, HELLO]))
    assert not asks_who_is_there(routing(welcomes=ALL))
    assert welcomed(Session(welcomes=[night, HELLO]), line()) == "night"
