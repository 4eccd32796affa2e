"""Cases and policies in memory."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from shared.adapters.dynamo_cases import begin_to_need_people, cease_to_need_people
from shared.adapters.dynamo_merchants import MembershipVersion
from shared.adapters.dynamo_policies import PolicyVersion
from shared.adapters.open_register import PAGE_MAX
from shared.adapters.outbox import write_outbox
from shared.adapters.table_layout import (
    MERCHANTS,
    POLICY_CHANGES,
    held_after,
    open_pk,
    pointer_needed,
    policy_pk,
    routing_pk,
    scores_pk,
    whole_ms,
)
from shared.domain.decision import AnyCase, BudgetDraw, Spent, TrialDraw
from shared.domain.keys import CaseKey
from shared.domain.merchant import Membership
from shared.domain.messages import Message
from shared.domain.parcel import ParcelCase
from shared.domain.policy import Policy
from shared.domain.routing_report import RoutingReport, Transfers
from shared.domain.scores import Scores
from shared.domain.session import SessionCase
from shared.domain.walls import keep_to
from shared.domain.watching import Pace
from shared.domain.why import Origin
from shared.errors import BudgetExhausted, LostRace, ShopTaken, TrialExhausted
from shared.ports import Loaded, OpenCase, PolicyChange, StoredCase
from tests.fakes.due_index import put_pointer
from tests.fakes.table import FakeTable


class FakeCaseStore:
    """Behaves as DynamoCaseStore does."""

    def __init__(self, table: FakeTable) -> None:
        self.table = table

    def load(self, merchant: str, keys: Sequence[CaseKey]) -> Loaded:
        """Read cases and the policy."""
        keep_to(merchant, (key.merchant for key in keys))
        cases = self.table.cases
        return Loaded(
            cases={key: cases.get(key) or StoredCase(key) for key in keys},
            policy=_in_force(self.table, merchant),
            left=merchant in self.table.withdrawn,
        )

    def save(
        self,
        before: StoredCase,
        case: AnyCase,
        *,
        outbox: Sequence[Message],
        due: datetime | None,
        draw: BudgetDraw | None,
        now: datetime,
        along: tuple[StoredCase, AnyCase] | None = None,
        along_due: datetime | None = None,
    ) -> None:
        """Write the next state, a pointer first where it needs one."""
        key, table = before.key, self.table
        letters = write_outbox(key.merchant, outbox)
        keep_to(key.merchant, [along[0].key.merchant] if along else [])
        if draw is not None and not _fits_caps(draw):
            raise BudgetExhausted
        after = self._armed(before, case, due, now)
        other = None
        if along is not None:
            kept = along[0]._replace(version=along[0].version + 1, case=along[1])
            other = kept if along_due is None else self._armed(*along, along_due, now)
        changes = [(before, case), along] if along else [(before, case)]
        for opened in begin_to_need_people(changes, now):
            self._enter(opened)
        if self._version(key) != before.version:
            raise LostRace(str(key))
        if along is not None and self._version(along[0].key) != along[0].version:
            raise LostRace(str(along[0].key))
        if draw is not None:
            self._draw(key.merchant, draw)
        if other is not None:
            table.cases[other.key] = other
        table.cases[key] = after
        table.wrote(str(key), letters)
        for ended in cease_to_need_people(changes):
            self._leave(ended.key, ended.version + 1)

    def _armed(self, before: StoredCase, case: AnyCase, due: datetime | None, now: datetime) -> StoredCase:
        due = None if due is None else whole_ms(due)
        pointer = pointer_needed(due, before, now)
        if pointer is not None:
            put_pointer(self.table, before.key, pointer)
        held = None if pointer else held_after(due, before, now)
        return StoredCase(before.key, before.version + 1, case, due, pointer or before.armed, held)

    def open_cases(self, merchant: str, after: CaseKey | None = None) -> Sequence[OpenCase]:
        """Give a page of the register behind a key."""
        mine = sorted((str(key), entry) for key, entry in self.table.open_cases.items() if key.merchant == merchant)
        return [entry for text, entry in mine if after is None or text > str(after)][:PAGE_MAX]

    def forget_open(self, entry: OpenCase) -> None:
        """Take an entry off, unless it has been entered anew."""
        if self.table.open_cases.get(entry.key) == entry:
            self._leave(entry.key, entry.version)

    def spent(self, merchant: str, day: date) -> Spent:
        """Give what has been drawn from a day's budget."""
        return Spent(*self.table.budgets.get((merchant, day), (0, 0)))

    def _enter(self, entry: OpenCase) -> None:
        known = self.table.open_cases.get(entry.key)
        if known is None or known.version <= entry.version:
            self.table.open_cases[entry.key] = entry._replace(at=whole_ms(entry.at))
            self.table.wrote(open_pk(entry.key.merchant))

    def _leave(self, key: CaseKey, version: int) -> None:
        known = self.table.open_cases.get(key)
        if known is not None and known.version <= version:
            del self.table.open_cases[key]
            self.table.wrote(open_pk(key.merchant))

    def _version(self, key: CaseKey) -> int:
        stored = self.table.cases.get(key)
        return stored.version if stored else 0

    def _draw(self, merchant: str, draw: BudgetDraw) -> None:
        if draw.trial is not None and not self._fits_trial(merchant, draw, draw.trial):
            day_fen, day_refunds = self.table.budgets.get((merchant, draw.day), (0, 0))
            if day_fen + draw.amount_fen <= draw.amount_fen_max and day_refunds + draw.refunds <= draw.refunds_max:
                raise TrialExhausted
        amount_fen, refunds = self.table.budgets.get((merchant, draw.day), (0, 0))
        total_fen, total = amount_fen + draw.amount_fen, refunds + draw.refunds
        if (draw.amount_fen > 0 and total_fen > draw.amount_fen_max) or (draw.refunds > 0 and total > draw.refunds_max):
            raise BudgetExhausted
        if total_fen < 0 or total < 0:  # what was never drawn cannot be given back
            if draw.amount_fen > 0 or draw.refunds > 0:
                raise BudgetExhausted
        else:
            self.table.budgets[merchant, draw.day] = total_fen, total
            if draw.trial is not None:
                trial_fen, trials = self.table.trials.get((merchant, draw.trial.version), (0, 0))
                spent = trial_fen + draw.amount_fen, trials + draw.refunds
                self.table.trials[merchant, draw.trial.version] = spent

    def _fits_trial(self, merchant: str, draw: BudgetDraw, trial: TrialDraw) -> bool:
        amount_fen, refunds = self.table.trials.get((merchant, trial.version), (0, 0))
        fits = amount_fen + draw.amount_fen <= trial.amount_fen_max
        return fits and refunds + draw.refunds <= trial.refunds_max


