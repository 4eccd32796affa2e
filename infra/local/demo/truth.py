"""Huhang's account of these scenes, and the same numbers as the sandbox knows them."""

from collections.abc import Mapping

from infra.local.demo.play import Played
from shared.rules.account import Account, give_account


def account_of(played: Played) -> Account:
    """Fold the cases of these scenes only; a home may hold earlier afternoons."""
    numbers = _waybills(played)
    refunds = [case for number, case in played.evidence.refunds.items() if number in played.refund_ids]
    return give_account(refunds, [case for waybill, case in played.evidence.parcels.items() if waybill in numbers])


def true_funnel(played: Played) -> Mapping[str, int]:
    """Count the steps that the outside can know."""
    numbers = _waybills(played)
    parcels = [parcel for waybill, parcel in played.evidence.truth["parcels"].items() if waybill in numbers]
    stopped = [parcel for parcel in parcels if parcel["effective_interceptions"]]
    return {
        "requested": sum(parcel["interception_requests"] > 0 for parcel in parcels),
        "accepted": sum(bool(parcel["interceptions"]) for parcel in parcels),
        "succeeded": len(stopped),
        "received": sum(parcel["received_at"] is not None for parcel in stopped),
    }


def funnel_problems(played: Played) -> list[str]:
    """Give where huhang's funnel or its money differs from the truth."""
    account, truth = account_of(played), true_funnel(played)
    mine = {rate.step: rate.parcels for funnel in account.funnels for rate in funnel.rates}
    problems = [
        f"the funnel counts {mine.get(step, 0)} parcels {step}, the truth is {count}"
        for step, count in truth.items()
        if mine.get(step, 0) != count
    ]
    refunds = played.evidence.truth["refunds"]
    refunded_fen = sum(refunds[number]["refunded_fen"] for number in played.refund_ids)
    if refunded_fen != account.money.refunded_fen:
        problems.append(f"the account says {account.money.refunded_fen} fen refunded, the truth is {refunded_fen}")
    return problems


def _waybills(played: Played) -> set[str]:
    return {played.casts[scene.number].waybill(number) for scene in played.scenes for number in scene.parcels}
