"""The board on a terminal: eighty cells wide whatever the names, and a clear word where there is no answer."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from functions.show_board import handler as board_handler
from infra.board.__main__ import CATEGORIES, FILED, _accepted, main
from infra.board.cells import WIDTH, Column, clean, fit, table, width_of
from infra.board.chat_screens import routing_screen, session_screen
from infra.board.client import REASONS
from infra.board.figures import clock, hours
from infra.board.screens import parcel_screen, scores_screen, tickets_screen
from shared import wiring
from shared.adapters.dynamo_policies import PolicyVersion
from shared.domain import tickets as kinds
from shared.domain.keys import session_key
from shared.domain.lanes import Lane
from shared.domain.messages import parse_message
from shared.domain.parcel import Content, Scan, Stage, Watch
from shared.domain.refund import RefundPhase
from shared.domain.routing_report import (
    Ending,
    GroupRow,
    IntentRow,
    RoutingReport,
    RoutingSpan,
    RuleRow,
    ShadowRow,
    TransferRow,
    Transfers,
)
from shared.domain.scores import Interceptions, ScoreRow, Scores, Spread
from shared.domain.session import Heard, Routed, SessionCase
from shared.domain.tickets import Anomaly, Approval, Category, Verdict
from shared.rules.chat.views import session_view
from shared.telemetry import Telemetry
from shared.workflows import show_board, show_chats
from shared.workflows.show_board import ROUTES
from tests.fakes import (
    FakeAccounts,
    FakeCaseStore,
    FakeClock,
    FakePolicyStore,
    FakeQueue,
    FakeRoutingReports,
    FakeScores,
    FakeWatermarks,
)
from tests.unit.board import O_KEY, P_KEY, R_KEY, save, store_with, ticket, troubled
from tests.unit.rules.build import HOUR, MERCHANT, NOW, ORDER, order, parcel, policy, refund

TOKEN = "local-token"
ASKED = Approval(what=Verdict.ASKED, by="小王（售后）", at=NOW, closes=True, why="超过售后的权限" * 9, text="急\x1b[2J")

ROW = ScoreRow(
    days=7,
    shipped=1234,
    delivered=1000,
    pickups_due=1230,
    pickups_in_24h=1107,
    arrivals=1000,
    arrivals_due=1100,
    arrivals_in_52h=800,
    arrivals_in_59h=990,
    arrival_minutes=1000 * 45 * 60 + 30_000,
    stalled=62,
    interceptions=Interceptions(wanted=20, eligible=18, requested=18, accepted=17, succeeded=13, received=12),
    lag=Spread(samples=1200, median_s=300, p90_s=5340),
    handling=Spread(samples=60, median_s=30_000, p90_s=57_600),
)
ROWS = (
    ROW,
    ROW.model_copy(update={"carrier": "zto"}),
    ROW.model_copy(update={"carrier": "zto", "region": "新疆维吾尔自治区", "handling": None, "lag": None}),
    ROW.model_copy(update={"days": 30, "carrier": "sf", "arrivals": 0, "arrivals_due": 0}),
)


def put_chats(store: FakeCaseStore) -> None:
    """Conversations with long names, in the cases and in the hourly report."""
    store.table.policy_history[MERCHANT, 7] = PolicyVersion(policy(), None)
    vip = {"buyer_tags": ("vip", "很久很久的老客户" * 4), "intent": "refund", "price_fen": 250_000}
    bot = Routed(rule="default.bot_first", policy_version=7, at=NOW, facts={"hour": 8, "weekday": 2}, bot=True)
    sent = Routed(rule="v" * 64, policy_version=6, at=NOW, facts=vip, agent="a" * 64, shadows=("s" * 64,))
    heard = tuple(Heard(line=str(one), words="", intent="refund", tone="complaint", negative=True) for one in range(12))
    known = {"channel": "web", "opened_at": NOW, "held_since": NOW, "last_line_at": NOW, "heard": heard, "token": 2}
    for name in ("S1", "S" * 64):
        case = SessionCase.model_validate({**known, "session_id": name, "routed": (bot, sent), "seen": bot})
        save(store, session_key(MERCHANT, "web", name), case)
    spread = Spread(samples=9, median_s=45, p90_s=7200)
    counts = {"hits": 12, "transfers": 10, "accepted": 7, "passed_on": 1, "abandoned": 1, "waiting": 1}
    span = RoutingSpan(
        days=7,
        sessions=20,
        bot_only=8,
        second_hops=1,
        ratings=2,
        stars=9,
        rules=(RuleRow(rule="v" * 64, **counts, answer=spread), RuleRow(rule="default.bot_first", hits=3)),
        shadows=(ShadowRow(rule="big", sessions=3, differs=2, instead_of={"default.bot_first": 2, "vip": 1}),),
        intents=(IntentRow(intent="refund", sessions=4, bot_only=1),),
        groups=(GroupRow(group="aftersale", sessions=9, answered=8, solved=5, answer=spread, solve=spread),),
    )
    row = TransferRow(session=f"web:{'S' * 64}", routed=sent, ending=Ending.ACCEPTED, answer_s=45)
    FakeRoutingReports(store.table).put(
        RoutingReport(merchant=MERCHANT, as_of=NOW, spans=(span,)),
        Transfers(merchant=MERCHANT, as_of=NOW, found=3, transfers=(row, row)),
    )


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A merchant with much to do, behind the real handler."""
    evil = ticket(
        answer="\x1b[31m已在\n派送" + "很久" * 60, answered_at=NOW, answered_by="zto", taken_by="欧阳娜娜小姐姐"
    )
    contents = (
        Content(platform="sim", order_id="O" * 64, line_ids=("L1",), paid_at=NOW - 9 * HOUR, shipped_at=NOW - 8 * HOUR),
    )
    long = parcel(
        waybill="9" * 64,
        contents=contents,
        wishes=(),
        last_scan=Scan(stage=Stage.IN_TRANSIT, at=NOW - HOUR, code="x"),
        heard_at=NOW - HOUR,
        picked_up_at=NOW - 2 * HOUR,
        watch=Watch(source="kuaidi100", step=1, asked_at=NOW, ended="abort 三天查询无记录"),
        tickets=(ticket(exposure_fen=1_234_567, told=4, count=2),),
        stalled_since=NOW - 36 * HOUR,
        lag_s=7300,
    )
    store = store_with(
        troubled(1, evil, ticket(Anomaly.COMING_BACK, breach_at=NOW - 250 * HOUR), return_waybill="R" * 64),
        (P_KEY._replace(id=f"zto:{'9' * 64}"), long),
        (O_KEY, order(tickets=(ticket(Anomaly.NOT_SHIPPED, exposure_fen=500, approvals=(ASKED,)),))),
        (R_KEY, refund(RefundPhase.BY_HAND)),
    )
    scores = FakeScores(store.table)
    scores.put(
        Scores(merchant=MERCHANT, as_of=NOW, rows=ROWS, watched={"zto": 120}, unwatched={"kuaidi100": 2, "none": 1})
    )
    put_chats(store)
    queue = FakeQueue()
    for name, thing in {
        "accounts": FakeAccounts({MERCHANT: {"board": {"token": TOKEN}}}),
        "case_store": store,
        "scores": scores,
        "routing_reports": FakeRoutingReports(store.table),
        "policy_store": FakePolicyStore(store.table),
        "cursors": FakeWatermarks({MERCHANT: {"douyin": NOW - HOUR}}),
        "queue": queue,
        "clock": FakeClock(NOW),
        "telemetry": Telemetry(),
    }.items():
        monkeypatch.setattr(wiring, name, lambda thing=thing: thing)
    board_handler._board.cache_clear()
    return queue


