"""The board's questions about conversations: how the rules do, who was sent where and why, one session in full."""

from collections.abc import Iterable

from shared.domain.chat_board import SessionView, TransferList
from shared.domain.keys import session_key
from shared.domain.policy import Policy
from shared.domain.routing_report import RoutingReport
from shared.domain.session import Routed, SessionCase
from shared.errors import UnknownCase
from shared.ports import CaseStore, Policies, RoutingReports
from shared.rules.chat.views import session_view, transfer_list

VERSIONS_MAX = 10
"""So many policies are looked up for one answer; what older ones decided is told in fewer words."""


def show_routing(merchant: str, reports: RoutingReports) -> RoutingReport:
    """Give the newest report.

    Raises:
        UnknownCase: none was made yet.
    """
    found = reports.report(merchant)
    if found is None:
        raise UnknownCase("no_report", "No report on chats was made yet: one is made every hour.")
    return found


def list_transfers(merchant: str, limit: int, reports: RoutingReports, policies: Policies) -> TransferList:
    """List the latest transfers with their reasons.

    Raises:
        UnknownCase: no list was made yet.
    """
    found = reports.transfers(merchant)
    if found is None:
        raise UnknownCase("no_report", "No list of transfers was made yet: one is made every hour.")
    routed = [row.routed for row in found.transfers[:limit]]
    return transfer_list(found, limit, _policies_of(merchant, routed, policies))


def show_session(merchant: str, channel: str, session_id: str, cases: CaseStore, policies: Policies) -> SessionView:
    """Show one conversation, with every decision that is still known made again.

    Raises:
        UnknownCase: nothing is known of it.
    """
    key = session_key(merchant, channel, session_id)
    case = cases.load(merchant, [key]).cases[key].case
    if not isinstance(case, SessionCase):
        raise UnknownCase("unknown_session", f"Nothing is known of a session {session_id} in {channel}.")
    routed = [*case.routed, case.seen] if case.seen else case.routed
    return session_view(merchant, case, _policies_of(merchant, routed, policies))


def _policies_of(merchant: str, decisions: Iterable[Routed], policies: Policies) -> dict[int, Policy]:
    """Read the policies by which was decided, the latest first."""
    versions = sorted({routed.policy_version for routed in decisions}, reverse=True)[:VERSIONS_MAX]
    found = {version: policies.policy(merchant, version) for version in versions}
    return {version: policy for version, policy in found.items() if policy is not None}
