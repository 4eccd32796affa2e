"""Every alarm is tripped: its definition from the template, evaluated on what the product's own code really prints."""

from datetime import timedelta
from itertools import product

import pytest

from infra.alarms import causes
from infra.alarms_on_the_way import LANES
from infra.catalog import FUNCTIONS
from infra.traffic import Traffic
from infra.vendors import KINDS, vendors, vendors_of
from infra.watched import Watched
from shared.domain.lanes import INBOXES, Lane
from shared.domain.metrics import NAMESPACE
from tests.infra.cloudwatch import Board, Point, dimensions_of, embedded_points, state_of
from tests.infra.deployments import Deployment, Properties
from tests.infra.documented import DOCUMENTED
from tests.infra.scenes import scenes

WATCHED = Watched("huhang", "table", "api", Traffic(), talking_sources=("douyin", "zto"))
CAUSES = {cause.name: cause for cause in causes(WATCHED)}
ALARMS = {alarm.name: alarm for cause in CAUSES.values() for alarm in cause.alarms}
OURS = [name for name, alarm in ALARMS.items() if alarm.signal.namespace == NAMESPACE]
UNITS = {"Seconds": timedelta(seconds=1), "Milliseconds": timedelta(milliseconds=1)}
THEIRS = [name for name in ALARMS if name not in OURS]


@pytest.fixture
def template(deployments: dict[str, Deployment]) -> Deployment:
    """The deployment that expects two sources to talk always."""
    return deployments["nat"]


def alarm_in(template: Deployment, name: str) -> Properties:
    """Give an alarm of the template."""
    return template.alarms()[f"huhang-{name}"]


def board_of(template: Deployment) -> Board:
    """Give the template's alarms and alarms over alarms."""
    alarms = template.all("AWS::CloudWatch::Alarm")
    composites = {c["AlarmName"]: c for c in template.all("AWS::CloudWatch::CompositeAlarm").values()}
    return Board(template.alarms(), composites, {key: alarm["AlarmName"] for key, alarm in alarms.items()})


def test_the_template_has_the_alarms_of_the_catalog_and_no_others(template: Deployment) -> None:
    composites = template.all("AWS::CloudWatch::CompositeAlarm").values()
    assert set(template.alarms()) == {f"huhang-{name}" for name in ALARMS}
    assert {c["AlarmName"] for c in composites} == {f"huhang-{c.name}" for c in CAUSES.values() if c.is_composite}


# ---- our own metrics ---------------------------------------------------------------------------------------------


def test_every_alarm_on_our_own_metrics_has_a_scene() -> None:
    assert set(scenes()) == set(OURS)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("broken", [True, False])
