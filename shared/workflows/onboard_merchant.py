"""A merchant joins, changes or leaves, by its own stack.

    join, change:  ask ─▶ everything is checked ─▶ membership and shops ─▶ policy ─▶ credentials ─▶ addresses
    leave:                membership: left ─▶ no policy ─▶ no credentials

Nothing is stored before all of it was found good, and the door opens with the last step. Each step leaves what it finds
done, so that the same wish again, after a crash after any of them, ends in the same state. The steps of leaving stop
what is dearest first: no command is carried out for a merchant that has left.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from shared.domain.credentials import OFFERED_PREFIX, Secret, Vendors
from shared.domain.joining import Answer, Application, JoinRefused, Wish, account_of, refusal
from shared.domain.merchant import REMAINS_KEPT, Membership, Standing
from shared.domain.policy import Policy
from shared.domain.why import Origin
from shared.errors import LostRace, Retryable, ShopTaken
from shared.ports import Answers, Merchants, MerchantSecrets, PolicyStore
from shared.workflows.check_merchant import Desk, check_accounts, read_accounts
from shared.workflows.merchant_addresses import Addresses
from shared.workflows.wanted_policy import is_same, wanted_policy

BOTH_VALID_FOR = timedelta(hours=24)
"""How long what vendors sign with the credentials of before is accepted after a change."""

DATA_KEPT_FOR = timedelta(days=3 * 366)
"""How long something is kept of a merchant that has left (`docs/data.md` says what, and by which law)."""

TIME_NEEDED_S = 40.0
"""What storing everything may take; with less time left, nothing is begun."""

_RACES_MAX = 4
_LATE = "检查用时过长，请稍后重试 / checking took too long: please try again later"
_EXPORT = (
    "数据再保留 {days} 天，其间护航的运维可以导出 / your data are kept for {days} days; until then huhang's "
    "operators can export them: python -m infra.merchants export {merchant} --to DIR"
)
_BUSY = "护航暂时繁忙，请稍后重试 / huhang is busy: please try again later"


class Office(NamedTuple):
    """What onboarding uses. `time_left_s` is how long the function may still run."""

    merchants: Merchants
    policies: PolicyStore
    secrets: MerchantSecrets
    answers: Answers
    desk: Desk
    base_url: str
    time_left_s: Callable[[], float]

    def addresses(self, merchant: str) -> Addresses:
        """Where vendors reach us for a merchant."""
        return Addresses(self.base_url, merchant, self.desk)


class _Terms(NamedTuple):
    """What was found good: credentials, shops, and a policy where it is a new one."""

    accounts: Vendors
    shops: tuple[str, ...]
    policy: Policy | None


def onboard_merchant(application: Application, office: Office) -> Answer:
    """Do what a stack wishes and give what it is to be told; the same request again is told the same."""
    answer = office.answers.answer(application.request_id)
    if answer is None:
        answer = _try(application, office)
        office.answers.keep(application.request_id, answer)
    return answer


def _try(application: Application, office: Office) -> Answer:
    for _ in range(_RACES_MAX):
        try:
            if application.wish is Wish.LEAVE:
                return _leave(application, office)
            return _join(application, office)
        except LostRace:
            continue  # a person has changed it at the same moment
        except JoinRefused as error:
            return refusal(application.merchant, error.sentences)
        except ShopTaken as error:
            taken = f"{error.text}：这个店铺已由另一个商户号接入 / this shop has joined with another merchant id"
            return refusal(application.merchant, [taken])
        except Retryable:
            break
    return refusal(application.merchant, [_BUSY])


# ---- joining and changing ----------------------------------------------------------------------------------------


def _join(application: Application, office: Office) -> Answer:
    before = office.merchants.membership(application.merchant)
    _refuse_strangers(application, before)
    kept = office.secrets.kept(application.merchant)
    terms = _terms(application, before, kept, office)
    if office.time_left_s() < TIME_NEEDED_S:
        raise JoinRefused(_LATE)
    member = _membership(application, before, terms.shops, office)
    if terms.policy:
        office.policies.put_policy(terms.policy, _origin(application, office))
    _keep(application, kept, terms.accounts, office)
    _remember(application, member, office)
    version = office.policies.version(application.merchant)
    return Answer(
        accepted=True,
        merchant=application.merchant,
        data={**office.addresses(application.merchant).told(terms.accounts), "PolicyVersion": str(version)}
        | {"Standing": member.standing},
    )


def _refuse_strangers(application: Application, before: Membership | None) -> None:
    """A merchant belongs to one stack. One that has left may come back, but only from the same AWS account."""
    if before is None or before.stack_id == application.stack_id:
        return
    if not before.has_left:
        raise JoinRefused("Merchant：这个商户号已由另一个堆栈接入 / this merchant has joined by another stack")
    if account_of(before.stack_id) != account_of(application.stack_id):
        raise JoinRefused("Merchant：这个商户号属于另一个 AWS 账号 / this merchant belongs to another AWS account")


def _terms(application: Application, before: Membership | None, kept: Secret | None, office: Office) -> _Terms:
    """Check everything.

    Raises:
        JoinRefused: all that is wrong.
    """
    text = office.secrets.offered(application.secret_arn)
    if text is None:
        name = OFFERED_PREFIX + application.merchant
        raise JoinRefused(f"SecretArn：读不到密钥 {name} / the secret {name} cannot be read")
    written, problems = read_accounts(text)
    accounts = office.addresses(application.merchant).completed(written)
    in_force = office.policies.policy(application.merchant)
    names = office.desk.vendor_names()
    wanted, found = wanted_policy(application, before, in_force, accounts, names, office.policies)
    known = kept.vendors if kept and before and not before.has_left else {}
    checked = check_accounts(accounts, known, wanted or in_force, office.desk)
    if problems := [*problems, *checked.problems, *found]:
        raise JoinRefused(*problems)
    unchanged = [name for name, account in accounts.items() if account == known.get(name)]
    held = [shop for shop in (before.shops if before else ()) if shop.partition(":")[0] in unchanged]
    is_new = wanted is not None and not is_same(wanted, in_force)
    return _Terms(accounts, tuple(sorted({*held, *checked.shops})), wanted if is_new else None)


def _membership(
    application: Application, before: Membership | None, shops: tuple[str, ...], office: Office
) -> Membership:
    """Put the merchant on the list, unless it stands there so already. A person's pause outlasts other changes."""
    wanted = Standing.PAUSED if application.paused else Standing.ACTIVE
    joins = before is None or before.has_left
    if before is not None and not joins and before.stack_paused == application.paused:
        wanted = before.standing
    reason = before.reason if before and before.standing is wanted else ""
    if not reason and wanted is Standing.PAUSED:
        reason = "堆栈参数 Status=paused / by the stack"
    member = Membership(
        merchant=application.merchant,
        version=(before.version if before else 0) + 1,
        standing=wanted,
        since=before.since if before and before.standing is wanted else office.desk.clock.now(),
        stack_id=application.stack_id,
        stack_policy=before.stack_policy if before and not joins else "",
        stack_paused=before.stack_paused if before and not joins else None,
        shops=shops,
        reason=reason,
    )
    if before is not None and member == before.model_copy(update={"version": member.version}):
        return before
    office.merchants.put(member, _origin(application, office))
    return member


