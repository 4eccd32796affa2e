"""What a conversation begins with: words for its buyer and questions to tap.

It is found by the same facts as the first decision.
"""

from shared.domain.policy import Policy
from shared.domain.routing import Welcome
from shared.domain.session import SessionCase
from shared.rules.chat.facts import router_of
from shared.rules.routing.replay import from_document, is_by_rule


def welcome_for(case: SessionCase, line: str, policy: Policy) -> Welcome | None:
    """Give the welcome that belongs to a line: only to the first one of a conversation, asked once or again."""
    if not policy.routing.welcomes or [heard.line for heard in case.heard] != [line]:
        return None
    decided = next((one for one in (case.seen, *reversed(case.routed)) if one and is_by_rule(one)), None)
    return router_of(policy).welcome(from_document(decided.facts)) if decided else None
