"""Every parcel is watched by itself: what was asked of sources, told to people and shown on the board."""

from datetime import datetime, timedelta

import pytest

from infra.local.demo.afternoon import SCENES
from infra.local.demo.cast import Cast
from infra.local.demo.judge_watch import judge_board, judge_subscriptions, judge_watch, stories_of
from infra.local.demo.play import Played, Stage
from infra.local.demo.scenes import Scene, TicketEnd
from infra.local.demo.watch_scenes import BEGINS_MIN
from infra.local.demo.watch_stories import hours_ahead
from shared.domain.tickets import Anomaly

WATCHED = [(scene, number) for scene in SCENES for number in scene.watched]


def scene_of(name: str) -> Scene:
    """Find a scene."""
    return next(scene for scene in SCENES if scene.name == name)


def cast_of(played: Played, name: str) -> Cast:
    """Find who played in a scene."""
    return played.casts[scene_of(name).number]


def test_every_parcel_is_subscribed_within_a_minute_and_nobody_has_to_call(played: Played) -> None:
    assert list(judge_subscriptions(played.evidence)) == []
    assert played.evidence.truth["totals"]["subscriptions"] >= len(played.evidence.truth["parcels"])


def test_whatever_breaks_was_warned_of_six_hours_before(played: Played) -> None:
    stories = [
        story
        for scene in played.scenes
        for story in stories_of(scene, played.casts[scene.number], played.evidence)
        if hours_ahead(story) is not None
    ]
    assert len(stories) >= 10
    assert min(hours_ahead(story) or 0 for story in stories) >= 6


def test_of_three_parcels_with_one_history_two_are_late_and_one_buyer_is_told(played: Played) -> None:
    cast = cast_of(played, "three_of_a_kind")
    parcels = [played.evidence.truth["parcels"][cast.waybill(number)] for number in (1, 2, 3)]
    assert len({tuple(scan["stage"] for scan in parcel["scans"]) for parcel in parcels}) == 1
    stories = stories_of(scene_of("three_of_a_kind"), cast, played.evidence)
    assert [story.case.id for story in stories] == [f"sto:{cast.waybill(number)}" for number in (1, 2)]
    assert [len(parcel["buyer_messages"]) for parcel in parcels] == [1, 0, 0]


def test_a_dead_subscription_raises_no_false_alarm(played: Played) -> None:
    cast = cast_of(played, "subscription_died")
    parcel = played.evidence.truth["parcels"][cast.waybill()]
    assert [one["status"] for one in parcel["subscriptions"]] == ["dead", "shut_down"]
    assert parcel["queries_answered"]["kuaidi100"] == 1
    assert not any(cast.waybill() in said.text for said in played.evidence.notices)


def test_the_risk_of_a_forced_refund_is_told_from_the_last_scan_on(played: Played) -> None:
    cast = cast_of(played, "stalled_then_refunded")
    parcel = played.evidence.truth["parcels"][cast.waybill()]
    heard_at = max(datetime.fromisoformat(scan["at"]) for scan in parcel["scans"] if scan["stage"] == "in_transit")
    told = played.evidence.forced_refund_at[cast.refund()]
    assert abs(told - heard_at - timedelta(hours=48)) < timedelta(minutes=1)
    assert any("强制退款风险" in said.text and cast.waybill() in said.text for said in played.evidence.notices)


def test_sources_are_not_asked_too_often(played: Played) -> None:
    parcels = played.evidence.truth["parcels"]
    assert [waybill for waybill, parcel in parcels.items() if parcel["queries_too_soon"]] == []
    asked = {waybill: sum(one["asks"] for one in parcel["subscriptions"]) for waybill, parcel in parcels.items()}
    assert max(asked.values()) <= 6, "four of ours at most, the label's own, and Kuaidi100's correction"


def test_who_has_taken_a_ticket_is_not_disturbed_any_more(played: Played) -> None:
    cast = cast_of(played, "return_not_sent")
    [story] = stories_of(scene_of("return_not_sent"), cast, played.evidence)
    assert (story.ticket.taken_by, story.ticket.answer, story.ticket.level) == ("小王", "已电话提醒买家", 3)


def test_a_courier_s_answer_comes_back_into_its_ticket(played: Played) -> None:
    cast = cast_of(played, "stalled_then_refunded")
    [story] = stories_of(scene_of("stalled_then_refunded"), cast, played.evidence)
    [order] = played.evidence.truth["parcels"][cast.waybill()]["work_orders"]
    [written] = order["written"]
    assert (story.ticket.urge_number, story.ticket.answer) == (order["key"], written["text"])
    assert (story.ticket.answered_by, story.ticket.heard_out) == ("zto", True)
    assert story.ticket.answered_at == datetime.fromisoformat(written["at"]).replace(microsecond=0)
    assert 2 <= order["asked_after"] <= 20


def test_a_wrong_carrier_is_found_before_anybody_is_warned(played: Played) -> None:
    cast = cast_of(played, "wrong_carrier")
    assert stories_of(scene_of("wrong_carrier"), cast, played.evidence) == []
    parcel = played.evidence.truth["parcels"][cast.waybill()]
    assert {one["company"] for one in parcel["subscriptions"]} == {"yunda", "yuantong"}
    assert not any(cast.waybill() in said.text for said in played.evidence.notices)


def test_the_board_shows_what_is_open_and_nothing_else(played: Played, stage: Stage) -> None:
    assert list(judge_board(played.evidence)) == []
    cast = cast_of(played, "vanished")
    rows = {
        (row["anomaly"], row["level"]) for row in played.evidence.board["tickets"] if cast.waybill() in row["waybill"]
    }
    assert {("stalled", 5), ("suspected_lost", 5)} <= rows
    assert stage.desk.tickets()["complete"] is True


@pytest.mark.parametrize(("scene", "number"), WATCHED, ids=lambda value: getattr(value, "name", value))
def test_another_watch_than_the_expected_one_is_noticed(played: Played, scene: Scene, number: int) -> None:
    end = scene.watched[number]._replace(subscriptions=9, work_orders=9, buyer_told=(Anomaly.LATE,))
    wrong = scene._replace(watched={number: end})
    assert len(list(judge_watch(wrong, played.casts[scene.number], played.evidence))) == 3


@pytest.mark.parametrize("change", [{"warned_h": 17}, {"level": 3}, {"exposure_fen": 1}, {"ended_h": None}])
def test_another_ticket_than_the_expected_one_is_noticed(played: Played, change: dict[str, float]) -> None:
    scene = scene_of("never_picked_up")
    [end] = scene.tickets
    wrong = scene._replace(tickets=(end._replace(**change),))  # type: ignore[arg-type]  # one field of its own type
    assert list(judge_watch(wrong, played.casts[scene.number], played.evidence)) != []


def test_a_ticket_that_nobody_expects_and_one_that_never_came_are_noticed(played: Played) -> None:
    scene = scene_of("never_picked_up")
    assert scene.begins_min == BEGINS_MIN
    never = TicketEnd(Anomaly.DAMAGED, 1, 1, 2, 2)
    wrong = scene._replace(tickets=(never,))
    said = " ".join(judge_watch(wrong, played.casts[scene.number], played.evidence))
    assert "not_picked_up was not expected" in said
    assert "damaged is missing" in said
