"""Shows the desk's board on a terminal: `python -m infra.board tickets|parcel|scores|routing|…`, for any deployment.

Where it is, whose it is and by which token stands in HUHANG_URL, HUHANG_MERCHANT and HUHANG_TOKEN, or is given.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from infra.board.chat_screens import routing_screen, session_screen, transfers_screen
from infra.board.client import BoardError, Client
from infra.board.screens import parcel_screen, scores_screen, sources_screen, tickets_screen
from infra.terminal import write_lines

Show = Callable[[dict[str, Any]], Iterable[str]]
CATEGORIES = ("overdue", "lost", "label", "content", "address")
FILED = ("mis_shipped", "wrong_address")
_SETTINGS = {
    "url": ("HUHANG_URL", "the deployment's WebhookBaseUrl"),
    "merchant": ("HUHANG_MERCHANT", "the merchant's id"),
    "token": ("HUHANG_TOKEN", "its token; better in the environment than in the shell's history"),
}


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """Do what the command line asks for; 1 where there is no answer, 2 where the question makes no sense."""
    asked = _parser(environment).parse_args(arguments)
    missing = [variable for name, (variable, _) in _SETTINGS.items() if not getattr(asked, name)]
    if missing:
        sys.stderr.write(f"board: 缺少设置 not set: {', '.join(missing)}; 本机试用 on one machine: make board\n")
        return 2
    try:
        answer, show = _COMMANDS[asked.command](asked, Client(asked.url, asked.merchant, asked.token))
    except BoardError as problem:
        sys.stderr.write(f"board: {problem}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    lines = [json.dumps(answer, ensure_ascii=False, indent=2)] if asked.json else show(answer)
    write_lines(lines)
    return 0


def _tickets(asked: argparse.Namespace, client: Client) -> tuple[dict[str, Any], Show]:
    wanted = {"anomaly": asked.anomaly, "category": asked.category, "carrier": asked.carrier}
    return client.get("tickets", limit=asked.limit, **wanted), tickets_screen


def _parcel(asked: argparse.Namespace, client: Client) -> tuple[dict[str, Any], Show]:
    return client.get("parcels", asked.carrier, asked.waybill), parcel_screen


def _scores(asked: argparse.Namespace, client: Client) -> tuple[dict[str, Any], Show]:
    return client.get("scores"), lambda answer: scores_screen(answer, asked.days, asked.carrier)


def _routing(asked: argparse.Namespace, client: Client) -> tuple[dict[str, Any], Show]:
    return client.get("routing"), lambda answer: routing_screen(answer, asked.days)


def _transfers(asked: argparse.Namespace, client: Client) -> tuple[dict[str, Any], Show]:
    return client.get("transfers", limit=asked.limit), transfers_screen


def _session(asked: argparse.Namespace, client: Client) -> tuple[dict[str, Any], Show]:
    return client.get("sessions", asked.channel, asked.session), session_screen


def _sources(asked: argparse.Namespace, client: Client) -> tuple[dict[str, Any], Show]:
    del asked
    return client.get("sources"), sources_screen


def _take(asked: argparse.Namespace, client: Client) -> tuple[dict[str, Any], Show]:
    said = {"by": asked.by, "text": asked.text, "closed": asked.close}
    said |= {} if asked.approve is None else {"approve": asked.approve}
    answer = client.post("tickets", asked.kind, asked.case, asked.anomaly, "take", document=said)
    return answer, _accepted


def _accepted(told: dict[str, Any]) -> Iterable[str]:
    yield f"已受理 accepted：{told['message']}"
    if told["waits_because"]:
        yield f"待审批 waits for approval：{told['waits_because']}"


def _answer(asked: argparse.Namespace, client: Client) -> tuple[dict[str, Any], Show]:
    at = asked.at.isoformat() if asked.at else None
    said = {"text": asked.text, "at": at, "source": asked.source, "number": asked.number}
    document = {name: value for name, value in said.items() if value}
    answer = client.post("parcels", asked.carrier, asked.waybill, "answers", document=document)
    return answer, lambda told: [f"已登记 filed：{told['message']}"]


def _trouble(asked: argparse.Namespace, client: Client) -> tuple[dict[str, Any], Show]:
    document = {"anomaly": asked.anomaly, "text": asked.text}
    document |= {"at": asked.at.isoformat()} if asked.at else {}
    answer = client.post("parcels", asked.carrier, asked.waybill, "troubles", document=document)
    return answer, lambda told: [f"已登记 filed：{told['message']}"]


_COMMANDS: dict[str, Callable[[argparse.Namespace, Client], tuple[dict[str, Any], Show]]] = {
    "tickets": _tickets,
    "parcel": _parcel,
    "scores": _scores,
    "routing": _routing,
    "transfers": _transfers,
    "session": _session,
    "sources": _sources,
    "take": _take,
    "answer": _answer,
    "trouble": _trouble,
}


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    for name, (variable, meaning) in _SETTINGS.items():
        common.add_argument(f"--{name}", default=environment.get(variable, ""), help=f"{meaning} (or {variable})")
    common.add_argument("--json", action="store_true", help="the answer itself, for programs")
    parser = argparse.ArgumentParser(prog="python -m infra.board", description=_first_line(__doc__))
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, meaning: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, parents=[common], help=meaning, description=meaning)

    _add_questions(command)
    _add_news(command)
    return parser


def _add_questions(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    tickets = command("tickets", "未结工单，最急的在前 · open tickets, the most urgent first")
    tickets.add_argument("--limit", type=int, help="how many, at most 500 (default: 100)")
    tickets.add_argument("--anomaly", help="only these, separated by commas")
    tickets.add_argument("--category", choices=CATEGORIES, help="only this kind of everyday problem")
    tickets.add_argument("--carrier", help="only what concerns parcels of this courier")
    _of_parcel(command("parcel", "一个包裹的全部信息 · all that is known of a parcel"))
    scores = command("scores", "快递对比 · couriers side by side")
    scores.add_argument("--days", type=int, choices=(7, 30), default=7, help="shipped in the last 7 or 30 days")
    scores.add_argument("--carrier", help="one courier, by province")
    routing = command("routing", "分流效果 · whether the routing rules work")
    routing.add_argument("--days", type=int, choices=(1, 7, 30), default=7, help="begun in the last 1, 7 or 30 days")
    transfers = command("transfers", "转人工明细及原因 · who was sent to people, and why")
    transfers.add_argument("--limit", type=int, help="how many, at most 200 (default: 50)")
    session = command("session", "一个会话的全部决定，并重算核对 · one conversation, its decisions made again")
    session.add_argument("channel", metavar="CHANNEL", help="as in the list, before the colon: web")
    session.add_argument("session", metavar="SESSION", help="as in the list, after the colon")
    command("sources", "平台与ERP的数据读到何时 · up to when nothing of a source is missing")


def _add_news(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    take = command("take", "接手或关闭工单 · deal with a ticket, or close it")
    take.add_argument("kind", metavar="KIND", choices=("parcel", "order"), help="parcel or order, as in the list")
    take.add_argument("case", metavar="CASE", help="as in the list: zto:75312345678901")
    take.add_argument("anomaly", metavar="ANOMALY", help="as in the list: stalled")
    take.add_argument("--by", required=True, help="who deals with it")
    take.add_argument("--text", default="", help="what was found out, at most 200 characters")
    how = take.add_mutually_exclusive_group()
    how.add_argument("--close", action="store_true", help="nothing more is to be done until it moves")
    how.add_argument("--approve", action="store_true", default=None, help="what was asked for is done")
    how.add_argument("--refuse", dest="approve", action="store_false", default=None, help="it is not; stays open")
    answer = _of_parcel(command("answer", "登记快递的答复 · file what a courier's people said about a parcel"))
    answer.add_argument("--text", required=True, help="what they said, at most 200 characters")
    answer.add_argument("--at", type=_instant, help="when, as 2026-11-12T09:30:00+08:00 (default: now)")
    answer.add_argument("--number", help="the work order's, where there is one")
    answer.add_argument("--source", help="who said it (default: the courier)")
    meaning = "登记错发漏发、地址不符 · file what is wrong with a parcel and no scan tells"
    trouble = _of_parcel(command("trouble", meaning))
    trouble.add_argument("anomaly", metavar="ANOMALY", choices=FILED, help="mis_shipped or wrong_address")
    trouble.add_argument("--text", required=True, help="what is wrong, at most 200 characters")
    trouble.add_argument("--at", type=_instant, help="when it was said, as 2026-11-12T09:30:00+08:00 (default: now)")


def _of_parcel(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("carrier", metavar="CARRIER", help="as in the list: zto")
    parser.add_argument("waybill", metavar="WAYBILL")
    return parser


def _instant(text: str) -> datetime:
    """Read an instant; without an offset it is one of this machine's clock."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time like 2026-11-12T09:30:00+08:00") from None


def _first_line(text: str | None) -> str:
    return (text or "").split("\n", maxsplit=1)[0]


if __name__ == "__main__":
    sys.exit(main())
