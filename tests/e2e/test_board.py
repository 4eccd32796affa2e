"""The desk's board over the real HTTP API: it shows exactly what the cases say, and what it is told reaches them."""

import json
import os
import subprocess
import sys
from typing import Any

import httpx

from infra.local.demo.play import Played, Stage
from infra.local.home import ROOT
from shared.domain.order import OrderCase
from shared.domain.parcel import ParcelCase
from shared.domain.refund import RefundCase
from tests.e2e.patience import agreeing, wait_until

DEMO = "/v1/merchants/demo"


def listed(board: httpx.Client) -> list[dict[str, Any]]:
    reply = board.get(f"{DEMO}/tickets", params={"limit": 500})
    assert reply.status_code == 200
    assert reply.json()["complete"]
    tickets: list[dict[str, Any]] = reply.json()["tickets"]
    return tickets


def named(tickets: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Name listed tickets by their cases and what is wrong."""
    return {(one["case_id"], one["anomaly"]) for one in tickets}


def open_in_cases(stage: Stage) -> set[tuple[str, str]]:
    """Name the tickets that the cases hold, likewise."""
    found = set()
    for key, case in stage.inside.cases().items():
        if isinstance(case, ParcelCase | OrderCase):
            found |= {(key.id, str(ticket.anomaly)) for ticket in case.tickets if not ticket.closed}
        elif isinstance(case, RefundCase) and case.needs_people:
            found.add((key.id, "refund_by_hand"))
    return found


def test_the_list_is_what_the_cases_say(played: Played, stage: Stage, board: httpx.Client) -> None:
    shown, expected = agreeing(lambda: named(listed(board)), lambda: open_in_cases(stage))
    assert shown == expected != set()
    breaches = [one["breach_at"] for one in listed(board)]
    assert breaches == sorted(breaches)


def test_strangers_see_nothing(stage: Stage, board: httpx.Client) -> None:
    for token in ("", "Basic guess", "Bearer guess"):
        assert board.get(f"{DEMO}/tickets", headers={"authorization": token}).status_code == 401
    assert board.get("/v1/merchants/nobody/tickets").status_code == 404
    assert board.get(f"{DEMO}/parcels/zto/75000000000001").json()["error"] == "unknown_parcel"


def test_the_description_is_the_one_in_the_documentation(board: httpx.Client) -> None:
    served = httpx.get(f"{board.base_url}v1/openapi.json", trust_env=False).json()
    assert served == json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))


def test_a_parcel_is_shown_with_its_story(played: Played, board: httpx.Client) -> None:
    parcel = next(one for one in played.evidence.parcels.values() if one.contents and one.last_scan)
    shown = board.get(f"{DEMO}/parcels/{parcel.carrier}/{parcel.waybill}").json()
    assert (shown["waybill"], shown["stage"]) == (parcel.waybill, parcel.stage)
    assert [one["at"] for one in shown["timeline"]] == sorted(one["at"] for one in shown["timeline"])


def test_the_scorecard_counts_what_was_shipped(played: Played, stage: Stage, board: httpx.Client) -> None:
    assert stage.cloud.tick("fold_scores")["merchants"] >= 1
    scores = board.get(f"{DEMO}/scores").json()
    whole = next(row for row in scores["rows"] if row["days"] == 30 and not row["carrier"])
    wanted = [
        one for one in stage.inside.cases().values() if isinstance(one, ParcelCase) and one.interception.wanted_at
    ]
    assert 0 < whole["interceptions"]["wanted"] <= len(wanted)
    assert whole["delivered"] <= whole["shipped"]


def test_who_takes_a_ticket_is_seen_by_all(played: Played, stage: Stage, board: httpx.Client) -> None:
    ticket = next(one for one in listed(board) if one["kind"] != "refund")
    where = f"{DEMO}/tickets/{ticket['kind']}/{ticket['case_id']}/{ticket['anomaly']}/take"
    assert board.post(where, json={"by": "小王", "text": "已联系"}).status_code == 202

    def again() -> dict[str, Any]:
        return next(one for one in listed(board) if named([one]) == named([ticket]))

    wait_until(lambda: bool(again()["taken_by"] == "小王"))
    assert again()["answer"] == "已联系"


def test_an_answer_about_a_parcel_that_nobody_knows_is_kept(stage: Stage, board: httpx.Client) -> None:
    said = {"text": "单号已作废", "source": "zto-portal"}
    reply = board.post(f"{DEMO}/parcels/zto/75000000009999/answers", json=said)
    assert (reply.status_code, reply.json()["tickets"]) == (202, [])
    assert board.post(f"{DEMO}/parcels/zto/75000000009999/answers", json={"text": ""}).status_code == 400
    stage.flow.settle()
    shown = board.get(f"{DEMO}/parcels/zto/75000000009999").json()
    assert [one["text"] for one in shown["timeline"]] == ["反馈 zto-portal 单号已作废"]


def on_the_terminal(stage: Stage, board: httpx.Client) -> list[dict[str, Any]]:
    """Give the tickets that the command line lists."""
    token = stage.credentials["board"]["token"]
    settings = {"HUHANG_URL": str(board.base_url), "HUHANG_MERCHANT": "demo", "HUHANG_TOKEN": token}
    done = subprocess.run(
        [sys.executable, "-m", "infra.board", "tickets", "--limit", "500", "--json"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    tickets: list[dict[str, Any]] = json.loads(done.stdout)["tickets"]
    return tickets


def test_the_terminal_shows_the_same(played: Played, stage: Stage, board: httpx.Client) -> None:
    printed, shown = agreeing(lambda: named(on_the_terminal(stage, board)), lambda: named(listed(board)))
    assert printed == shown != set()
