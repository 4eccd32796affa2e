"""What is printed: the same for the same history in any order, 80 columns wide, nothing of it by chance."""

import json
import random
from pathlib import Path
from zoneinfo import ZoneInfo

from infra.backtest.report_json import as_json
from infra.backtest.report_text import WIDTH, as_text, clip, pad, width
from infra.backtest.run import Question, Result, run_backtest
from shared.domain.policy import Policy
from tests.unit.backtest.build import (
    HOUR,
    MONDAY,
    SHIP_24H,
    csv_history,
    image_history,
    limit,
    policy,
    record_some,
    run_csv,
    write_csv,
)

COSTLY = SHIP_24H | {"exposure": {"percent": 30, "min_fen": 500, "max_fen": 50_000}}
TRIED = policy(COSTLY, limit("sign_3d", "pay_to_sign", 72, 12))
HEADER = ("order_id", "paid_at", "picked_up_at", "delivered_at", "paid", "status", "weight")
ROWS = [
    ("A1", 0, 5, 40, "99.00", "delivered", "1"),
    ("A2", 1, 20, 90, "120.00", "delivered", "2.5"),
    ("A3", 2, 30, 60, "80.50", "delivered", "2.5"),
    ("A4", 3, 60, None, "10.00", "delivered", "1"),
    ("A5", 4, None, None, "500", "canceled", "1"),
    ("A6", 5, None, None, "500", "", "1"),
    ("A7", None, None, None, "500", "", "1"),
    ("A8", 700, 705, 710, "20", "delivered", "1"),
]

GOLDEN = """\
回测 backtest：shop 的策略第 1 版；什么都没有发出 nothing was sent
7 单 orders，2026-03-02 至 2026-03-31（UTC），代表 standing for 10

规则 rule               看过    预警    超时   占比    误报  ≥6h  提前      敞口
ship_24h                  10       7       4  45.0%       2 100%  6.0h       215
sign_3d                    8       2       2  31.2%       0 100% 12.0h         0

超时 broken：按快递和店铺自己的时间，真的超过了规则 really longer than allowed
误报 false：预警之后按时完成 warned, and then kept in time
≥6h：超时的单中，至少提前 6 小时预警的 of what broke, warned six hours before
提前 lead：超时的单预警提前量的中位数，没赶上记 0 median; 0: not in time
敞口 exposure：超时可能的损失，元 what breaches may cost, in main units
看过 looked at；每条规则单独评判 each rule is judged alone
ship_24h：未定 undecided 1
sign_3d：未定 undecided 1

ship_24h           付款后未发货：时限 limit 24h，提前 lead 6h
sign_3d            到货时长超出目标：时限 limit 72h，提前 lead 12h

超时占比 broken           周一    周二    周三    周四    周五    周六    周日
ship_24h                   56%      0%       -       -       -       -       -
sign_3d                    42%      0%       -       -       -       -       -

工单 tickets                            建单     超时     升级     关闭
到货时长超出目标 late                      2        2        0        2
付款后未发货 not_shipped                   7        4        4        6

通知 notices to              全部       立即   单日最多     哪一天
desk                           36         16         26 2026-03-03

会发出的调用 calls that would be made: 订阅轨迹 subscribe_tracking 8
"""


def result_of(path: Path, rows: list[tuple[object, ...]], **options: str) -> Result:
    """A comparison of the rows, with a sample of one."""
    history = csv_history(write_csv(path / "orders.csv", rows, HEADER), **options)
    return run_backtest(history, Question(TRIED, policy(COSTLY | {"breach": 20 * HOUR}), sample_max=1))


def test_the_table_is_what_it_was(tmp_path: Path) -> None:
    """Golden: a change here is meant, or a mistake."""
    text = as_text(result_of(tmp_path, list(ROWS), weight_column="weight"), predict=False)
    assert text[: len(GOLDEN)] == GOLDEN


def test_the_rest_says_what_was_left_out_what_changes_and_shows_a_case(tmp_path: Path) -> None:
    text = as_text(result_of(tmp_path, list(ROWS)), predict=True)
    parts = text.split("\n\n")
    assert any(part.startswith("未测的规则，历史没有它们所需的时间 not tested") for part in parts)
    assert "      1  既无付款也无发货时间，略去 neither payment nor shipping: left out" in text
    assert "         首个 first: orders.csv, line 8" in text
    assert "与另一份策略 the other policy相比，有变化的单 cases that change: 1" in text
    assert "能预测吗？" in text
    assert not any(line.endswith("…") for line in text.splitlines())
    assert "A2\n  2026-03-02 09:00  待发货 paid\n" in text


