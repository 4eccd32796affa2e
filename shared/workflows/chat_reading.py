"""What has to be read before a buyer's line is decided about: one call, two where a rule asks who is there."""

from typing import Any

from shared.domain.chat_events import LineReceived, LineSaid
from shared.domain.conditions import Period
from shared.domain.decision import Facts
from shared.domain.keys import CaseKey, desk_key, order_key, refund_key
from shared.domain.order import OrderCase
from shared.domain.policy import Policy
from shared.domain.refund import RefundCase
from shared.domain.session import DeskCase, SessionCase
from shared.ports import CaseStore, Loaded
from shared.rules.chat.facts import asks_who_is_there, usual_group
from shared.rules.chat.listening import understand_line


def line_keys(event: LineReceived | LineSaid) -> list[CaseKey]:
    """Name the session and what is known of its buyer: her orders and refunds."""
    merchant, platform = event.merchant, event.shopper.platform
    orders = [order_key(merchant, platform, order_id) for order_id in event.order_ids]
    refunds = [refund_key(merchant, platform, refund_id) for refund_id in event.refund_ids]
    return [event.case, *orders, *refunds]


def load_line(event: LineReceived | LineSaid, store: CaseStore, guessed: tuple[CaseKey, ...] = ()) -> Loaded:
    """Read what a line is decided by; the desks that are needed besides, unless they are among the `guessed` ones."""
    loaded = store.load(event.merchant, [*line_keys(event), *guessed])
    if loaded.policy is None or not asks_who_is_there(loaded.policy.routing):
        return loaded
    missing = [key for key in usual_desks(loaded.policy) if key not in loaded.cases]
    if not missing:
        return loaded
    return loaded._replace(cases={**loaded.cases, **store.load(event.merchant, missing).cases})


def usual_desks(policy: Policy) -> list[CaseKey]:
    """Name the desks that buyers get by default."""
    groups = dict.fromkeys(usual_group(policy.routing, period) for period in Period)
    return [desk_key(policy.merchant, group) for group in groups if group is not None]


def line_facts(event: LineReceived | LineSaid, loaded: Loaded) -> Facts[Any]:
    """Put together what a line is decided by; one that comes with its words is understood here."""
    found = [stored.case for stored in loaded.cases.values()]
    session = loaded.cases[event.case].case
    known = session if isinstance(session, SessionCase) else None
    return Facts(
        merchant=event.merchant,
        event=understand_line(event, known) if isinstance(event, LineSaid) else event,
        case=known,
        orders=tuple(case for case in found if isinstance(case, OrderCase)),
        refunds=tuple(case for case in found if isinstance(case, RefundCase)),
        desks=tuple(case for case in found if isinstance(case, DeskCase)),
    )
