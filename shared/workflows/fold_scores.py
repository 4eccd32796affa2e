"""What did couriers do for each merchant? Every parcel is read once an hour and counted; healthy or not."""

from shared.ports import Clock, ScoreStore
from shared.rules.scorecard import Scorecard


def fold_scores(store: ScoreStore, clock: Clock) -> int:
    """Make every merchant's scorecard anew, and measure its couriers; give the number of merchants.

    Nothing is stored before everything was read: a scan that fails leaves the cards of the last hour.
    """
    now = clock.now()
    cards: dict[str, Scorecard] = {}
    for merchant, parcel in store.parcels():
        card = cards.get(merchant) or cards.setdefault(merchant, Scorecard(merchant, now))
        card.add(parcel)
    for merchant, card in cards.items():
        store.put(card.scores())
        store.measured(merchant, card.paces())
    return len(cards)
