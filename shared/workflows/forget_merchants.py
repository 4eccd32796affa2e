"""Who has left is forgotten: their cases after ninety days, the rest when nobody may ask for it any more.

    leaves ──90 days──▶ everything but policies and memberships ──kept_until──▶ these too, and the merchant itself

What is due is found by reading the keys of the whole table, four times a day and only while somebody has left: nothing
has to be remembered, and a run that fails is made up for by the next. Before a merchant's items are deleted it is asked
once more whether it is still gone: it may have come back this minute.
"""

from collections.abc import Mapping
from datetime import datetime

from shared.domain.merchant import Membership
from shared.ports import Clock, Merchants, Place, Remains

EXPLAINING = ("policy", "standing")
"""Kinds of items that explain a merchant's history, and are kept as long as it."""


def forget_merchants(merchants: Merchants, remains: Remains, clock: Clock) -> int:
    """Delete what is due; give how many items there were."""
    now = clock.now()
    gone = {one.merchant: one for one in merchants.memberships() if one.has_left and now >= one.remains_until}
    if not gone:
        return 0
    erased = 0
    for page in remains.pages():
        for merchant, places in _due(page, gone, now).items():
            if merchants.membership(merchant) == gone[merchant]:
                remains.erase(places)
                erased += len(places)
    for member in gone.values():
        if _is_forgotten(member, now):
            merchants.forget(member)
    return erased


def _due(page: list[Place], gone: Mapping[str, Membership], now: datetime) -> dict[str, list[Place]]:
    due: dict[str, list[Place]] = {}
    for place in page:
        merchant, bar, rest = place.pk.partition("|")
        member = gone.get(merchant) if bar else None
        if member and (rest.partition("|")[0] not in EXPLAINING or _is_forgotten(member, now)):
            due.setdefault(merchant, []).append(place)
    return due


def _is_forgotten(member: Membership, now: datetime) -> bool:
    return member.kept_until is not None and now >= member.kept_until
