"""What the terminal shows of an answer: lines of at most eighty cells, Chinese first."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.board.cells import WIDTH, Column, clean, fit, table, width_of
from infra.board.figures import clock, hours, length, moment, share, yuan

Document = Mapping[str, Any]
_INDENT = " " * 9
SPANS = {
    "pay_to_ship": "付款到发货",
    "ship_to_pickup": "发货到揽收",
    "pickup_to_movement": "揽收到中转",
    "stagnation": "在途无更新",
    "out_for_delivery": "派送",
    "pickup_point": "驿站待取",
    "pay_to_sign": "付款到签收",
    "silence": "长时间无更新",
    "return_pickup": "退货待揽收",
    "return_stagnation": "退货无更新",
    "return_receipt": "退货待入库",
}
LIMIT_MAX = 500
"""As many tickets are given at once."""
SAID = ("courier_answer", "mis_shipped", "wrong_address")
"""Tickets about what somebody said, and about no clock."""
_BANDS = {"5": "5 分", "4": "4 分", "below_4": "低于 4 分"}
_BASES = {"signed": "已签收", "courier_region": "同快递同省均值", "courier": "同快递均值", "elapsed": "已用时长"}

_TICKETS = (
    Column("剩余", 8, right=True),
    Column("级", 2, right=True),
    Column("异常", 18),
    Column("快递", 8),
    Column("状态", 10),
    Column("敞口(元)", 9, right=True),
    Column("组", 10),
    Column("接手", 8),
)
_LIMITS = (
    Column("剩余", 8, right=True),
    Column("时限", 14),
    Column("规则", 22),
    Column("截止", 12),
    Column("限", 7, right=True),
    Column("敞口(元)", 9, right=True),
)
_ARRIVALS = (
    Column("订单", 28),
    Column("已用", 8, right=True),
    Column("距5分", 8, right=True),
    Column("距4分", 8, right=True),
    Column("预计", 9),
    Column("依据", 14),
)
_SCORES = (
    Column("快递", 8),
    Column("发货", 6, right=True),
    Column("签收", 6, right=True),
    Column("24h揽", 6, right=True),
    Column("52h内", 6, right=True),
    Column("59h内", 6, right=True),
    Column("均时", 6, right=True),
    Column("停滞", 6, right=True),
    Column("拦截", 6, right=True),
    Column("延迟", 7, right=True),
    Column("处理", 7, right=True),
)


# ---- tickets -----------------------------------------------------------------------------------------------------


def tickets_screen(answer: Document) -> Iterator[str]:
    """Show open tickets: what cannot wait, and by which words each is taken."""
    tickets = answer["tickets"]
    yield f"{clean(answer['merchant'])}：{answer['found']} 张未结工单 open tickets，{clock(answer['as_of'])}"
    if not answer["complete"]:
        yield "工单过多，未全部读取；请按快递筛选 too many to look at all of them: ask for one --carrier"
    yield from _ticket_lines(tickets)
    if answer["found"] > len(tickets):
        how = f"--limit {LIMIT_MAX}" if len(tickets) < LIMIT_MAX else "--anomaly, --category, --carrier"
        yield f"另有 {answer['found'] - len(tickets)} 张 more：{how}"
    if tickets:
        yield "接手 take one: python -m infra.board take KIND CASE ANOMALY --by NAME [--close]"


def _ticket_lines(tickets: Sequence[Document]) -> Iterator[str]:
    if not tickets:
        return
    title, *lines = table(_TICKETS, [_ticket_row(ticket) for ticket in tickets])
    yield title
    for line, ticket in zip(lines, tickets, strict=True):
        yield line
        yield from _ticket_details(ticket)


def _ticket_row(ticket: Document) -> tuple[str, ...]:
    platform = str(ticket["case_id"]).partition(":")[0]
    return (
        hours(ticket["hours_left"]),
        str(ticket["level"]),
        ticket["title"],
        ticket["carrier_text"] or platform,
        ticket["stage_text"],
        yuan(ticket["exposure_fen"]) if ticket["exposure_fen"] else "",
        ticket["group"],
        ticket["taken_by"],
    )


def _ticket_details(ticket: Document) -> Iterator[str]:
    """Give the words that name the ticket, never cut, and what to do about it as far as there is room."""
    name = clean(f"{_INDENT}{ticket['kind']} {ticket['case_id']} {ticket['anomaly']}")
    room = WIDTH - width_of(name) - 2
    orders = "订单 " + " ".join(ticket["order_ids"]) if ticket["order_ids"] else ""
    yield (f"{name}  {fit(orders, room).rstrip()}" if room > 12 else name).rstrip()
    said = f"{ticket['answered_by_text'] or ticket['taken_by']}：{ticket['answer']}" if ticket["answer"] else ""
    yield (_INDENT + fit("　".join(filter(None, (said, ticket["advice"]))), WIDTH - len(_INDENT))).rstrip()
    counted = "反馈 {} 条" if ticket["anomaly"] in SAID else "共超 {} 条规则"
    risks = [counted.format(ticket["count"])] if ticket["count"] > 1 else []
    if ticket["forced_refund_at"]:
        risks.append(
            f"强制退款风险：{moment(ticket['forced_refund_at'])} 起（{hours(ticket['forced_refund_hours_left'])}）"
        )
    if risks:
        yield (_INDENT + fit("　".join(risks), WIDTH - len(_INDENT))).rstrip()
    if ticket["approvals"]:
        yield (_INDENT + fit(_approval(ticket["approvals"][-1]), WIDTH - len(_INDENT))).rstrip()


def _approval(step: Document) -> str:
    """Say how an approval stands: who asked for what and why, or who decided."""
    wanted, texts = "关闭" if step["closes"] else "答复", {"asked": "待审批", "approved": "已批准", "refused": "已驳回"}
    said = "，".join(filter(None, (step["why"], step["text"])))
    return f"{texts[step['what']]}{wanted}：{step['by']}，{moment(step['at'])}{'，' + said if said else ''}"


# ---- one parcel --------------------------------------------------------------------------------------------------


def parcel_screen(answer: Document) -> Iterator[str]:
    """Show a parcel: where it is, what happened, what is left of its limits, its tickets."""
    yield fit(f"{answer['carrier_text']} {answer['waybill']}　{answer['stage_text']}", WIDTH).rstrip()
    yield fit(_watch_line(answer), WIDTH).rstrip()
    for label, name in (("实际承运 really with", "moved_to"), ("退回单号 way back", "return_waybill")):
        if answer[name]:
            yield fit(f"{label}: {answer[name]}", WIDTH).rstrip()
    if answer["broken_once_texts"]:
        yield fit(f"曾超时 once broken: {'、'.join(answer['broken_once_texts'])}", WIDTH).rstrip()
    yield from _section(
        "经过 timeline", [fit(f"{moment(one['at'])}  {one['text']}", WIDTH) for one in answer["timeline"]]
    )
    limits = list(table(_LIMITS, [_limit_row(one) for one in answer["limits"]]))
    if any(one["zone_assumed"] for one in answer["limits"]):
        limits.append("* 快递未给时区，按北京时间 the courier named no zone, Beijing's is assumed")
    yield from _section("时限 limits", limits if answer["limits"] else [])
    arrivals = list(table(_ARRIVALS, [_arrival_row(one) for one in answer["arrivals"]]))
    yield from _section("付款到签收 from payment to signature", arrivals if answer["arrivals"] else [])
    yield from _section("工单 tickets", list(_ticket_lines(answer["tickets"])))


def _watch_line(answer: Document) -> str:
    if not answer["watched_by"]:
        return "无轨迹来源 nobody reports its scans"
    is_missed = answer["watch_ended"] and not answer["finished"]
    ended = f"，已中断 ended: {answer['watch_ended']}" if is_missed else ""
    return f"轨迹来源 {answer['watched_by_text']}，上次延迟 {length(answer['lag_s'])}{ended}"


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from (line.rstrip() for line in lines)


def _limit_row(limit: Document) -> tuple[str, ...]:
    exposure = yuan(limit["exposure_fen"]) if limit["exposure_fen"] else ""
    span = SPANS.get(str(limit["span"]), str(limit["span"]))
    ends = moment(limit["breach_at"]) + "*" * limit["zone_assumed"]
    return hours(limit["hours_left"]), span, limit["rule"], ends, f"{limit['limit_hours']:g}h", exposure


def _arrival_row(arrival: Document) -> tuple[str, ...]:
    return (
        f"{arrival['platform']} {arrival['order_id']}",
        hours(arrival["hours_used"]),
        hours(arrival["hours_left_for_5"]),
        hours(arrival["hours_left_for_4"]),
        _BANDS[arrival["expected_band"]],
        _BASES[arrival["basis"]],
    )


# ---- the scorecard -----------------------------------------------------------------------------------------------


def scores_screen(answer: Document, days: int, carrier: str | None) -> Iterator[str]:
    """Show couriers side by side; for one courier, its regions."""
    rows = [row for row in answer["rows"] if row["days"] == days and (carrier is None or row["carrier"] == carrier)]
    rows = [row for row in rows if carrier is not None or not row["region"]]
    yield f"{clean(answer['merchant'])}：近 {days} 天发货 shipped in {days} days，{clock(answer['as_of'])}"
    if not rows:
        yield "没有发货 nothing was shipped" + ("，看近 30 天 see --days 30" if days == 7 else "")
        return
    yield from table(_SCORES, [_score_row(row) for row in rows])
    yield "均时 = 付款到签收小时；拦截 = 快递称已拦下/要求拦截；延迟、处理 = 九成不超过"
    watched, lost = sum(answer["watched"].values()), answer["unwatched"]
    told = "，".join(f"{source} {count}" for source, count in lost.items())
    yield fit(f"在途 {watched} 件，轨迹中断 {sum(lost.values())} 件{'：' + told if told else ''}", WIDTH).rstrip()


def sources_screen(answer: Document) -> Iterator[str]:
    """Show up to when each source is complete."""
    yield f"{clean(answer['merchant'])}：各来源完整至何时 complete up to when，{clock(answer['as_of'])}"
    if not answer["sources"]:
        yield "没有可对账的来源 no source that can be asked was read yet"
    for one in answer["sources"]:
        behind = f"{length(int(one['minutes_behind'] * 60))}前 ago"
        yield fit(f"{one['source']:<14}{moment(one['complete_until'])}  {behind}", WIDTH).rstrip()


def _score_row(row: Document) -> tuple[str, ...]:
    stopped = row["interceptions"]
    mean_h = row["arrival_minutes"] / row["arrivals"] / 60 if row["arrivals"] else None
    return (
        row["region"] or row["carrier"] or "全部",
        str(row["shipped"]),
        str(row["delivered"]),
        share(row["pickups_in_24h"], row["pickups_due"]),
        share(row["arrivals_in_52h"], row["arrivals_due"]),
        share(row["arrivals_in_59h"], row["arrivals_due"]),
        "–" if mean_h is None else f"{mean_h:.1f}",
        share(row["stalled"], row["shipped"]),
        share(stopped["succeeded"], stopped["wanted"]),
        length(row["lag"]["p90_s"]) if row["lag"] else "–",
        length(row["handling"]["p90_s"]) if row["handling"] else "–",
    )