def _in_force(table: FakeTable, merchant: str) -> Policy | None:
    policy = table.policies.get(merchant)
    return policy.model_copy(update={"paces": table.paces[merchant]}) if policy and merchant in table.paces else policy


def _fits_caps(draw: BudgetDraw) -> bool:
    amount_fits = draw.amount_fen <= 0 or draw.amount_fen <= draw.amount_fen_max
    return amount_fits and (draw.refunds <= 0 or draw.refunds <= draw.refunds_max)


class FakePolicyStore:
    """Behaves as DynamoPolicyStore does."""

    def __init__(self, table: FakeTable) -> None:
        self.table = table

    def put_policy(self, policy: Policy, origin: Origin | None = None, said: Sequence[Message] = ()) -> None:
        """Put the next version in force."""
        if policy.version != self.version(policy.merchant) + 1:
            raise LostRace(policy_pk(policy.merchant))
        policy = policy.model_copy(update={"paces": {}})
        self.table.policies[policy.merchant] = policy
        self.table.withdrawn.discard(policy.merchant)
        self.table.policy_history[policy.merchant, policy.version] = PolicyVersion(policy, origin)
        if policy.version > 1:
            self.table.policy_changes[policy.merchant] = PolicyChange(policy.merchant, policy.version)
        self.table.wrote(policy_pk(policy.merchant), write_outbox(policy.merchant, said))

    def trial_spent(self, merchant: str, version: int) -> Spent:
        """Give what a version on trial has spent."""
        return Spent(*self.table.trials.get((merchant, version), (0, 0)))

    def policy(self, merchant: str, version: int | None = None) -> Policy | None:
        """Give the policy in force, or the one of a version."""
        if version is None:
            return _in_force(self.table, merchant)
        found = self.table.policy_history.get((merchant, version))
        return found.policy if found else None

    def history(self, merchant: str) -> Sequence[Policy]:
        """Give every policy there was, oldest first."""
        return [version.policy for version in self.versions(merchant)]

    def versions(self, merchant: str) -> Sequence[PolicyVersion]:
        """Give every policy there was, oldest first, and who put it in force."""
        return [
            self.table.policy_history[name, number]
            for name, number in sorted(self.table.policy_history)
            if name == merchant
        ]

    def version(self, merchant: str) -> int:
        """Give the number of the newest policy."""
        return max((version for name, version in self.table.policy_history if name == merchant), default=0)

    def withdraw(self, merchant: str) -> None:
        """Take the policy in force away."""
        if self.table.policies.pop(merchant, None):
            self.table.withdrawn.add(merchant)
            self.table.wrote(policy_pk(merchant))