def test_what_the_code_prints_breaks_the_alarm_or_does_not(
    template: Deployment,
    name: str,
    *,
    broken: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    definition = alarm_in(template, name)
    make, word = scenes()[name]
    scene = make(monkeypatch, word)
    points: list[Point] = []
    capsys.readouterr()
    for period in range(-definition["EvaluationPeriods"], 0):
        scene(broken)
        points += embedded_points(capsys.readouterr().out.splitlines(), period)
    assert state_of(definition, points) == ("ALARM" if broken else "OK")
    assert points or not broken


@pytest.mark.parametrize("name", [name for name in OURS if ALARMS[name].periods > 1])
def test_an_alarm_over_several_periods_needs_all_of_them(
    template: Deployment, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    definition = alarm_in(template, name)
    make, word = scenes()[name]
    scene = make(monkeypatch, word)
    capsys.readouterr()
    points: list[Point] = []
    for period in range(-definition["EvaluationPeriods"], 0):
        scene(period != -1)
        points += embedded_points(capsys.readouterr().out.splitlines(), period)
    assert state_of(definition, points) == "OK"


# ---- the metrics of AWS ------------------------------------------------------------------------------------------


def metrics_of(definition: Properties) -> list[Properties]:
    """Give what an alarm looks at, with its statistic."""
    if "Metrics" not in definition:
        return [definition]
    return [entry["MetricStat"]["Metric"] for entry in definition["Metrics"] if "MetricStat" in entry]


@pytest.mark.parametrize("name", THEIRS)
def test_an_alarm_on_a_metric_of_aws_names_it_as_documented(template: Deployment, name: str) -> None:
    for metric in metrics_of(alarm_in(template, name)):
        _, known = DOCUMENTED[metric["Namespace"], metric["MetricName"]]
        assert frozenset(d["Name"] for d in metric.get("Dimensions", ())) in known


@pytest.mark.parametrize("name", THEIRS)
def test_a_threshold_of_time_makes_sense_in_the_unit_that_aws_documents(name: str) -> None:
    alarm = ALARMS[name]
    unit, _ = DOCUMENTED[alarm.signal.namespace, alarm.signal.name]
    assert unit in {"Count", *UNITS}
    if unit in UNITS:
        assert timedelta(seconds=1) <= alarm.threshold * UNITS[unit] <= timedelta(days=1)


@pytest.mark.parametrize("name", THEIRS)
def test_an_alarm_on_a_metric_of_aws_is_about_something_that_is_deployed(template: Deployment, name: str) -> None:
    functions = {f["FunctionName"] for f in template.all("AWS::Lambda::Function").values()}
    queues = {q["QueueName"] for q in template.all("AWS::SQS::Queue").values()}
    others = {*template.all("AWS::DynamoDB::Table"), *template.all("AWS::ApiGatewayV2::Api")}
    for metric in metrics_of(alarm_in(template, name)):
        for _, value in dimensions_of(metric):
            assert value in functions | queues | others


@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.parametrize("broken", [True, False])
def test_values_beyond_the_threshold_break_the_alarm_and_others_do_not(
    template: Deployment, name: str, *, broken: bool
) -> None:
    definition, alarm = alarm_in(template, name), ALARMS[name]
    first, *rest = metrics_of(definition)
    step = 0.5 if alarm.threshold < 2 else 1
    up = alarm.threshold + (0 if alarm.breach.value.startswith("GreaterThanOrEqual") else step)
    down = alarm.threshold - step
    value = (down if "Less" in alarm.breach else up) if broken else (up if "Less" in alarm.breach else down)
    points = [
        Point(metric["Namespace"], metric["MetricName"], dimensions_of(metric), "", period, number)
        for period in range(-definition["EvaluationPeriods"], 0)
        for metric, number in (
            (first, value + 5 * (len(alarm.minus) - len(alarm.plus))),
            *((other, 5) for other in rest),
        )
    ]
    assert state_of(definition, points) == ("ALARM" if broken else "OK")


def test_a_clock_that_does_not_tick_is_noticed_since_nothing_is_reported(template: Deployment) -> None:
    clocks = [f"{spec.name}-silent" for spec in FUNCTIONS if spec.every]
    assert len(clocks) > 3
    for name in clocks:
        assert state_of(alarm_in(template, name), []) == "ALARM"


def test_all_other_alarms_rest_where_nothing_is_reported(template: Deployment) -> None:
    resting = [name for name, alarm in ALARMS.items() if not alarm.silence_breaks]
    assert {state_of(alarm_in(template, name), []) for name in resting} == {"OK"}


# ---- one cause, one page -----------------------------------------------------------------------------------------


def test_every_alarm_is_told_by_its_cause_when_nothing_else_is_wrong(template: Deployment) -> None:
    for cause in CAUSES.values():
        for alarm in cause.alarms:
            board = board_of(template)
            board.broken = {f"huhang-{alarm.name}"}
            assert board.speaking() == {f"huhang-{cause.name if cause.is_composite else alarm.name}"}


def test_all_alarms_of_a_cause_together_are_told_once(template: Deployment) -> None:
    for cause in CAUSES.values():
        board = board_of(template)
        board.broken = {f"huhang-{alarm.name}" for alarm in cause.alarms}
        assert len(board.speaking()) == 1, cause.name


def test_a_vendor_that_is_away_is_told_of_and_its_late_commands_are_not(template: Deployment) -> None:
    for kind, lane in KINDS.items():
        for vendor, how in product(vendors_of(kind), ("errors", "throttles")):
            board = board_of(template)
            board.broken = {f"huhang-vendor-{vendor}-{how}", f"huhang-{lane}-late", f"huhang-{lane}-aside-late"}
            board.broken |= {f"huhang-{spec.name}-waiting" for spec in FUNCTIONS if spec.consumes is lane}
            assert board.speaking() == {f"huhang-vendor-{vendor}"}
            board.broken.remove(f"huhang-vendor-{vendor}-{how}")
            assert board.speaking() == {f"huhang-{lane}"}


def test_a_vendor_that_is_away_hides_nothing_of_its_lane_but_that_it_is_late(template: Deployment) -> None:
    for kind, lane in KINDS.items():
        others = [alarm.name for alarm in CAUSES[lane].alarms if not alarm.name.endswith(("-late", "-waiting"))]
        assert len(others) == 3
        for vendor, other in product(vendors_of(kind), others):
            board = board_of(template)
            board.broken = {f"huhang-vendor-{vendor}-errors", f"huhang-{lane}-late", f"huhang-{other}"}
            assert board.speaking() == {f"huhang-vendor-{vendor}", f"huhang-{lane}"}


def test_a_vendor_does_not_hide_the_trouble_of_another_lane(template: Deployment) -> None:
    board = board_of(template)
    board.broken = {"huhang-vendor-douyin-errors", "huhang-courier-calls-late", "huhang-refunds-late"}
    assert board.speaking() == {"huhang-vendor-douyin", "huhang-courier-calls", "huhang-refunds"}


def test_a_lane_that_fails_is_not_told_again_as_unfinished_and_another_lane_is(template: Deployment) -> None:
    for lane in INBOXES:
        for alarm in CAUSES[lane].alarms:
            board = board_of(template)
            board.broken = {f"huhang-{alarm.name}", f"huhang-{lane}-unfinished"}
            assert board.speaking() == {f"huhang-{lane}"}
            board.broken |= {f"huhang-{other}-unfinished" for other in INBOXES}
            assert board.speaking() == {f"huhang-{lane}", "huhang-unfinished"}


def test_functions_without_concurrency_are_told_of_and_not_all_that_waits_for_them(template: Deployment) -> None:
    board = board_of(template)
    waiting = {name for name in ALARMS if name.endswith(("-late", "-unfinished", "-lag")) and name != "pages-late"}
    assert len(waiting) == 2 * len(Lane) + len(INBOXES) + 2 + 1
    board.broken = {"huhang-functions-throttled", *(f"huhang-{name}" for name in waiting)}
    assert board.speaking() == {"huhang-limits"}


def test_a_throttled_table_hides_nothing_since_its_alarm_may_ring_on_when_that_is_over(template: Deployment) -> None:
    board = board_of(template)
    board.broken = {"huhang-writes-throttled", "huhang-refunds-late"}
    assert board.speaking() == {"huhang-limits", "huhang-refunds"}


# ---- what holds for every alarm ----------------------------------------------------------------------------------


def test_whatever_tells_operators_of_trouble_also_tells_them_of_its_end(deployed: Deployment) -> None:
    [topic] = deployed.all("AWS::SNS::Topic")
    told = [*deployed.alarms().values(), *deployed.all("AWS::CloudWatch::CompositeAlarm").values()]
    speaking = [alarm for alarm in told if alarm.get("AlarmActions")]
    assert len(speaking) == len(list(causes(Watched("huhang", "t", "a", Traffic(), _talking(deployed)))))
    for alarm in speaking:
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]
        assert "InsufficientDataActions" not in alarm


def _talking(deployed: Deployment) -> tuple[str, ...]:
    return ("douyin", "zto") if deployed.name == "nat" else ()


def test_no_two_alarms_or_causes_have_one_name() -> None:
    names = [alarm.name for cause in CAUSES.values() for alarm in cause.alarms]
    names += [cause.name for cause in CAUSES.values() if cause.is_composite]
    assert len(set(names)) == len(names)


def test_every_lane_and_every_vendor_has_its_alarms() -> None:
    assert set(LANES) == set(Lane)
    for lane in Lane:
        assert {f"{lane}-late", f"{lane}-dead-letters"} <= set(ALARMS)
    assert {f"{spec.name}-waiting" for spec in FUNCTIONS if spec.consumes} <= set(ALARMS)
    for vendor in vendors():
        assert {f"vendor-{vendor}-{how}" for how in ("errors", "slow", "throttles", "refuses")} <= set(ALARMS)


@pytest.mark.parametrize(("orders", "signatures", "unknown"), [(100, 3, 1), (10_000, 16, 7), (1_000_000, 1563, 625)])
def test_thresholds_follow_from_the_expected_orders(orders: int, signatures: int, unknown: int) -> None:
    made = {a.name: a for c in causes(Watched("h", "t", "a", Traffic(orders))) for a in c.alarms}
    assert made["signatures-refused"].threshold == signatures
    assert made["events-unknown"].threshold == unknown


def test_a_description_has_its_severity_two_languages_and_its_page(deployed: Deployment) -> None:
    for alarm in (*deployed.alarms().values(), *deployed.all("AWS::CloudWatch::CompositeAlarm").values()):
        severity, zh, en, page = alarm["AlarmDescription"].split(" | ")
        assert severity in ("严重 critical", "注意 warning")
        assert zh.endswith("。")
        assert en.endswith(".")
        assert page.startswith("docs/runbooks/")
        assert len(alarm["AlarmDescription"]) <= 1024