@pytest.fixture
def url(house: Any) -> Iterator[str]:
    """The handler behind a server on this machine, as the HTTP API would be."""
    routes = [(route.split(" ")[0], route.split(" ")[1].split("/")) for route in ROUTES]

    class Gateway(BaseHTTPRequestHandler):
        def answer(self) -> None:
            path, _, query = self.path.partition("?")
            if path.startswith("/moved"):
                self.send_response(302)
                self.send_header("location", f"http://{self.headers['host']}/v1/x")
                self.end_headers()
                return None
            if path.startswith("/page"):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"<html>")
                return None
            parts = path.split("/")
            for method, template in routes:
                if method == self.command and len(template) == len(parts):
                    filled = dict(zip(template, parts, strict=True))
                    if all(name == part or name.startswith("{") for name, part in filled.items()):
                        return self.give(f"{method} {'/'.join(template)}", filled, query)
            self.send_error(404)
            return None

        def give(self, route: str, filled: dict[str, str], query: str) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            event = {
                "routeKey": route,
                "pathParameters": {name[1:-1]: part for name, part in filled.items() if name.startswith("{")},
                "queryStringParameters": dict(one.split("=") for one in query.split("&") if one) or None,
                "headers": dict(self.headers),
                "body": body,
            }
            answer = board_handler.handler(event, None)
            self.send_response(answer["statusCode"])
            self.end_headers()
            self.wfile.write(answer["body"].encode())

        do_GET = do_POST = answer

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Terminal:
    """Runs the program as a person would."""

    def __init__(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.environment = {"HUHANG_URL": url, "HUHANG_MERCHANT": MERCHANT, "HUHANG_TOKEN": TOKEN}
        self._capsys = capsys

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Give the exit code, the output without log lines of the handler, and the complaints."""
        self._capsys.readouterr()
        code = main(arguments, self.environment | environment)
        out, err = self._capsys.readouterr()
        return code, "".join(line for line in out.splitlines(keepends=True) if not line.startswith('{"level"')), err


@pytest.fixture
def terminal(url: str, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(url, capsys)


# ---- cells -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cells"), [("abc", 3), ("中通", 4), ("ＡＢ", 4), ("é", 1), ("e\u0301", 1), ("、。", 4), ("–…", 2), ("", 0)]
)
def test_a_chinese_character_is_two_cells_wide(text: str, cells: int) -> None:
    assert width_of(text) == cells


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("中通", 6, "中通  "),
        ("中通快递", 6, "中通… "),
        ("中通快递", 7, "中通快…"),
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("中", 1, "…"),
    ],
)
def test_a_text_is_cut_and_filled_to_its_cells(text: str, cells: int, expected: str) -> None:
    assert fit(text, cells) == expected
    assert width_of(fit(text, cells)) == cells
    assert width_of(fit(text, cells, right=True)) == cells


def test_figures_stand_on_the_right() -> None:
    columns = (Column("名", 4), Column("元", 6, right=True))
    assert list(table(columns, [("a", "1.00"), ("快", "12.50")])) == ["名       元", "a      1.00", "快    12.50"]


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\nb", "a\rb", "\x07", "a\u202eb", "a\u200bb"])
def test_a_stranger_s_text_moves_no_cursor(text: str) -> None:
    assert clean(text).isprintable()
    assert len(clean(text)) == len(text)


# ---- screens -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        ("tickets",),
        ("tickets", "--limit", "2"),
        ("tickets", "--anomaly", "damaged"),
        ("parcel", "zto", "9" * 64),
        ("parcel", "zto", "W1"),
        ("scores",),
        ("scores", "--days", "30"),
        ("scores", "--carrier", "zto"),
        ("scores", "--carrier", "jd"),
        ("sources",),
        ("routing",),
        ("routing", "--days", "30"),
        ("transfers",),
        ("transfers", "--limit", "1"),
        ("session", "web", "S1"),
        ("session", "web", "S" * 64),
        ("take", "parcel", "zto:W1", "stalled", "--by", "小王"),
        ("take", "order", O_KEY.id, "not_shipped", "--by", "小王", "--approve"),
        ("answer", "zto", "W1", "--text", "今日派送"),
        ("trouble", "zto", "W1", "mis_shipped", "--text", "少发一件"),
        ("tickets", "--category", "address"),
    ],
    ids=" ".join,
)
def test_every_screen_fits_eighty_cells_and_a_long_number_is_never_cut(
    terminal: Terminal, asked: tuple[str, ...]
) -> None:
    code, out, err = terminal.run(*asked)
    assert (code, err) == (0, "")
    for line in out.splitlines():
        assert line.isprintable()
        assert width_of(line) <= WIDTH or "9" * 64 in line, line


def test_tickets_are_shown_with_the_words_that_take_them(terminal: Terminal) -> None:
    _, out, _ = terminal.run("tickets")
    lines = out.splitlines()
    assert "demo：5 张未结工单" in lines[0]
    assert lines[1].split() == ["剩余", "级", "异常", "快递", "状态", "敞口(元)", "组", "接手"]
    assert lines[2].startswith(" -250.0h  1 包裹自行退回，未…  中通")
    assert "parcel zto:W1 coming_back" in lines[3]
    assert lines[4].strip() == "请联系快递与买家，避免错退。"
    assert "中通： [31m已在 派送很久" in out
    assert f"parcel zto:{'9' * 64} stalled" in out
    assert "12345.67 desk" in out
    assert f"refund sim:R1 refund_by_hand  订单 {ORDER}" in out
    assert "--close" in lines[-1]


def test_a_standstill_says_how_many_limits_have_passed_and_when_a_platform_may_pay(terminal: Terminal) -> None:
    _, out, _ = terminal.run("tickets", "--anomaly", "stalled")
    [line] = [line for line in out.splitlines() if "强制退款风险" in line]
    assert line.strip().startswith("共超 2 条规则 强制退款风险：")
    assert line.strip().endswith("起（12.0h）")


def test_a_ticket_that_waits_for_approval_says_who_asked_for_what(terminal: Terminal, house: Any) -> None:
    _, out, _ = terminal.run("tickets", "--anomaly", "not_shipped")
    [line] = [line for line in out.splitlines() if "待审批" in line]
    assert line.strip().startswith("待审批关闭：小王（售后），")
    where = ("take", "order", O_KEY.id, "not_shipped", "--by", "总")
    for flag, word, approve in (("--approve", "Approved", True), ("--refuse", "Refused", False)):
        code, out, _ = terminal.run(*where, flag)
        assert (code, f"已受理 accepted：{word} by 总" in out) == (0, True)
        [(_, message)] = house.take(Lane.REFUNDS)
        assert parse_message(message).approve is approve  # type: ignore[union-attr]
    with pytest.raises(SystemExit):
        terminal.run(*where, "--approve", "--close")


def test_what_waits_for_approval_is_said_at_once() -> None:
    told = list(_accepted({"message": "Waits.", "waits_because": "超过权限"}))
    assert told == ["已受理 accepted：Waits.", "待审批 waits for approval：超过权限"]


def test_routing_shows_what_became_of_every_rule_and_how_soon_people_answered(terminal: Terminal) -> None:
    _, out, _ = terminal.run("routing")
    lines = out.splitlines()
    assert "会话 20，仅机器人 8（40%），未结 0，二次转接 1，迟到发言 0，评分 4.5（2）" in lines[1]
    assert lines[4].split()[1:] == ["12", "10", "7", "1", "1", "1", "0", "45秒", "2.0时"]
    assert lines[5].split() == ["default.bot_first", "3", "0", "0", "0", "0", "0", "0", "–", "–"]
    assert lines[8].split() == ["aftersale", "9", "8", "5", "45秒", "2.0时", "45秒", "2.0时"]
    assert lines[11].split() == ["refund", "4", "1", "25%"]
    assert lines[14].split(maxsplit=3) == ["big", "3", "2", "default.bot_first 2，vip 1"]
    assert "没有会话" in terminal.run("routing", "--days", "1")[1]


def test_transfers_show_where_to_and_why(terminal: Terminal) -> None:
    _, out, _ = terminal.run("transfers", "--limit", "1")
    assert "命中规则「vvvvv" in out.replace("\n    ", "")
    assert "已接起，45秒后应答 → aaa" in out.splitlines()[1]
    assert "另有 2 次" in out


def test_a_session_shows_its_decisions_made_again(terminal: Terminal) -> None:
    _, out, _ = terminal.run("session", "web", "S1")
    assert "web:S1 机器人" in out
    assert out.count("重算一致") == 2
    assert "该版本策略已不存在" in out
    assert "intent=refund" in out
    assert terminal.run("session", "web", "S2")[0] == 1


def test_advice_is_told_apart_from_decisions() -> None:
    spans = (RoutingSpan(days=7, sessions=2, advisory=5, advised_people=3), RoutingSpan(days=1, sessions=2))
    report = RoutingReport(merchant=MERCHANT, as_of=NOW, spans=spans).model_dump(mode="json")
    assert "仅建议渠道 advisory channels：会话 5，建议转人工 3" in "\n".join(routing_screen(report, 7))
    assert "仅建议" not in "\n".join(routing_screen(report, 1))
    known = {"channel": "web", "session_id": "S1", "opened_at": NOW, "held_since": NOW, "last_line_at": NOW}
    case = SessionCase.model_validate({**known, "advised": "waiting", "group": "presale"})
    shown = next(session_screen(session_view(MERCHANT, case, {}).model_dump(mode="json")))
    assert shown.startswith("web:S1 排队中（仅建议 advice）")
    assert "presale" in shown


def test_fewer_than_there_are_says_how_many_more(terminal: Terminal) -> None:
    assert "另有 3 张 more：--limit 500" in terminal.run("tickets", "--limit", "2")[1]
    many = json.loads(terminal.run("tickets", "--limit", "1", "--json")[1])
    many |= {"tickets": many["tickets"] * 500, "found": 501}
    assert "另有 1 张 more：--anomaly, --category, --carrier" in list(tickets_screen(many))
    assert "另有" not in terminal.run("tickets")[1]
    assert "工单过多" in "".join(
        tickets_screen(
            {"merchant": "demo", "found": 0, "complete": False, "as_of": "2026-11-11T00:00:00Z", "tickets": []}
        )
    )


def test_a_parcel_is_shown_from_payment_to_its_limits(terminal: Terminal) -> None:
    _, out, _ = terminal.run("parcel", "zto", "9" * 64)
    lines = out.splitlines()
    assert lines[0].startswith("中通 999")
    assert lines[1].startswith("轨迹来源 快递100，上次延迟 2.0时，已中断 ended: abort 三天查询无记录")
    for part in ("经过 timeline", "买家付款 sim", "已揽收", "运输中", "付款到签收", "已用时长", "工单 tickets"):
        assert part in out
    assert "  43.0h 付款到签收     arrival_52h" in out
    bare = terminal.run("parcel", "zto", "W1")[1]
    assert "退回单号 way back: RRR" in bare
    assert "时限 limits" not in bare
    assert "付款到签收 from" not in bare


def test_a_parcel_says_what_it_broke_once_and_of_a_finished_one_nobody_misses_scans(terminal: Terminal) -> None:
    answer = json.loads(terminal.run("parcel", "zto", "9" * 64, "--json")[1])
    shown = list(parcel_screen(answer | {"broken_once_texts": ["已发货未揽收", "在途停滞"], "finished": True}))
    assert shown[1:3] == ["轨迹来源 快递100，上次延迟 2.0时", "曾超时 once broken: 已发货未揽收、在途停滞"]


def test_a_limit_is_shown_with_what_its_breach_costs(terminal: Terminal) -> None:
    answer = json.loads(terminal.run("parcel", "zto", "9" * 64, "--json")[1])
    answer["limits"][0]["exposure_fen"] = 3_005
    first, second, *_ = [line for line in parcel_screen(answer) if line.startswith("   ") and "h " in line]
    assert first.endswith("52h     30.05")
    assert second.endswith("48h")


def test_a_limit_that_rests_on_an_assumed_zone_is_marked(terminal: Terminal) -> None:
    answer = json.loads(terminal.run("parcel", "zto", "9" * 64, "--json")[1])
    plain = list(parcel_screen(answer))
    answer["limits"][1]["zone_assumed"] = True
    marked = list(parcel_screen(answer))
    [row, legend] = [line for line in marked if line not in plain]
    assert row.replace("*", " ") in plain
    assert legend.startswith("* 快递未给时区")


def test_orders_are_named_where_there_is_room(terminal: Terminal) -> None:
    _, out, _ = terminal.run("tickets")
    assert f"parcel zto:{'9' * 64} stalled\n" in out
    assert "parcel zto:W1 coming_back  订单 O1\n" in out


@pytest.mark.parametrize(("left", "text"), [(-0.01, "0.0h"), (0.04, "0.0h"), (-0.06, "-0.1h"), (-192.01, "-192.0h")])
def test_nothing_is_left_is_not_less_than_nothing(left: float, text: str) -> None:
    assert hours(left) == text


@pytest.mark.parametrize(
    ("zone", "text"), [("UTC0", "11-12 01:30 UTC"), ("CST-8", "11-12 09:30 UTC+8"), ("IST-5:30", "11-12 07:00 UTC+5.5")]
)
def test_a_clock_says_whose_it_is(monkeypatch: pytest.MonkeyPatch, zone: str, text: str) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert clock("2026-11-12T01:30:00Z") == text
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(("seconds", "text"), [(59, "0分"), (5399, "89分"), (5400, "1.5时")])
def test_short_times_are_minutes_and_long_ones_hours(seconds: int, text: str) -> None:
    row = ROW.model_copy(update={"lag": Spread(samples=1, median_s=1, p90_s=seconds)})
    answer = Scores(merchant=MERCHANT, as_of=NOW, rows=(row,)).model_dump(mode="json")
    assert list(scores_screen(answer, 7, None))[2].split()[-2] == text


def test_couriers_stand_side_by_side(terminal: Terminal) -> None:
    _, out, _ = terminal.run("scores")
    lines = out.splitlines()
    assert lines[2].split() == ["全部", "1234", "1000", "90%", "73%", "90%", "45.5", "5%", "65%", "89分", "16.0时"]
    assert lines[3].split()[0] == "zto"
    assert len(lines) == 6
    assert lines[-1] == "在途 120 件，轨迹中断 3 件：kuaidi100 2，none 1"
    regions = terminal.run("scores", "--carrier", "zto")[1].splitlines()
    assert regions[3].split()[0] == "新疆维…"
    assert regions[3].split()[-2:] == ["–", "–"]
    assert terminal.run("scores", "--carrier", "sf", "--days", "30")[1].splitlines()[2].split()[4:7] == ["–", "–", "–"]
    assert "没有发货 nothing was shipped，看近 30 天" in terminal.run("scores", "--carrier", "jd")[1]


def test_a_ticket_is_taken_and_closed(terminal: Terminal, house: Any) -> None:
    code, out, _ = terminal.run("take", "parcel", "zto:W1", "stalled", "--by", "小王", "--text", "已联系", "--close")
    assert (code, out) == (0, "已受理 accepted：Closed by 小王; it shows within seconds.\n")
    [(_, message)] = [one for lane in house.lanes.values() for one in lane]
    told = json.loads(message)
    assert (told["by"], told["text"], told["closed"]) == ("小王", "已联系", True)


def test_a_courier_s_answer_is_filed(terminal: Terminal, house: Any) -> None:
    said = ("--text", "今日派送", "--at", "2026-11-10T09:30:00+08:00", "--number", "GD7", "--source", "li")
    code, out, _ = terminal.run("answer", "zto", "W404", *said)
    assert code == 0
    assert out == "已登记 filed：Nothing is known of such a parcel; it is listed as courier_answer.\n"
    [(_, message)] = [one for lane in house.lanes.values() for one in lane]
    told = json.loads(message)
    assert (told["text"], told["source"], told["number"]) == ("今日派送", "li", "GD7")
    assert datetime.fromisoformat(told["at"]) == datetime.fromisoformat("2026-11-10T01:30:00+00:00")


def test_the_terminal_knows_what_the_board_knows() -> None:
    assert (tuple(Category), kinds.FILED) == (CATEGORIES, FILED)


def test_what_is_wrong_with_a_parcel_is_filed(terminal: Terminal, house: Any) -> None:
    code, out, _ = terminal.run("trouble", "zto", "W404", "wrong_address", "--text", "门牌号不对")
    assert code == 0
    assert out.startswith("已登记 filed：A ticket wrong_address opens within a minute or two.")
    [(_, message)] = [one for lane in house.lanes.values() for one in lane]
    told = json.loads(message)
    assert (told["type"], told["anomaly"], told["text"]) == ("trouble_filed", "wrong_address", "门牌号不对")


def test_a_time_that_is_none_is_said_to_be(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        terminal.run("answer", "zto", "W1", "--text", "x", "--at", "yesterday")
    assert stop.value.code == 2
    assert "'yesterday' is no time like" in capsys.readouterr().err


@pytest.mark.parametrize("asked", [("tickets",), ("parcel", "zto", "W1"), ("scores",)])
def test_programs_get_the_answer_itself(terminal: Terminal, asked: tuple[str, ...]) -> None:
    code, out, _ = terminal.run(*asked, "--json")
    assert (code, json.loads(out)["merchant"]) == (0, MERCHANT)


# ---- no answer ---------------------------------------------------------------------------------------------------


def test_a_wrong_token_is_said_to_be_wrong(terminal: Terminal) -> None:
    code, out, err = terminal.run("tickets", HUHANG_TOKEN="guess")
    assert (code, out) == (1, "")
    assert "demo：令牌不对 This is not the merchant's token." in err
    assert "guess" not in err


@pytest.mark.parametrize("token", ["令牌", "a\nb"])
def test_a_token_that_cannot_be_sent_is_no_crash(terminal: Terminal, token: str) -> None:
    code, _, err = terminal.run("tickets", HUHANG_TOKEN=token)
    assert code == 1
    assert "characters that cannot be sent" in err


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (("tickets", "--limit", "501"), "limit"),
        (("tickets", "--anomaly", "stall"), "known are not_shipped"),
        (("parcel", "zto", "W404"), "W404"),
        (("parcel", "zto", "../../x"), "waybill: "),
        (("take", "order", "sim:O1", "stalled", "--by", "a"), "no ticket stalled"),
        (("take", "order", "sim:O1", "not_shipped", "--by", "x" * 41), "by:"),
        (("answer", "zto", "W1", "--text", "x" * 201), "text:"),
        (("answer", "zto", "W1", "--text", "x", "--at", "2099-01-01T00:00:00Z"), "has not come yet"),
    ],
)
def test_what_the_deployment_refuses_is_passed_on(terminal: Terminal, asked: tuple[str, ...], named: str) -> None:
    code, out, err = terminal.run(*asked)
    assert (code, out) == (1, "")
    assert named in err
    assert len(err.splitlines()) == 1


def test_every_reason_of_a_refusal_is_said_in_chinese() -> None:
    text = "".join(Path(str(module.__file__)).read_text("utf-8") for module in (show_board, show_chats))
    errors = "UnknownCase|NotPermitted|MalformedMessage|UnknownMerchant|BadSignature"
    assert {*re.findall(rf'(?:{errors})\("(\w+)"', text), "busy"} == set(REASONS)


def test_an_address_at_which_nobody_answers_is_named(terminal: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        code, _, err = terminal.run("tickets", HUHANG_URL=f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert code == 1
    assert "cannot be reached" in err


@pytest.mark.parametrize(
    "url", ["http://shop.example.com", "ftp://127.0.0.1", "shop.example.com", "http://", "http://[x"]
)
def test_a_token_never_travels_in_the_clear(terminal: Terminal, url: str) -> None:
    code, _, err = terminal.run("tickets", HUHANG_URL=url)
    assert code == 1
    assert "URL" in err


def test_a_token_does_not_follow_where_another_address_points(terminal: Terminal, url: str) -> None:
    code, _, err = terminal.run("tickets", HUHANG_URL=f"{url}/moved")
    assert (code, "is the URL right? (HTTP 302)" in err) == (1, True)


def test_another_page_than_huhang_s_is_no_crash(terminal: Terminal, url: str) -> None:
    code, _, err = terminal.run("tickets", HUHANG_URL=f"{url}/page")
    assert (code, "is the URL right?" in err) == (1, True)


def test_what_stays_on_this_machine_goes_through_no_proxy(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert terminal.run("tickets")[0] == 0


def test_what_is_not_set_is_named(terminal: Terminal) -> None:
    code, _, err = terminal.run("tickets", HUHANG_TOKEN="", HUHANG_URL="")
    assert code == 2
    assert "HUHANG_URL, HUHANG_TOKEN" in err


def test_what_is_given_wins_over_the_environment(terminal: Terminal, url: str) -> None:
    code, _, err = terminal.run("tickets", "--merchant", "stranger", HUHANG_URL="http://nowhere.example")
    assert code == 1
    code, _, err = terminal.run("tickets", "--url", url + "/", "--merchant", "stranger", HUHANG_URL="")
    assert (code, "no such merchant" in err) == (1, True)


@pytest.mark.parametrize(
    "asked", [(), ("tickets", "--limit", "x"), ("take", "refund", "a:b", "stalled", "--by", "a"), ("go",)]
)
def test_a_command_line_that_makes_no_sense_is_2(asked: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(asked, {})
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"], {})
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("tickets", "parcel", "scores", "take"))


def test_screens_need_nothing_but_the_answer() -> None:
    answer = Scores(merchant=MERCHANT, as_of=NOW, rows=()).model_dump(mode="json")
    assert len(list(scores_screen(answer, 7, None))) == 2
    assert callable(parcel_screen)
