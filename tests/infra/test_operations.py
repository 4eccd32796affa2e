"""What operators look at: a page for every alarm, curves that exist, queries about fields that are logged."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.alarms import causes
from infra.catalog import FUNCTIONS
from infra.constructs.dashboard import REASONS
from infra.local.home import ROOT
from infra.queries import QUERIES
from infra.spending import billed
from infra.traffic import Traffic
from infra.vendors import sources, vendors
from infra.watched import Watched
from shared import errors
from shared.domain.metrics import METRICS, NAMESPACE, SERVICE
from shared.workflows.receive_push import TooLarge
from tests.benchmarks.costs import priced
from tests.infra.deployments import Deployment, logical_id
from tests.infra.documented import DOCUMENTED

RUNBOOKS = ROOT / "docs" / "runbooks"
PAGES = sorted(RUNBOOKS.glob("*.md"))
HEADINGS = ["含义 · What it means", "商家看到什么 · What the merchant sees", "看什么 · What to look at"]
HEADINGS += ["怎么办 · What to do", "怎样算好了 · How to verify"]
CAUSES = causes(Watched("huhang", "table", "api", Traffic(), talking_sources=tuple(sources())))
LOGGED = {"@timestamp", "@log", "@message", "message", "level", "source", "merchant", "status", "reason", "message_id"}
LOGGED |= {"event", "about", "command", "command_id", "vendor", "ms", "age_s", "exception"}


def metrics_on(board: Any) -> list[tuple[str, str, dict[str, str]]]:
    """Give every metric on the dashboard: namespace, name, dimensions."""
    found = []
    for widget in _widgets(board):
        for namespace, name, *rest in filter(_is_metric, widget["properties"].get("metrics", ())):
            pairs = [word for word in rest if isinstance(word, str)]
            found.append((namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True))))
    return found


def _widgets(board: Any) -> list[Any]:
    parts = board["DashboardBody"]["Fn::Join"][1]
    body = "".join(part if isinstance(part, str) else _name(part) for part in parts)
    return list(json.loads(body)["widgets"])


def _is_metric(curve: list[Any]) -> bool:
    return isinstance(curve[0], str)  # and no expression


def _name(part: Any) -> str:
    return part["Ref"] if "Ref" in part else logical_id(part)


def test_every_metric_on_the_dashboard_exists(deployed: Deployment) -> None:
    [board] = deployed.all("AWS::CloudWatch::Dashboard").values()
    own = {metric.name: metric for metric in METRICS}
    known = {"vendor": set(vendors()), "source": set(sources()), "reason": set(REASONS)}
    deployed_names = {f["FunctionName"] for f in deployed.all("AWS::Lambda::Function").values()}
    deployed_names |= {q["QueueName"] for q in deployed.all("AWS::SQS::Queue").values()}
    deployed_names |= {g["LogGroupName"] for g in deployed.all("AWS::Logs::LogGroup").values() if "LogGroupName" in g}
    deployed_names |= {*deployed.all("AWS::DynamoDB::Table"), *deployed.all("AWS::ApiGatewayV2::Api")}
    found = metrics_on(board)
    assert len(found) > 100
    for namespace, name, dimensions in found:
        if namespace == NAMESPACE:
            by = own[name].by
            assert set(dimensions) == {*SERVICE, *([by] if by else [])}, name
            assert not by or dimensions[by] in known[by], name
        else:
            assert frozenset(dimensions) in DOCUMENTED[namespace, name][1]
            assert set(dimensions.values()) <= deployed_names


def test_the_dashboard_shows_every_metric_of_ours_that_has_no_alarm_per_function(deployed: Deployment) -> None:
    [board] = deployed.all("AWS::CloudWatch::Dashboard").values()
    shown = {name for namespace, name, _ in metrics_on(board) if namespace == NAMESPACE}
    assert shown == {metric.name for metric in METRICS if metric.by != "function"}


def expressions_on(board: Any) -> dict[str, str]:
    """Give every expression on the dashboard by its label."""
    curves = [curve[0] for widget in _widgets(board) for curve in widget["properties"].get("metrics", ())]
    return {curve["label"]: curve["expression"] for curve in curves if isinstance(curve, dict)}


def test_the_dashboard_puts_the_prices_of_the_benchmark_to_what_is_used_by_the_hour(deployed: Deployment) -> None:
    [board] = deployed.all("AWS::CloudWatch::Dashboard").values()
    found = expressions_on(board)
    if deployed.region.startswith("cn-"):
        assert not found, "no sum without all prices"
        return
    shares = billed(Watched("huhang", "table", "api", Traffic()))
    used = {what: 1e6 * len(of) for what, of in shares.items()} | {"mb_ms": 1e6 * sum(f.memory_mib for f in FUNCTIONS)}
    assert max(map(len, found.values())) <= 2048, "as many characters as CloudWatch takes"
    half_an_hour = {name: re.sub(r"FILL\(\w+,0\)", "500000", text) for name, text in found.items()}
    costs = {name: eval(re.sub(r"PERIOD\(\w+\)", "1800", text)) for name, text in half_an_hour.items()}
    assert costs == pytest.approx({line.what: line.costs for line in priced(used, "us-east-1")})


def test_the_dashboard_shows_every_reason_for_which_the_door_refuses() -> None:
    refusals = {kind.__name__ for kind in (*errors.Refused.__subclasses__(), TooLarge)}
    assert set(REASONS) <= refusals


def test_the_handbook_counts_what_cloudwatch_bills() -> None:
    text = " ".join((ROOT / "docs" / "operations.md").read_text("utf-8").split())
    plain = causes(Watched("huhang", "table", "api", Traffic()))
    alarms, over = sum(len(cause.alarms) for cause in plain), sum(cause.is_composite for cause in plain)
    consumers = sum(bool(spec.consumes) for spec in FUNCTIONS) + 1  # and the pager
    values = {"vendor": len(vendors()), "source": len(sources()), "reason": len(REASONS), "function": consumers, "": 1}
    ours = sum(values[metric.by] for metric in METRICS)
    assert f"bills {alarms} alarms on metrics, {over} over them" in text
    assert f"{ours} at most if every vendor is in use" in text


# ---- runbooks ----------------------------------------------------------------------------------------------------


def test_every_cause_has_a_page_and_every_page_a_cause() -> None:
    assert {cause.runbook for cause in CAUSES} == {page.stem for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_five_parts_and_says_something_in_each(page: Path) -> None:
    head, *parts = page.read_text("utf-8").split("\n## ")
    assert head.startswith("# ")
    assert "\nAlarms" in head
    assert [part.splitlines()[0] for part in parts] == HEADINGS
    assert all(len(part.partition("\n")[2].strip()) > 20 for part in parts)


def test_a_page_names_the_alarms_that_lead_to_it() -> None:
    for cause in CAUSES:
        text = (RUNBOOKS / f"{cause.runbook}.md").read_text("utf-8")
        for alarm in cause.alarms:
            whole = re.sub(r"^vendor-\w+", "vendor-NAME", re.sub(r"^silence-\w+", "silence-SOURCE", alarm.name))
            ends = [end for end in re.findall(r"`(-[a-z-]+)`", text) if alarm.name.endswith(end)]
            assert f"`{whole}`" in text or ends, alarm.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_saved_queries_and_pages_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    assert set(re.findall(r"`huhang/([a-z-]+)`", text)) <= set(QUERIES)
    assert all((RUNBOOKS / link).exists() for link in re.findall(r"\]\(([\w-]+\.md)\)", text))


# ---- saved queries -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_asks_for_fields_that_are_logged(name: str) -> None:
    text = re.sub(r'"[^"]*"|/[^/]*/', "", QUERIES[name].text)
    own = set(re.findall(r"\bas (\w+)", text))
    words = {
        "fields",
        "filter",
        "stats",
        "sort",
        "parse",
        "limit",
        "by",
        "as",
        "or",
        "and",
        "in",
        "like",
        "asc",
        "desc",
    }
    words |= {"count", "max", "avg", "pct", "ispresent", "coalesce", "sum", "latest", "strcontains", "CASE"}
    used = set(re.findall(r"@?[a-zA-Z_]+\w*", text)) - words
    assert used <= LOGGED | own


def test_a_query_reads_logs_of_functions_that_exist(deployed: Deployment) -> None:
    groups = {
        group["LogGroupName"] for group in deployed.all("AWS::Logs::LogGroup").values() if "LogGroupName" in group
    }
    saved = deployed.all("AWS::Logs::QueryDefinition").values()
    assert {query["Name"] for query in saved} == {f"huhang/{name}" for name in QUERIES}
    for query in saved:
        assert set(query["LogGroupNames"]) <= groups


def test_the_handbook_names_every_query_every_page_and_every_option() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    for name in QUERIES:
        assert f"`huhang/{name}`" in text, name
    for page in PAGES:
        assert f"runbooks/{page.name}" in text, page.name
    for option in ("orders_per_day", "talking_sources", "operators_email", "runbooks"):
        assert f"-c {option}=" in text, option