class FakeMerchants:
    """Behaves as DynamoMerchants does."""

    def __init__(self, table: FakeTable) -> None:
        self.table = table

    def membership(self, merchant: str) -> Membership | None:
        """Give a merchant's membership."""
        return self.table.memberships.get(merchant)

    def memberships(self) -> Sequence[Membership]:
        """Give all merchants, in order."""
        return [self.table.memberships[merchant] for merchant in sorted(self.table.memberships)]

    def versions(self, merchant: str) -> Sequence[MembershipVersion]:
        """Give every membership a merchant has had."""
        return self.table.standings.get(merchant, [])

    def put(self, membership: Membership, origin: Origin | None = None) -> None:
        """Store the next version of a membership, with its shops."""
        merchant, table = membership.merchant, self.table
        before = table.memberships.get(merchant)
        if membership.version != (before.version if before else 0) + 1:
            raise LostRace(merchant)
        held = () if membership.has_left else membership.shops
        for shop in held:
            if table.shops.get(shop, merchant) != merchant:
                raise ShopTaken("shop_taken", shop)
        table.shops = {shop: name for shop, name in table.shops.items() if name != merchant} | dict.fromkeys(
            held, merchant
        )
        table.memberships[merchant] = membership
        table.standings.setdefault(merchant, []).append(MembershipVersion(membership, origin))
        table.wrote(MERCHANTS)

    def forget(self, membership: Membership) -> None:
        """Take a merchant off the list, unless it has changed."""
        if self.table.memberships.get(membership.merchant) == membership:
            del self.table.memberships[membership.merchant]
            self.table.wrote(MERCHANTS)


class FakePolicyChanges:
    """Behaves as DynamoPolicyChanges does."""

    def __init__(self, table: FakeTable) -> None:
        self.table = table

    def changes(self) -> Sequence[PolicyChange]:
        """Give what is noted."""
        return [self.table.policy_changes[merchant] for merchant in sorted(self.table.policy_changes)]

    def keep(self, change: PolicyChange) -> bool:
        """Store how far the word has come, unless a newer policy was put or somebody else has taken this step."""
        if not self._is_newest(change) or self.table.policy_changes[change.merchant].steps != change.steps - 1:
            return False
        self.table.policy_changes[change.merchant] = change
        self.table.wrote(POLICY_CHANGES)
        return True

    def done(self, change: PolicyChange) -> None:
        """Take a note away, unless a newer policy was put."""
        if self._is_newest(change):
            del self.table.policy_changes[change.merchant]
            self.table.wrote(POLICY_CHANGES)

    def _is_newest(self, change: PolicyChange) -> bool:
        known = self.table.policy_changes.get(change.merchant)
        return known is not None and known.version == change.version


class FakeScores:
    """Behaves as DynamoScores does."""

    def __init__(self, table: FakeTable) -> None:
        self.table = table

    def cases(self) -> Iterator[tuple[str, ParcelCase | SessionCase]]:
        """Give every parcel and every conversation with its merchant."""
        for key, stored in self.table.cases.items():
            if isinstance(stored.case, ParcelCase | SessionCase):
                yield key.merchant, stored.case

    def put(self, scores: Scores) -> None:
        """Replace a merchant's scorecard."""
        self.table.scores[scores.merchant] = scores
        self.table.wrote(scores_pk(scores.merchant))

    def scores(self, merchant: str) -> Scores | None:
        """Give the newest scorecard."""
        return self.table.scores.get(merchant)

    def measured(self, merchant: str, paces: Mapping[str, Pace]) -> None:
        """Let the merchant's policy know."""
        if merchant in self.table.policies:
            self.table.paces[merchant] = dict(paces)
            self.table.wrote(policy_pk(merchant))


class FakeRoutingReports:
    """Behaves as DynamoRoutingReports does."""

    def __init__(self, table: FakeTable) -> None:
        self.table = table

    def put(self, report: RoutingReport, transfers: Transfers) -> None:
        """Replace a merchant's report and the list of its transfers."""
        self.table.reports[report.merchant] = report, transfers
        self.table.wrote(routing_pk(report.merchant))

    def report(self, merchant: str) -> RoutingReport | None:
        """Give the newest report."""
        found = self.table.reports.get(merchant)
        return found[0] if found else None

    def transfers(self, merchant: str) -> Transfers | None:
        """Give the newest list of transfers."""
        found = self.table.reports.get(merchant)
        return found[1] if found else None


class FakeWatermarks:
    """How far sources were read, by merchant and source."""

    def __init__(self, read: Mapping[str, Mapping[str, datetime]] | None = None) -> None:
        self.read = read or {}

    def all(self, merchant: str) -> Mapping[str, datetime]:
        """Give the instants by source."""
        return self.read.get(merchant, {})
