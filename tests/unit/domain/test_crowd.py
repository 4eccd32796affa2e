"""Who sends so much that others would wait is known by counting what passes."""

from datetime import UTC, datetime, timedelta

from shared.domain.crowd import WITHIN, Crowd

NOW = datetime(2026, 11, 11, 8, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_a_merchant_becomes_a_crowd_with_the_first_message_too_many_and_others_do_not() -> None:
    crowd = Crowd(most=5)
    assert [crowd.is_one("busy", NOW) for _ in range(7)] == [False] * 5 + [True] * 2
    assert not crowd.is_one("quiet", NOW)


def test_it_stays_one_into_the_next_window_and_is_forgiven_after_a_quiet_one() -> None:
    crowd = Crowd(most=5)
    for _ in range(6):
        crowd.is_one("busy", NOW)
    assert crowd.is_one("busy", NOW + WITHIN)
    assert not crowd.is_one("busy", NOW + 2 * WITHIN)


def test_a_pause_is_forgotten_at_once() -> None:
    crowd = Crowd(most=5)
    for _ in range(6):
        crowd.is_one("busy", NOW)
    assert not crowd.is_one("busy", NOW + timedelta(hours=1))


def test_a_steady_flow_is_none() -> None:
    crowd = Crowd(most=5)
    assert not any(crowd.is_one("steady", NOW + number * 2 * SECOND) for number in range(1000))


def test_a_clock_that_is_set_back_does_no_harm() -> None:
    crowd = Crowd(most=5)
    crowd.is_one("busy", NOW)
    assert not crowd.is_one("busy", NOW - timedelta(days=1))
    assert not any(crowd.is_one("busy", NOW - timedelta(days=1)) for _ in range(4))
