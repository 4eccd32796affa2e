"""Would a merchant's accounts work? Each is tried at its vendor by a harmless call, a robot by saying hello.

Everything that is wrong is told in sentences that the merchant can act on; none holds a credential.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from shared.domain.credentials import Vendors
from shared.domain.limits import check_limits
from shared.domain.merchant import SHOPS_MAX
from shared.domain.policy import Policy
from shared.domain.roles import Role
from shared.errors import Permanent, Retryable, Unclear, UnknownMerchant
from shared.ports import Clock, Http
from shared.workflows.carry_out_command import converse
from shared.workflows.take_call import FindVendor, VendorKind

OURS = "board"  # the account with us: tokens of those who look at the board
TOKEN_MIN = 16
_SECRET_MIN = 4  # what is shorter may be any word
_TOKENS = ("token", *(role.token_name for role in Role))
"""The keys of that account."""


class Desk(NamedTuple):
    """What checking needs."""

    http: Http
    clock: Clock
    find_vendor: FindVendor
    vendor_names: Callable[[], Mapping[str, tuple[str, ...]]]


class Checked(NamedTuple):
    """What came of it: whose shops these are, and what is wrong."""

    shops: tuple[str, ...]
    problems: tuple[str, ...]


def read_accounts(text: str) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Read the accounts as the merchant wrote them; give those that can be read, and what is wrong with the others."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}, ["Accounts：不是有效的 JSON / this is no JSON"]
    if not isinstance(document, dict) or not document:
        return {}, ['Accounts：应为 {"供应商": {"键": "值"}} / must be {"vendor": {"key": "value"}}']
    good = {name: account for name, account in document.items() if _is_account(account)}
    problems = [
        _say(name, '应为 {"键": "值"}，值要加引号', 'must be {"key": "value"}, every value in quotes')
        for name in document
        if name not in good
    ]
    if len(document) > SHOPS_MAX:
        problems.append(f"Accounts：最多 {SHOPS_MAX} 个账号 / at most {SHOPS_MAX} accounts")
    return good, problems


def check_accounts(accounts: Vendors, known: Vendors, policy: Policy | None, desk: Desk) -> Checked:
    """Try every account but those that are `known` to be good, since their vendors took them before."""
    shops, problems = [], list(_board_problems(accounts.get(OURS, {})))
    for name, account in accounts.items():
        if name == OURS or account == known.get(name):
            continue
        try:
            kind, vendor = kind_of(name, policy, desk.vendor_names())
            module = desk.find_vendor(kind, vendor)
            check_limits(account)
            shop: str = converse(module.check_account(account, desk.clock.now()), desk.http)
        except (Permanent, Retryable, Unclear) as error:
            problems.append(_without_secrets(_sentence(name, error), account))
        else:
            shops += [shop] if shop else []
    problems += [
        _say(shop, "同一店铺填写了两次", "the same shop stands here twice")
        for shop in set(shops)
        if shops.count(shop) > 1
    ]
    return Checked(tuple(shops), tuple(problems))


def kind_of(name: str, policy: Policy | None, names: Mapping[str, tuple[str, ...]]) -> tuple[VendorKind, str]:
    """Say which vendor an account is for: the one of its name, or the channel of the robot that uses it.

    Raises:
        Permanent: `unknown_account`; there is neither.
    """
    kinds: tuple[VendorKind, ...] = ("platforms", "couriers", "erps", "channels")
    for kind in kinds:
        if name in names[kind]:
            return kind, name
    for robot in policy.robots.values() if policy else ():
        if robot.account == name and robot.channel in names["robots"]:
            return "channels", robot.channel
    known = "、".join(sorted(one for kind in kinds for one in names[kind]))
    raise Permanent("unknown_account", known)


def _is_account(account: object) -> bool:
    return isinstance(account, dict) and all(isinstance(value, str) for value in account.values())


def _board_problems(account: Mapping[str, str]) -> Iterator[str]:
    for name, token in account.items():
        if name not in _TOKENS:
            yield _say(f"{OURS}.{name}", f"只能是 {'、'.join(_TOKENS)}", "is not known")
        elif len(token) < TOKEN_MIN:
            yield _say(f"{OURS}.{name}", f"至少 {TOKEN_MIN} 位", f"at least {TOKEN_MIN} characters")
    if len(set(account.values())) < len(account):
        yield _say(OURS, "每个角色的令牌必须不同", "each role needs a token of its own")


def _sentence(name: str, error: Permanent | Retryable | Unclear) -> str:
    match error:
        case UnknownMerchant(code="account_incomplete"):
            return _say(name, f"缺少或写错了 {error.text}", f"{error.text} is missing or wrong")
        case Permanent(code="unknown_account"):
            return _say(
                name,
                f"不是供应商，策略中也没有机器人使用它；供应商有 {error.text}",
                "is no vendor, and no robot uses it",
            )
        case Permanent(code="bad_limits"):
            return _say(name, f"限额写法有误（{error.text}）", "its limits cannot be read")
        case Permanent(code="address_refused"):
            return _say(name, f"不接受这个地址（{error.text}）", "huhang does not call this address")
        case Permanent():
            why = f"{error.code} {error.text}".strip()
            return _say(name, f"对方拒绝了这些凭证（{why}）", "its vendor refused these credentials")
        case Retryable() | Unclear():
            return _say(
                name, f"现在无法确认（{error}），请稍后重试", "could not be checked now: please try again later"
            )


def _say(name: str, chinese: str, english: str) -> str:
    return f"{name}：{chinese} / {english}"


def _without_secrets(sentence: str, account: Mapping[str, str]) -> str:
    """Take out what a vendor's words quote of an account, but for what the shop calls itself."""
    secrets = [value for name, value in account.items() if not name.endswith("_id") and len(value) >= _SECRET_MIN]
    for value in sorted(secrets, key=len, reverse=True):
        sentence = sentence.replace(value, "***")
    return sentence
