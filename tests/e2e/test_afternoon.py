"""Every scene of the demo ends as it has to, in huhang's cases and in the truth outside."""

import pytest

from infra.local.demo.afternoon import SCENES
from infra.local.demo.judge import LIVE, lost_events
from infra.local.demo.latency import latency_of
from infra.local.demo.play import Played
from infra.local.demo.scenes import ParcelEnd, RefundEnd, Scene
from infra.local.demo.truth import account_of, funnel_problems


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_the_scene_ends_as_it_has_to(played: Played, scene: Scene) -> None:
    assert played.problems_of(scene) == []


def test_another_end_than_the_expected_one_is_noticed(played: Played) -> None:
    scene = SCENES[0]._replace(refunds={1: RefundEnd("lost", ("loss",))}, parcels={1: ParcelEnd(requests=3)})
    assert len(played.problems_of(scene)) == 3


def test_no_buyer_is_paid_twice(played: Played) -> None:
    refunds = played.evidence.truth["refunds"]
    assert len(refunds) == len(played.refund_ids)
    assert [number for number, refund in refunds.items() if refund["refund_effects"] > 1] == []


def test_no_parcel_has_two_live_interceptions(played: Played) -> None:
    for waybill, parcel in played.evidence.truth["parcels"].items():
        assert sum(one["status"] in LIVE for one in parcel["interceptions"]) <= 1, waybill
        assert parcel["effective_interceptions"] <= 1, waybill


def test_every_accepted_event_has_a_fate(played: Played) -> None:
    assert lost_events(played.counted, played.accepted) == 0
    assert played.counted.answers[200] > 0
    assert set(played.counted.answers) == {200}
    assert played.counted.fates["unknown"] == 0


def test_no_function_fails_and_no_message_is_dead(played: Played) -> None:
    assert played.problems == []
    assert played.dead == {}


def test_the_funnel_and_the_money_are_those_of_the_truth(played: Played) -> None:
    assert funnel_problems(played) == []


def test_the_account_tells_saved_from_lost(played: Played) -> None:
    money = account_of(played).money
    assert money.lost_fen == 5900, "the forced refund of a parcel that was delivered"
    assert money.waiting_fen == 0, "a week later everything is accounted for"
    assert money.saved_fen > money.unfollowed_fen > 0


def test_the_courier_is_asked_at_once(played: Played) -> None:
    scene = SCENES[0]
    cast = played.casts[scene.number]
    latency = latency_of(played, cast.refund(), (cast.waybill(),))
    assert latency is not None
    assert latency.simulated.total_seconds() < 30


def test_a_timeout_is_found_out_and_not_repeated(played: Played) -> None:
    cast = next(played.casts[scene.number] for scene in SCENES if scene.name == "unheard")
    calls = [call for call in played.evidence.calls if "fault:timeout_after_effect" in call["verdict"]]
    assert sorted(call["api"] for call in calls) == ["afterSale/operate", "thirdcenter.createIntercept"]
    repeated = [
        call
        for call in played.evidence.calls
        if call["api"] == "thirdcenter.createIntercept" and cast.waybill(2) in str(call["request"]["body"])
    ]
    assert len(repeated) == 1


def test_staff_are_told_and_the_robot_is_never_muted(played: Played) -> None:
    assert played.messages
    throttled = [call for call in played.evidence.calls if call["vendor"] == "dingtalk" and call["verdict"] != "ok"]
    assert throttled == []
