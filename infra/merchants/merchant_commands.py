"""The commands for merchants: who is there, pause one, let it go on, and what was done with it."""

import argparse
import sys
from pathlib import Path
from typing import Any, TextIO

from infra.merchants.answers import Answer, Command
from infra.merchants.difference import difference
from infra.merchants.documents import Refusal
from infra.merchants.export import Progress, export
from infra.merchants.stores import Stores
from shared.domain.merchant import Membership, Standing
from shared.domain.policy import Policy
from shared.domain.why import Origin

STANDINGS = {Standing.ACTIVE: "生效 active", Standing.PAUSED: "暂停 paused", Standing.LEFT: "已退出 left"}


def _list(_: argparse.Namespace, stores: Stores) -> Answer:
    members = stores.merchants.memberships()
    lines = [
        f"{one.merchant:<24} {STANDINGS[one.standing]:<12} {one.since:%Y-%m-%d %H:%M}  {', '.join(one.shops)}"
        + (f"  {one.reason}" if one.reason else "")
        for one in members
    ]
    return Answer([_described(one) for one in members], lines or ["还没有商户 no merchant has joined"])


def _show(asked: argparse.Namespace, stores: Stores) -> Answer:
    member = stores.membership(asked.merchant)
    version = stores.policies.version(member.merchant)
    versions = stores.merchants.versions(member.merchant)
    origin = versions[-1].origin if versions else None
    told = {
        "商户 merchant": member.merchant,
        "状态 standing": STANDINGS[member.standing] + (f"（{member.reason}）" if member.reason else ""),
        "自 since": f"{member.since:%Y-%m-%d %H:%M} UTC",
        "店铺 shops": ", ".join(member.shops) or "—",
        "策略 policy": f"第 {version} 版 version {version}" if version else "—",
        "堆栈 stack": member.stack_id.rpartition("/")[0] or "—",
        "数据保留至 kept until": f"{member.kept_until:%Y-%m-%d}" if member.kept_until else "",
        "最近改动 last change": origin.sentence if origin else "",
    }
    lines = [f"{name}: {value}" for name, value in told.items() if value]
    return Answer({**_described(member), "policy_version": version}, lines)


def _pause(asked: argparse.Namespace, stores: Stores) -> Answer:
    done = "已暂停，半分钟内不再有对外动作；事件照收 paused within half a minute; nothing that comes in is lost"
    return _change(asked, stores, Standing.PAUSED, done)


def _resume(asked: argparse.Namespace, stores: Stores) -> Answer:
    done = "已恢复；暂停期间没做的事由人决定 active again; what was not done meanwhile is left to people"
    return _change(asked, stores, Standing.ACTIVE, done)


def _change(asked: argparse.Namespace, stores: Stores, standing: Standing, done: str) -> Answer:
    member = stores.membership(asked.merchant)
    if member.has_left:
        raise Refusal(f"{member.merchant}: 已退出，须由其堆栈重新加入 has left; it joins again by its stack")
    if member.standing is standing:
        return Answer(_described(member), [f"{member.merchant}: 本来就是 is already {STANDINGS[standing]}"])
    origin = stores.origin(asked.reason)
    fields = {"version": member.version + 1, "standing": standing, "since": origin.at, "reason": asked.reason}
    after = member.model_copy(update=fields)
    stores.merchants.put(after, origin)
    return Answer(_described(after), [f"{member.merchant}: {done}"])


def _history(asked: argparse.Namespace, stores: Stores) -> Answer:
    member = stores.membership(asked.merchant)
    happened = [*_standing_changes(stores, member.merchant), *_policy_changes(stores, member.merchant)]
    happened.sort(key=lambda one: str(one["at"] or ""))
    lines = [f"{one['at'] or '—':<20}  {one['what']}  {one['by'] or '—'}  {one['why']}".rstrip() for one in happened]
    return Answer(happened, lines)


def _export(asked: argparse.Namespace, stores: Stores) -> Answer:
    member = stores.membership(asked.merchant)
    manifest = export(stores.deployed, member.merchant, Path(asked.to), _progress(sys.stderr, quiet=asked.quiet))
    lines = [f"{name:<20} {count:>10,}" for name, count in manifest["lines"].items()]
    lines += [f"{'history/':<20} {manifest['history_objects']:>10,}", f"已导出到 exported to {asked.to}"]
    return Answer(manifest, lines)


def _progress(stream: TextIO, *, quiet: bool) -> Progress:
    """Give what shows progress: a line that replaces itself, on a terminal."""

    def show(text: str) -> None:
        if stream.isatty() and not quiet:
            stream.write(f"\r{text}\x1b[K")
            stream.flush()

    return show


def _standing_changes(stores: Stores, merchant: str) -> list[dict[str, Any]]:
    found = []
    for member, origin in stores.merchants.versions(merchant):
        what = f"{STANDINGS[member.standing]}, {len(member.shops)} 店 shops"
        found.append(_happened(origin, what))
    return found


def _policy_changes(stores: Stores, merchant: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    before: Policy | None = None
    for policy, origin in stores.policies.versions(merchant):
        fields = [change.path for change in difference(before, policy)] if before else []
        what = f"策略第 {policy.version} 版 policy version {policy.version}" + (
            f": {', '.join(fields)}" if fields else ""
        )
        found.append(_happened(origin, what))
        before = policy
    return found


def _happened(origin: Origin | None, what: str) -> dict[str, Any]:
    if origin is None:
        return {"at": None, "what": what, "by": "", "why": ""}
    return {"at": f"{origin.at:%Y-%m-%d %H:%M:%S}Z", "what": what, "by": origin.by, "why": origin.why}


def _described(member: Membership) -> dict[str, Any]:
    return member.model_dump(mode="json")


MERCHANT_COMMANDS: dict[str, Command] = {
    "list": _list,
    "show": _show,
    "pause": _pause,
    "resume": _resume,
    "history": _history,
    "export": _export,
}