def _keep(application: Application, kept: Secret | None, accounts: Vendors, office: Office) -> None:
    """Let the functions have the credentials; those of before stay valid for a while at the door."""
    if kept and kept.vendors == accounts:
        return
    secret = Secret(accounts)
    if kept:
        secret = Secret(accounts, kept.vendors, office.desk.clock.now() + BOTH_VALID_FOR)
    office.secrets.keep(application.merchant, secret, change=application.request_id)


def _remember(application: Application, member: Membership, office: Office) -> None:
    """Note what the stack has had carried out, once it is: only what it says otherwise later is its wish."""
    word = {"stack_policy": application.policy_digest, "stack_paused": application.paused}
    done = member.model_copy(update=word)
    if done != member:
        office.merchants.put(done.model_copy(update={"version": member.version + 1}), _origin(application, office))


def _origin(application: Application, office: Office) -> Origin:
    """Say who changes something. Not by the stack's whole id: whoever knows that may speak for the stack."""
    by = application.stack_id.rpartition("/")[0]
    return Origin(by=by, at=office.desk.clock.now(), why=f"CloudFormation {application.wish}")


# ---- leaving -----------------------------------------------------------------------------------------------------


def _leave(application: Application, office: Office) -> Answer:
    """Stop everything. A stack that was refused, or whose merchant has come back by another, has nothing to stop."""
    before = office.merchants.membership(application.merchant)
    answer = Answer(accepted=True, merchant=application.merchant)
    if before is None or before.stack_id != application.stack_id:
        return answer
    now = office.desk.clock.now()
    if not before.has_left:
        left = {"version": before.version + 1, "standing": Standing.LEFT, "since": now}
        why = {"reason": "堆栈已删除 / its stack was deleted", "kept_until": now + DATA_KEPT_FOR}
        office.merchants.put(before.model_copy(update={**left, **why}), _origin(application, office))
    office.policies.withdraw(application.merchant)
    office.secrets.drop(application.merchant)
    return answer._replace(reason=_EXPORT.format(days=REMAINS_KEPT.days, merchant=application.merchant))
