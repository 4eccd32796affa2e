"""The commands for policies: check, compare, show, put in force, take back."""

import argparse

from infra.backtest.policies import with_pack
from infra.backtest.stories import HistoryRefused
from infra.merchants.answers import Answer, Command
from infra.merchants.difference import Change, difference
from infra.merchants.documents import Refusal, Refused, as_document, find_policy, read_policy, read_text
from infra.merchants.fields import fields_table
from infra.merchants.impact import as_json, as_lines, impact_of
from infra.merchants.remarks import remarks
from infra.merchants.schema import policy_schema, written
from infra.merchants.stores import Stores
from shared.adapters.clock import SystemClock
from shared.domain.policy import Policy

NOTHING_CHANGES = "没有变化 nothing changes"


def _schema(_: argparse.Namespace, __: Stores) -> Answer:
    return Answer(policy_schema(), written().splitlines())


def _fields(_: argparse.Namespace, __: Stores) -> Answer:
    table = fields_table()
    return Answer(table, [table])


def _validate(asked: argparse.Namespace, _: Stores) -> Answer:
    text = read_text(asked.file)
    try:
        policy = read_policy(asked.file, text, accounts=asked.accounts)
    except Refused as error:
        return Answer({"valid": False, "problems": error.sentences}, str(error).splitlines(), 1)
    noted = list(remarks(policy, text))
    told = [f"{asked.file}: 可用 valid", *(f"  提醒 note: {remark}" for remark in noted)]
    return Answer({"valid": True, "remarks": noted}, told)


def _diff(asked: argparse.Namespace, stores: Stores) -> Answer:
    old, new = (find_policy(operand, stores.policy) for operand in (asked.old, asked.new))
    changes = difference(old, new)
    return Answer(_as_json(changes), _as_text(changes))


def _impact(asked: argparse.Namespace, stores: Stores) -> Answer:
    before = stores.policy(asked.merchant)
    after = find_policy(asked.new, stores.policy) if asked.new else before
    if asked.pack:
        try:
            after = with_pack(after, asked.pack)
        except HistoryRefused as problem:
            raise Refusal(str(problem)) from None
    elif not asked.new:
        raise Refusal("给出新策略或规则包 name a policy (FILE or MERCHANT:VERSION), or a rule pack with --pack")
    now = SystemClock().now()
    found = impact_of(stores.due_index, stores.cases, asked.merchant, after, now)
    return Answer(as_json(found, now), list(as_lines(found, before, now)))


def _show(asked: argparse.Namespace, stores: Stores) -> Answer:
    policy = stores.policy(asked.merchant, asked.version)
    return Answer(policy.model_dump(mode="json", exclude_defaults=True, by_alias=True), [as_document(policy)])


def _put(asked: argparse.Namespace, stores: Stores) -> Answer:
    before = stores.policy(asked.merchant)
    text = read_text(asked.file)
    return _change(asked, stores, before, read_policy(asked.file, text, asked.merchant, before.version + 1))


def _rollback(asked: argparse.Namespace, stores: Stores) -> Answer:
    before = stores.policy(asked.merchant)
    old = stores.policy(asked.merchant, asked.version)
    return _change(asked, stores, before, old.model_copy(update={"version": before.version + 1}))


def _change(asked: argparse.Namespace, stores: Stores, before: Policy, after: Policy) -> Answer:
    changes = difference(before, after)
    document = {"merchant": after.merchant, "version": before.version, "put": False, "changes": _as_json(changes)}
    if not changes:
        return Answer(document, [NOTHING_CHANGES])
    if not asked.yes:
        return Answer(document, [*_as_text(changes), "未提交，加 --yes 生效 nothing was put: add --yes to do it"])
    stores.policies.put_policy(after, stores.origin(asked.reason))
    done = f"{after.merchant}: 第 {after.version} 版已生效，一分钟内轮到在途的单 version {after.version} is in force"
    return Answer(document | {"version": after.version, "put": True}, [*_as_text(changes), done])


def _history(asked: argparse.Namespace, stores: Stores) -> Answer:
    versions = stores.policies.versions(asked.merchant)
    if not versions:
        raise Refusal(f"{asked.merchant}: 没有策略 there is no policy")
    found, lines = [], []
    before: Policy | None = None
    for policy, origin in versions:
        changes = difference(before, policy) if before else []
        told = origin.model_dump(mode="json") if origin else None
        found.append({"version": policy.version, "origin": told, "changes": _as_json(changes)})
        lines.append(f"{policy.version:>4}  {origin.sentence if origin else '—'}")
        lines += [f"        {change.lines[0]}" for change in changes]
        before = policy
    return Answer(found, lines)


def _as_json(changes: list[Change]) -> list[dict[str, str]]:
    return [
        {"path": one.path, "old": one.old, "new": one.new, "meaning": one.meaning.text, "concerns": one.meaning.whom}
        for one in changes
    ]


def _as_text(changes: list[Change]) -> list[str]:
    return [line for change in changes for line in change.lines] or [NOTHING_CHANGES]


POLICY_COMMANDS: dict[str, Command] = {
    "schema": _schema,
    "fields": _fields,
    "validate": _validate,
    "diff": _diff,
    "impact": _impact,
    "show": _show,
    "put": _put,
    "rollback": _rollback,
    "history": _history,
}
