"""What did couriers do for each merchant, and where did its conversations go? Every parcel and every session is read
once an hour and counted; healthy or not.
"""

from shared.domain.parcel import ParcelCase
from shared.ports import Clock, RoutingReports, ScoreStore
from shared.rules.chat.report import ReportInTheMaking
from shared.rules.scorecard import Scorecard


def fold_scores(store: ScoreStore, reports: RoutingReports, clock: Clock) -> int:
    """Make every merchant's scorecard and report anew, and measure its couriers; give the number of merchants.

    Nothing is stored before everything was read: a scan that fails leaves what was made in the last hour.
    """
    now = clock.now()
    cards: dict[str, Scorecard] = {}
    chats: dict[str, ReportInTheMaking] = {}
    for merchant, case in store.cases():
        if isinstance(case, ParcelCase):
            card = cards.get(merchant) or cards.setdefault(merchant, Scorecard(merchant, now))
            card.add(case)
        else:
            chat = chats.get(merchant) or chats.setdefault(merchant, ReportInTheMaking(merchant, now))
            chat.add(case)
    for merchant, card in cards.items():
        store.put(card.scores())
        store.measured(merchant, card.paces())
    for chat in chats.values():
        reports.put(chat.report(), chat.transfers())
    return len(cards.keys() | chats.keys())
