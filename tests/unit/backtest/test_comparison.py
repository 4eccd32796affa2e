"""Two policies over one history: who newly fires, who no longer does; and a rule pack that is not in force yet."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from infra.backtest.difference import COLUMNS
from infra.backtest.figures import figures_of
from infra.backtest.policies import with_pack
from infra.backtest.run import Question, Result, run_backtest
from infra.backtest.stories import HistoryRefused
from shared.domain.packs import Pack, packs
from shared.domain.policy import Policy
from shared.domain.watching import Limit, Span
from shared.rules.deadlines import Scope, limits_of
from tests.unit.backtest.build import (
    CLOSED_AT_WEEKENDS,
    SHIP_24H,
    csv_history,
    limit,
    policy,
    rules_of,
    run_csv,
    write_csv,
)

ROWS = [("ok", 0, 5, 400), ("day", 0, 26, 400), ("twodays", 0, 50, 400), ("sat", 5 * 24, 5 * 24 + 40, 400)]


def compared(path: Path, tried: Policy, other: Policy) -> tuple[Result, list[dict[str, str]]]:
    """A comparison, and the list of every case that changes."""
    listing = io.StringIO()
    result = run_backtest(csv_history(path), Question(tried, other, sample_max=5, listing=listing))
    return result, list(csv.DictReader(io.StringIO(listing.getvalue())))


def test_a_looser_limit_says_which_orders_no_longer_fire(tmp_path: Path) -> None:
    history = write_csv(tmp_path / "o.csv", ROWS)
    looser = policy(limit("ship_24h", "pay_to_ship", 48, 6))
    result, changes = compared(history, looser, policy(SHIP_24H))
    change = result.difference.rules["ship_24h"]
    assert (change.newly_broken, change.no_longer_broken) == (0, 2)
    assert (change.broken_before, change.broken_now) == (3, 1)
    assert (change.newly_warned, change.no_longer_warned) == (0, 2)
    assert result.difference.cases == 2
    assert result.difference.no_longer.kept() == ["day  ship_24h", "sat  ship_24h"]
    assert [(one["case"], one["warned"], one["broken"]) for one in changes] == [
        ("day", "no longer", "no longer"),
        ("sat", "no longer", "no longer"),
    ]


def test_a_calendar_takes_the_weekends_orders_out(tmp_path: Path) -> None:
    working = policy(SHIP_24H | {"in_hours": True}, hours=CLOSED_AT_WEEKENDS)
    _, changes = compared(write_csv(tmp_path / "o.csv", ROWS), working, policy(SHIP_24H))
    assert [one["case"] for one in changes] == ["sat"]


def test_a_rule_that_only_one_policy_has_fires_newly(tmp_path: Path) -> None:
    new = policy(SHIP_24H, limit("sign_2d", "pay_to_sign", 48, 6))
    result, changes = compared(write_csv(tmp_path / "o.csv", ROWS), new, policy(SHIP_24H))
    assert {one["rule"] for one in changes} == {"sign_2d"}
    assert result.difference.rules["sign_2d"].newly_broken == 4
    assert result.difference.rules["ship_24h"].newly_broken == 0


def test_only_an_earlier_warning_is_a_change_too(tmp_path: Path) -> None:
    history = write_csv(tmp_path / "o.csv", [("soon", 0, 16, 400), ("later", 0, 26, 400)])
    result, changes = compared(history, policy(limit("ship_24h", "pay_to_ship", 24, 12)), policy(SHIP_24H))
    assert [(one["case"], one["warned"], one["broken"]) for one in changes] == [("soon", "newly", "same")]
    assert result.difference.newly.kept() == ["soon  ship_24h"]


def test_the_same_policy_changes_nothing(tmp_path: Path) -> None:
    result, changes = compared(write_csv(tmp_path / "o.csv", ROWS), policy(SHIP_24H), policy(SHIP_24H))
    assert (changes, result.difference.cases) == ([], 0)
    against = figures_of(result, predict=False)["against"]
    assert against["rules"] == rules_of(result)


def test_the_list_has_its_heads_even_when_it_is_empty(tmp_path: Path) -> None:
    listing = io.StringIO()
    history = csv_history(write_csv(tmp_path / "o.csv", ROWS))
    run_backtest(history, Question(policy(SHIP_24H), policy(SHIP_24H), listing=listing))
    assert listing.getvalue().strip() == ",".join(COLUMNS)


# ---- packs -------------------------------------------------------------------------------------------------------

WEDNESDAY = datetime(2026, 3, 4, 0, 0, tzinfo=UTC)


def pack_file(path: Path, *limits: dict[str, Any], **fields: Any) -> Path:
    """A pack from Wednesday on."""
    written = [
        {**one, "breach": f"PT{one['breach'].seconds + 86400 * one['breach'].days}S", "lead": "PT1H"} for one in limits
    ]
    general = packs()[0].model_dump(mode="json")
    pack = general | {"name": "june", "since": WEDNESDAY.isoformat(), "limits": written, "cases": ()} | fields
    path.write_text(json.dumps(pack))
    return path


def test_a_pack_holds_for_orders_paid_from_its_day_on(tmp_path: Path) -> None:
    in_force = Policy(merchant="shop", version=1)
    new = with_pack(in_force, pack_file(tmp_path / "june.json", limit("ship_48h", "pay_to_ship", 24)))
    history = write_csv(tmp_path / "o.csv", [("old", 0, 30, 50), ("new", 48, 78, 90), ("slow", 0, 60, 90)])
    result, changes = compared(history, new, in_force)
    assert {one["case"] for one in changes if one["rule"] == "ship_48h"} == {"new"}
    assert rules_of(result)["ship_48h"]["broken"] == 2


def test_a_rule_that_the_new_pack_drops_ends_with_the_old_one(tmp_path: Path) -> None:
    in_force = Policy(merchant="shop", version=1)
    new = with_pack(in_force, pack_file(tmp_path / "june.json", limit("ship_48h", "pay_to_ship", 48)))
    history = write_csv(tmp_path / "o.csv", [("old", 0, 30, 99), ("new", 48, 78, 190)])
    result, changes = compared(history, new, in_force)
    assert {(one["case"], one["rule"]) for one in changes} == {("new", "arrival_52h"), ("new", "arrival_59h")}
    assert rules_of(result)["arrival_59h"]["looked_at"] == 1


def test_the_merchants_own_limit_wins_over_the_new_pack_too(tmp_path: Path) -> None:
    own = policy(limit("ship_48h", "pay_to_ship", 99))
    new = with_pack(own, pack_file(tmp_path / "june.json", limit("ship_48h", "pay_to_ship", 24)))
    result = run_csv(write_csv(tmp_path / "o.csv", [("new", 48, 78, 90)]), new)
    assert rules_of(result)["ship_48h"]["broken"] == 0


def test_a_pack_of_one_platform_leaves_the_others_alone(tmp_path: Path) -> None:
    in_force = Policy(merchant="shop", version=1)
    path = pack_file(tmp_path / "june.json", limit("ship_48h", "pay_to_ship", 24), platform="douyin")
    history = write_csv(tmp_path / "o.csv", [("new", 48, 78, 90)])
    broken = [
        rules_of(run_csv(history, with_pack(in_force, path), platform=platform))["ship_48h"]["broken"]
        for platform in ("douyin", "taobao")
    ]
    assert broken == [1, 0]


@pytest.mark.parametrize("remote", [["新疆"], ["新疆", "西藏", "海南"], ["西藏自治区那曲市"], []])
@pytest.mark.parametrize("regions", [[], ["海南"], ["西藏", "浙江"]])
@pytest.mark.parametrize("platform", ["", "douyin"])
def test_a_pack_that_is_tried_says_what_it_will_say_in_force_with_its_own_remote_places(
    tmp_path: Path, remote: list[str], regions: list[str], platform: str
) -> None:
    exempt = limit("stalled_48h", "stagnation", 36, remote_exempt=True, regions=regions)
    written = (exempt, limit("stalled_remote_96h", "stagnation", 90), limit("ship_48h", "pay_to_ship", 24))
    path = pack_file(tmp_path / "june.json", *written, remote=remote, platform=platform)
    pack = Pack.model_validate_json(path.read_text())
    own = policy(limit("own", "stagnation", 30, regions=["海南"]))
    tried = with_pack(own, path).watching
    places = ("", "浙江省", "海南省", "西藏自治区", "西藏自治区那曲市", "新疆维吾尔自治区")
    times = (WEDNESDAY - timedelta(seconds=1), WEDNESDAY)
    for at, region, shop, span in product(times, places, ("douyin", "taobao"), Span):
        scope = Scope(shop, region=region, paid_at=at)
        in_force = limits_of(span, scope, own.watching, (*packs(), pack))
        assert lengths(limits_of(span, scope, tried)) == lengths(in_force), (scope, span)


def lengths(limits: Sequence[Limit]) -> dict[str, timedelta]:
    return {one.rule: one.breach for one in limits}


def test_a_pack_with_other_remote_places_cannot_be_tried_on_a_merchant_s_own_exemption(tmp_path: Path) -> None:
    path = pack_file(tmp_path / "june.json", remote=["新疆"])
    with pytest.raises(HistoryRefused, match=r"june\.json: remote: the merchant's own mine would"):
        with_pack(policy(limit("mine", "stagnation", 30, remote_exempt=True)), path)
