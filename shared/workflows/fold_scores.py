"""What did couriers do for each merchant, and where did its conversations go? Every parcel and every session is read
once an hour and counted; healthy or not.
"""

from typing import NamedTuple

from shared.domain.parcel import ParcelCase
from shared.ports import Clock, RoutingReports, ScoreStore
from shared.rules.chat.report import ReportInTheMaking
from shared.rules.funnel import Funnel
from shared.rules.scorecard import Scorecard


class Folded(NamedTuple):
    """For how many merchants, and whether the funnel of all their interceptions falls."""

    merchants: int
    funnel_falls: bool


def fold_scores(store: ScoreStore, reports: RoutingReports, clock: Clock) -> Folded:
    """Make every merchant's scorecard and report anew, and measure its couriers.

    Nothing is stored before everything was read: a scan that fails leaves what was made in the last hour.
    """
    now = clock.now()
    cards: dict[str, Scorecard] = {}
    chats: dict[str, ReportInTheMaking] = {}
    funnel = Funnel(now)
    for merchant, case in store.cases():
        if isinstance(case, ParcelCase):
            card = cards.get(merchant) or cards.setdefault(merchant, Scorecard(merchant, now))
            card.add(case)
            funnel.add(case)
        else:
            chat = chats.get(merchant) or chats.setdefault(merchant, ReportInTheMaking(merchant, now))
            chat.add(case)
    for merchant, card in cards.items():
        store.put(card.scores())
        store.measured(merchant, card.paces())
    for chat in chats.values():
        reports.put(chat.report(), chat.transfers())
    return Folded(len(cards.keys() | chats.keys()), funnel.falls)
