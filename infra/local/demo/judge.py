"""Did every scene end as it has to? Huhang's own cases beside the sandbox's truth; every difference is one sentence.

How parcels were watched is judged in `judge_watch.py`.
"""

from collections.abc import Iterator, Mapping

from infra.local.demo.cast import Cast
from infra.local.demo.evidence import Evidence, differ
from infra.local.demo.flow import CONSUMERS, Counted
from infra.local.demo.judge_chat import judge_chat, judge_report
from infra.local.demo.judge_watch import judge_board, judge_subscriptions, judge_watch
from infra.local.demo.scenes import ParcelEnd, RefundEnd, Scene

LIVE = ("INTERCEPTING", "INTERCEPT_SUCCESS", "PACKAGE_DELIVERING")
BY_US = "merchant_api"
BATCH_MAX = 10


def judge_scene(scene: Scene, cast: Cast, evidence: Evidence) -> list[str]:
    """Give what is not as it has to be; nothing when all is well."""
    problems: list[str] = []
    for number, end in scene.refunds.items():
        problems += _refund(cast.refund(number), end, evidence)
    for number, parcel_end in scene.parcels.items():
        problems += _parcel(cast.waybill(number), parcel_end, evidence)
    problems += judge_watch(scene, cast, evidence)
    problems += judge_chat(scene, cast, evidence)
    problems += [f"huhang answered {answer} to a repeated message" for answer in cast.answers if answer != 200]
    return problems


def judge_all(evidence: Evidence, counted: Counted, accepted: int, dead: Mapping[str, int]) -> list[str]:
    """Give what holds for no scene in particular: nothing paid twice, stopped twice, lost or dead."""
    problems = [
        f"refund {number} was paid {refund['refund_effects']} times"
        for number, refund in evidence.truth["refunds"].items()
        if refund["refund_effects"] > 1
    ]
    for waybill, parcel in evidence.truth["parcels"].items():
        live = sum(one["status"] in LIVE for one in parcel["interceptions"])
        if live > 1 or parcel["effective_interceptions"] > 1:
            problems.append(f"parcel {waybill} has {live} live interceptions")
    problems += [*judge_subscriptions(evidence), *judge_board(evidence), *judge_report(evidence)]
    problems += [f"{count} messages are dead in {name}" for name, count in dead.items()]
    problems += [f"a function failed: {failure}" for failure in counted.failed]
    problems += [f"a poll failed: {failure}" for failure in dict.fromkeys(counted.poll_failures)]
    lost = lost_events(counted, accepted)
    return [*problems, f"{lost} events were lost"] if lost else problems


def lost_events(counted: Counted, accepted: int) -> int:
    """How many events came in and found no fate; repeated deliveries only add fates.

    An invocation whose lines the emulator lost may have found ten.
    """
    came = accepted + counted.polled + counted.woken + counted.asked + counted.own_events
    unheard = counted.silent(*CONSUMERS) * BATCH_MAX
    return max(0, came - sum(counted.fates.values()) - unheard)


def _refund(number: str, end: RefundEnd, evidence: Evidence) -> Iterator[str]:
    case, truth = evidence.refunds.get(number), evidence.truth["refunds"].get(number)
    if case is None or truth is None:
        yield f"refund {number} is unknown to {'huhang' if case is None else 'the sandbox'}"
        return
    yield from differ(f"refund {number} ended", case.outcome or case.phase, end.ending)
    tickets = sorted(ticket for ticket in case.tickets if ticket not in end.perhaps)
    yield from differ(f"refund {number} has tickets", tickets, sorted(end.tickets))
    yield from differ(f"refund {number} was paid by", truth["refunded_by"], end.paid_by)
    yield from differ(f"refund {number} paid (fen)", truth["refunded_fen"], end.paid_fen if end.paid_by else 0)
    yield from differ(f"refund {number} was paid, times", truth["refund_effects"], int(bool(end.paid_by)))
    yield from differ(f"refund {number}: calls to agree", truth["operate_calls"], int(end.paid_by == BY_US))
    yield from differ(f"refund {number} knew of the risk", number in evidence.forced_refund_at, end.at_risk)


def _parcel(waybill: str, end: ParcelEnd, evidence: Evidence) -> Iterator[str]:
    truth = evidence.truth["parcels"].get(waybill)
    if truth is None:
        yield f"parcel {waybill} is unknown to the sandbox"
        return
    yield from differ(f"parcel {waybill}: requests", truth["interception_requests"], end.requests)
    yield from differ(f"parcel {waybill}: registered", len(truth["interceptions"]), end.registered)
    yield from differ(f"parcel {waybill}: stopped", truth["effective_interceptions"], end.stopped)
    yield from differ(f"parcel {waybill} is", truth["stage"], end.stage)