def test_nothing_is_wider_than_eighty_columns(tmp_path: Path) -> None:
    long = policy(limit("a_rule_with_a_name_that_is_longer_than_its_column", "pay_to_ship", 24, 6))
    rows = [(name * 20, *cells) for name, *cells in ROWS]
    history = csv_history(write_csv(tmp_path / f"{'o' * 90}.csv", rows, HEADER), weight_column="weight")
    result = run_backtest(history, Question(long, TRIED, sample_max=5))
    text = as_text(result, predict=True)
    assert max(width(line) for line in text.splitlines()) <= WIDTH
    assert "a_rule_with_a_nam…" in text


def test_the_archives_report_fits_too_and_stands_beside_what_really_was(tmp_path: Path) -> None:
    in_force = Policy(merchant="shop", version=1)
    recorder = record_some(25, in_force, 6)
    result = run_backtest(image_history(recorder.save(tmp_path)), Question(in_force, in_force, sample_max=3))
    text = as_text(result, predict=True)
    assert max(width(line) for line in text.splitlines()) <= WIDTH
    assert "个订单和包裹 orders and parcels" in text
    assert "当时真实" in text


def test_the_order_of_the_rows_changes_nothing(tmp_path: Path) -> None:
    rows = list(ROWS)
    documents = set()
    for seed in range(4):
        document = json.loads(as_json(result_of(tmp_path, rows, weight_column="weight"), predict=True))
        for one in document["dirt"]:
            del one["first"]
        documents.add(json.dumps(document))
        random.Random(seed).shuffle(rows)
    assert len(documents) == 1


def test_the_same_history_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (as_json(result_of(tmp_path, list(ROWS)), predict=True) for _ in range(2))
    assert first == second


def test_machines_read_everything_that_people_read(tmp_path: Path) -> None:
    document = json.loads(as_json(result_of(tmp_path, list(ROWS)), predict=True))
    assert document["rules"]["ship_24h"] == {
        "looked_at": 7,
        "warned": 4,
        "broken": 3,
        "broken_share": 0.4286,
        "false_alarms": 1,
        "false_alarm_share": 0.25,
        "undecided": 1,
        "called_wrongly": 0,
        "early_share": 1.0,
        "median_lead_minutes": 360,
        "exposure_fen": 2415 + 500 + 15_000,
        "broken_share_by_weekday": {
            "mon": 0.6,
            "tue": 0,
            "wed": None,
            "thu": None,
            "fri": None,
            "sat": None,
            "sun": None,
        },
    }
    assert document["history"] == {
        "cases": 7,
        "weight": 7,
        "first_day": "2026-03-02",
        "until": (MONDAY + 710 * HOUR).isoformat(),
        "zone": "UTC",
        "sparse": True,
    }
    assert document["against"]["changes"]["ship_24h"]["no_longer_broken"] == 0
    assert document["against"]["cases_changed"] == 1
    assert document["sample"][0]["timeline"][0].endswith("paid")
    assert document["dirt"][0]["kind"] == "no_milestones"


def test_days_are_those_of_the_histories_zone(tmp_path: Path) -> None:
    rows = [("A1", "2026-03-01 23:30:00", "2026-03-03 23:30:00", "2026-03-04 22:00:00")]
    tried = run_csv(write_csv(tmp_path / "o.csv", rows), policy(SHIP_24H), zone=ZoneInfo("America/Sao_Paulo"))
    assert tried.tally.first is not None
    assert tried.tally.first.isoformat() == "2026-03-01"
    assert "2026-03-01 至 2026-03-04（America/Sao_Paulo）" in as_text(tried, predict=False)
    peak = tried.tally.notices["desk"].peak
    assert peak is not None
    assert peak[0] == MONDAY.date()  # opened, told twice more and broken, half an hour before Tuesday


def test_wide_letters_take_two_columns() -> None:
    assert (width("快递"), width("zto")) == (4, 3)
    assert clip("快递快递", 5) == "快递…"
    assert clip("快递快递", 6) == "快递…"
    assert pad("快递", 8) == "快递    "
