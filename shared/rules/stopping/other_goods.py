"""Does the parcel hold anything that must still arrive? A merged parcel is never stopped for one of its orders."""

from shared.domain.decision import Objection
from shared.domain.parcel import ParcelCase
from shared.domain.policy import Policy


def other_goods(parcel: ParcelCase, policy: Policy) -> Objection | None:
    """Object while a line inside is not covered by a refund; a later refund may cover it.

    An order whose lines nobody has told yet is inside with one line that no refund covers.
    """
    del policy
    inside, left = lines_inside(parcel), lines_to_arrive(parcel)
    if not left:
        return None
    return Objection(
        rule="other_goods",
        code="other_goods_inside",
        facts={"lines_inside": len(inside), "lines_to_arrive": len(left)},
        threshold="包裹内的商品全部在退",
        may_pass=True,
    )


def lines_to_arrive(parcel: ParcelCase) -> set[tuple[str, str, str]]:
    """Give the lines inside (platform, order, line) that no refund covers."""
    wanted = {(wish.platform, wish.order_id, line) for wish in parcel.wishes for line in wish.line_ids}
    return lines_inside(parcel) - wanted


def lines_inside(parcel: ParcelCase) -> set[tuple[str, str, str]]:
    """Give all lines inside; the one of an order that has told none has no name."""
    return {
        (content.platform, content.order_id, line) for content in parcel.contents for line in content.line_ids or ("",)
    }
