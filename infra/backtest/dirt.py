"""What is wrong with recorded data, by kind. It is counted and passed by: it stops nothing and raises no alarm."""

from collections import Counter

KINDS = {
    "columns": "a row with another number of columns: left out",
    "no_order_id": "no order number: left out",
    "repeated_order": "an order number for the second time: left out",
    "weight_unreadable": "a weight that is no number above 0: left out",
    "no_milestones": "neither payment nor shipping: left out",
    "time_unreadable": "a time that cannot be read, or without a time of day: as if it were missing",
    "time_implausible": "a time before 2000 or after 2100: as if it were missing",
    "amount_unreadable": "an amount that is no sum of money: exposure unknown",
    "carrier_unusable": "a carrier that is no short code: as if it were missing",
    "no_payment_time": "no time of payment: not judged from payment on",
    "handed_before_paid": "handed over before the payment: shipping not judged",
    "pickup_before_shipping": "picked up before it was shipped: pickup not judged",
    "delivered_before_handed": "delivered before it was handed over: shipping or pickup not judged",
    "delivered_before_paid": "delivered before the payment: not judged from payment on",
    "handover_missing": "on the road, but never handed over: shipping and pickup not judged",
    "milestone_missing": "a time in the middle of the way is missing: pickup or movement not judged",
    "out_of_order": "times in the middle of the way in an impossible order: movement or delivery not judged",
    "delivered_without_time": "delivered at an unknown time: undecided after its last milestone",
    "cancelled_without_time": "cancelled at an unknown time: undecided after its last milestone",
    "cancelled_but_delivered": "cancelled, but delivered: taken as delivered",
    "deadline_before_payment": "its own shipping deadline lies before the payment: shipping not judged",
    "image_unreadable": "a state of a case that this version cannot read: the case is left out",
    "began_before_history": "began before the history: only what began later is judged",
    "other_merchant": "a state of another merchant's case: left out",
}


class Dirt:
    """Counts by kind, with the first place of each."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: dict[str, str] = {}

    def add(self, kind: str, where: str) -> None:
        """Count one more of a kind that `KINDS` lists."""
        if kind not in KINDS:
            raise KeyError(kind)
        self.counts[kind] += 1
        self.first.setdefault(kind, where)

    def rows(self) -> list[tuple[str, int, str]]:
        """Give kind, count and first place, in the order of `KINDS`."""
        return [(kind, self.counts[kind], self.first[kind]) for kind in KINDS if self.counts[kind]]
