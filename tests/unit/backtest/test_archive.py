"""What the product recorded is replayed: its policy gives the same tickets, another what it would have given."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from infra.backtest.clocks import known_limits
from infra.backtest.run import Question, Result, run_backtest
from infra.backtest.stories import HistoryRefused
from shared.domain.events import InterceptionWanted, ParcelTraced, TicketTaken
from shared.domain.parcel import Content, Stage, Wish
from shared.domain.policy import Policy
from shared.domain.tickets import Anomaly
from shared.domain.watching import Pace, Watching
from tests.unit.backtest.build import (
    CLOSED_AT_WEEKENDS,
    DAY,
    HOUR,
    MONDAY,
    Life,
    Recorder,
    a_rough_life,
    image_history,
    limit,
    paid,
    record_some,
    rules_of,
    scanned,
    shipped,
    some_life,
)

IN_FORCE = Policy(merchant="shop", version=1, watching=Watching(urge_by={"zto": "zto"}))
STRICTER = Policy(
    merchant="shop",
    version=2,
    watching=Watching.model_validate(
        {
            "hours": CLOSED_AT_WEEKENDS,
            "limits": [
                limit("pickup_24h", "ship_to_pickup", 12, 3),
                limit("ship_48h", "pay_to_ship", 24, 6, in_hours=True),
                limit("stalled_48h", "stagnation", 30, 5),
                limit("delivery_24h", "out_for_delivery", 24, 6, watch=False),
            ],
        }
    ),
)
MOVEMENT = ("movement_24h", "false_shipment_48h")
CALLS = ("subscribe_tracking", "query_tracking", "urge_courier", "tell_buyer")


def said_by(result: Result) -> dict[str, float]:
    """All notices by rule and all calls, as far as the sample is everything."""
    notices = Counter(said.rule for trace in result.sample for said in trace.notices)
    return {**notices, **result.tally.calls}


def watched(recorder: Recorder) -> dict[str, int]:
    """The same as it really was; what refunds and answers to nobody said is no part of watching."""
    rules = {limit.rule for limit in known_limits(IN_FORCE)}
    return {what: count for what, count in recorder.said.items() if what in {*CALLS, *Anomaly, *rules}}


@pytest.mark.parametrize(("life", "seed"), [(some_life, 1), (some_life, 2), (a_rough_life, 3), (a_rough_life, 4)])
def test_the_policy_in_force_gives_what_really_was(tmp_path: Path, life: Life, seed: int) -> None:
    """Every ticket, notice and call, with sources that end, people who answer and refunds that stop parcels."""
    recorder = record_some(40, IN_FORCE, seed, life)
    history = image_history(recorder.save(tmp_path))
    result = run_backtest(history, Question(IN_FORCE, sample_max=1000))
    assert len(result.tally.tickets) >= 6
    assert {kind: one.opened for kind, one in result.tally.tickets.items()} == {
        kind: one.recorded for kind, one in result.tally.tickets.items()
    }
    assert said_by(result) == watched(recorder)


@pytest.mark.parametrize(("life", "error_max"), [(some_life, 0.0), (a_rough_life, 0.02)])
def test_another_policy_is_predicted(tmp_path: Path, life: Life, error_max: float) -> None:
    """What it gives on the record of the old one, beside what it gives when the same world runs under it."""
    predicted: Counter[str] = Counter()
    real: Counter[str] = Counter()
    for seed in range(2):
        before, after = (record_some(30, one, seed, life) for one in (IN_FORCE, STRICTER))
        old, new = (image_history(one.save(tmp_path / f"{seed}-{place}")) for place, one in enumerate((before, after)))
        tried = run_backtest(old, Question(STRICTER, until=after.clock.instant))
        predicted += Counter({kind: int(one.opened) for kind, one in tried.tally.tickets.items()})
        lived = run_backtest(new, Question(STRICTER))
        real += Counter({kind: int(one.recorded) for kind, one in lived.tally.tickets.items()})
    assert real[Anomaly.NOT_PICKED_UP] > 20
    assert real[Anomaly.DELIVERY_SLOW] == predicted[Anomaly.DELIVERY_SLOW] == 0
    missed = (predicted - real).total() + (real - predicted).total()
    assert missed <= error_max * real.total()


def test_the_couriers_time_decides_what_was_broken_and_arrival_what_people_heard(tmp_path: Path) -> None:
    """Picked up within 23 hours, told after 26: people heard of a breach that never was."""
    recorder = Recorder(IN_FORCE)
    recorder.take(paid("O1", MONDAY), MONDAY)
    recorder.take(shipped("O1", MONDAY + HOUR), MONDAY + HOUR)
    recorder.take(scanned("O1", MONDAY + 24 * HOUR, Stage.PICKED_UP), MONDAY + 27 * HOUR)
    result = run_backtest(image_history(recorder.save(tmp_path)), Question(IN_FORCE))
    found = rules_of(result)["pickup_24h"]
    assert (found["warned"], found["broken"], found["called_wrongly"], found["false_alarms"]) == (1, 0, 1, 1)
    assert result.tally.tickets[Anomaly.NOT_PICKED_UP].broken == 1


def test_what_began_before_the_history_is_not_judged_but_followed(tmp_path: Path) -> None:
    recorder = Recorder(IN_FORCE)
    recorder.take(paid("O1", MONDAY), MONDAY)
    recorder.take(shipped("O1", MONDAY + HOUR), MONDAY + HOUR)
    recorder.pass_time(MONDAY + 30 * HOUR)
    recorder.archive.objects.clear()
    recorder.take(scanned("O1", MONDAY + 31 * HOUR, Stage.PICKED_UP), MONDAY + 31 * HOUR)
    recorder.take(scanned("O1", MONDAY + 90 * HOUR, Stage.IN_TRANSIT), MONDAY + 90 * HOUR)
    result = run_backtest(image_history(recorder.save(tmp_path)), Question(IN_FORCE))
    assert result.history.dirt.counts == {"began_before_history": 1}
    assert set(rules_of(result)) == {"stalled_48h", "stalled_remote_96h", "lost_10d"}  # movement_24h ran already
    assert Anomaly.NOT_MOVING in result.tally.tickets


def test_what_people_did_stays_done(tmp_path: Path) -> None:
    recorder = Recorder(IN_FORCE)
    recorder.take(paid("O1", MONDAY), MONDAY)
    key = "shop|order|sim:O1"
    taken = TicketTaken(merchant="shop", about=key, anomaly=Anomaly.NOT_SHIPPED, by="li")
    recorder.take(taken, MONDAY + 36.5 * HOUR)
    recorder.take(shipped("O1", MONDAY + 90 * HOUR), MONDAY + 90 * HOUR)
    result = run_backtest(image_history(recorder.save(tmp_path)), Question(IN_FORCE))
    assert result.tally.tickets[Anomaly.NOT_SHIPPED].escalated == 0


def test_a_number_that_is_used_again_is_another_parcel(tmp_path: Path) -> None:
    recorder = Recorder(IN_FORCE)
    later = MONDAY + 90 * DAY
    for when, order in ((MONDAY, "O1"), (later, "O2")):
        recorder.take(paid(order, when), when)
        sent = shipped(order, when + HOUR)
        sent = sent.model_copy(update={"shipments": (sent.shipments[0].model_copy(update={"waybill": "WO1"}),)})
        recorder.take(sent, when + HOUR)
        for hours, stage in ((2, Stage.PICKED_UP), (3, Stage.IN_TRANSIT), (30, Stage.DELIVERED)):
            recorder.take(scanned("O1", when + hours * HOUR, stage), when + hours * HOUR)
    recorder.pass_time(later + 5 * DAY)
    result = run_backtest(image_history(recorder.save(tmp_path)), Question(IN_FORCE))
    assert {kind: (one.opened, one.recorded) for kind, one in result.tally.tickets.items()} == {}
    assert rules_of(result)["pickup_24h"]["warned"] == 0


def test_of_a_history_told_at_once_each_end_has_its_own_time(tmp_path: Path) -> None:
    """It moved within the day, though the last of its scans, told with the first, is two days old."""
    recorder = Recorder(IN_FORCE)
    for event in (paid("O1", MONDAY), shipped("O1", MONDAY), scanned("O1", MONDAY, Stage.PICKED_UP)):
        recorder.take(event, MONDAY)
    road = ((20, Stage.IN_TRANSIT), (49, Stage.ARRIVED_AT_HUB))
    scans = tuple(scanned("O1", MONDAY + hours * HOUR, stage).scan for hours, stage in road)
    told = ParcelTraced(merchant="shop", carrier="zto", waybill="WO1", source="zto", scans=scans)
    recorder.take(told, MONDAY + 50 * HOUR)
    found = rules_of(run_backtest(image_history(recorder.save(tmp_path)), Question(IN_FORCE)))
    assert {rule: (found[rule]["broken"], found[rule]["called_wrongly"]) for rule in MOVEMENT} == dict.fromkeys(
        MOVEMENT, (0, 1)
    )


def test_a_parcel_that_was_old_when_it_became_known_is_not_watched(tmp_path: Path) -> None:
    recorder = Recorder(IN_FORCE)
    recorder.take(shipped("O1", MONDAY), MONDAY + 20 * DAY)
    recorder.pass_time(MONDAY + 40 * DAY)
    result = run_backtest(image_history(recorder.save(tmp_path)), Question(IN_FORCE))
    assert result.tally.cases == 2
    assert rules_of(result) == {}


def test_a_parcel_that_stood_still_until_it_was_stopped_has_broken_its_limit(tmp_path: Path) -> None:
    """Stopping ends the clock without a scan: how long it stood is until then, not until its last scan."""
    recorder = Recorder(IN_FORCE)
    for event in (paid("O1", MONDAY), shipped("O1", MONDAY), scanned("O1", MONDAY, Stage.IN_TRANSIT)):
        recorder.take(event, MONDAY)
    content = Content(platform="sim", order_id="O1", line_ids=("L1",))
    wish = Wish(refund="sim:R1", platform="sim", order_id="O1", line_ids=("L1",), amount_fen=100)
    wanted = InterceptionWanted(merchant="shop", carrier="zto", waybill="WO1", content=content, wish=wish)
    recorder.take(wanted, MONDAY + 60 * HOUR)
    result = run_backtest(image_history(recorder.save(tmp_path)), Question(IN_FORCE))
    assert rules_of(result)["stalled_48h"]["broken"] == 1
    assert rules_of(result)["stalled_remote_96h"]["broken"] == 0


def test_a_courier_known_to_report_late_breaks_limits_all_the_same(tmp_path: Path) -> None:
    """Its deadline waits for the news; the limit does not."""
    recorder = Recorder(IN_FORCE)
    recorder.take(paid("O1", MONDAY), MONDAY)
    recorder.take(shipped("O1", MONDAY), MONDAY)
    recorder.take(scanned("O1", MONDAY + 25 * HOUR, Stage.PICKED_UP), MONDAY + 26 * HOUR)
    patient = IN_FORCE.model_copy(update={"paces": {"zto": Pace(lag_s=4 * 3600)}})
    result = run_backtest(image_history(recorder.save(tmp_path)), Question(patient))
    found = rules_of(result)["pickup_24h"]
    assert (found["warned"], found["broken"], found["called_wrongly"]) == (1, 1, 0)
    assert result.tally.tickets[Anomaly.NOT_PICKED_UP].broken == 0
    assert found["median_lead_minutes"] == 6 * 60  # nor does the warning


# ---- files -------------------------------------------------------------------------------------------------------


def test_the_same_lines_in_other_files_and_twice_give_the_same(tmp_path: Path) -> None:
    recorder = record_some(15, IN_FORCE, 9)
    recorder.save(tmp_path / "many")
    lines = [gzip.decompress(recorder.archive.objects[name]) for name in sorted(recorder.archive.objects)]
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "all.jsonl.gz").write_bytes(gzip.compress(b"".join(reversed(lines + lines[:40]))))
    found = [rules_of(run_backtest(image_history(tmp_path / name), Question(IN_FORCE))) for name in ("many", "one")]
    assert found[0] == found[1]


def test_refunds_and_other_merchants_are_passed_over(tmp_path: Path) -> None:
    recorder = Recorder(IN_FORCE)
    recorder.take(paid("O1", MONDAY), MONDAY)
    recorder.save(tmp_path)
    line = {"merchant": "shop", "kind": "refund", "id": "sim:R1", "v": 1, "at": "2026-03-02T09:00:00.000Z", "case": {}}
    others = [line, line | {"merchant": "other", "kind": "order"}]
    (tmp_path / "more.jsonl.gz").write_bytes(gzip.compress("".join(f"{json.dumps(one)}\n" for one in others).encode()))
    result = run_backtest(image_history(tmp_path), Question(IN_FORCE))
    assert result.tally.cases == 1
    assert result.history.dirt.rows() == [("other_merchant", 1, "more.jsonl.gz, line 2")]


def test_a_case_with_a_state_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    recorder = Recorder(IN_FORCE)
    for order in ("O1", "O2"):
        recorder.take(paid(order, MONDAY), MONDAY)
    recorder.save(tmp_path)
    line = {"merchant": "shop", "kind": "order", "id": "sim:O1", "v": 2, "at": "2026-03-02T09:00:00.000Z"}
    text = json.dumps(line | {"case": {"from": "the future"}})
    (tmp_path / "new.jsonl.gz").write_bytes(gzip.compress(f"{text}\n".encode()))
    result = run_backtest(image_history(tmp_path), Question(IN_FORCE))
    assert result.tally.cases == 1
    assert result.history.dirt.counts == {"image_unreadable": 1}


def test_a_damaged_object_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl.gz").write_bytes(gzip.compress(b'{"merchant": "shop"}\n'))
    with pytest.raises(HistoryRefused, match=r"bad\.jsonl\.gz, line 1: is not an object of"):
        run_backtest(image_history(tmp_path), Question(IN_FORCE))


def test_a_folder_without_objects_and_anothers_history_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HistoryRefused, match=r"no \*\.jsonl\.gz in it"):
        run_backtest(image_history(tmp_path), Question(IN_FORCE))
    recorder = Recorder(IN_FORCE)
    recorder.take(paid("O1", MONDAY), MONDAY)
    recorder.save(tmp_path)
    with pytest.raises(HistoryRefused, match="nothing of the policy's merchant 'elsewhere'; it holds shop"):
        run_backtest(image_history(tmp_path, "elsewhere"), Question(IN_FORCE))
