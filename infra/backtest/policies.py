"""Policies and rule packs from files, with errors that name the place."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from infra.backtest.clocks import EVERYWHERE_OFF
from infra.backtest.stories import HistoryRefused
from shared.domain.packs import Pack, PackCase, pack_for
from shared.domain.policy import Policy
from shared.domain.record import Record
from shared.domain.watching import Limit, Watching
from shared.rules.deadlines import Scope, limits_of
from shared.rules.policy_document import PolicyRefused, identity_of, load_policy

_Model = TypeVar("_Model", bound=Record)


def read_policy(path: Path, merchant: str = "") -> Policy:
    """Read a policy document. The merchant, where it names none, is the one whose history is replayed.

    Raises:
        HistoryRefused: the file is not there, no JSON, or no policy.
    """
    text = _text(path)
    named, version = identity_of(text)
    try:
        return load_policy(text, merchant or named, version)
    except PolicyRefused as error:
        raise HistoryRefused("\n  ".join((f"{path}:", *error.sentences))) from None


def with_pack(policy: Policy, path: Path) -> Policy:
    """Give the policy as it would be with a rule pack that is not in force yet: from its day on, the merchant's own
    limits first.

    Raises:
        HistoryRefused: the file holds no pack, one that fails its own cases, or another list of remote places than the
            one by which limits of the merchant's own are exempt.
    """
    pack = _read(path, Pack)
    if wrong := wrong_cases(pack):
        raise HistoryRefused("\n  ".join((f"{path}: cases:", *wrong)))
    current = pack_for(pack.platform, None)
    exempt = sorted({limit.rule for limit in policy.watching.limits if limit.remote_exempt})
    if exempt and set(pack.remote) != set(current.remote):
        raise HistoryRefused(
            f"{path}: remote: the merchant's own {', '.join(exempt)} would be exempt by another list than that of "
            f"{current.name}, which cannot be tried; give them `regions`, or the pack the same list"
        )
    scope: dict[str, object] = {"since": pack.since, "platforms": (pack.platform,) if pack.platform else ()}
    limits = [
        *(limit.model_copy(update={**EVERYWHERE_OFF, **scope}) for limit in current.limits),
        *(one.model_copy(update=scope) for limit in pack.limits for one in _exempt_by(pack.remote, limit)),
        *policy.watching.limits,
    ]
    return policy.model_copy(update={"watching": policy.watching.model_copy(update={"limits": tuple(limits)})})


def _exempt_by(remote: tuple[str, ...], limit: Limit) -> Iterator[Limit]:
    """Give a limit that holds in its regions but for these, whatever list of remote places is in force."""
    yield limit.model_copy(update={"remote_exempt": False})
    inner = (place for place in remote if not limit.regions or place.startswith(limit.regions))
    outer = (region for region in limit.regions if region.startswith(remote))
    if limit.remote_exempt and (places := tuple(dict.fromkeys((*inner, *outer)))):
        yield limit.model_copy(update={"remote_exempt": False, "regions": places, "watch": False})


def wrong_cases(pack: Pack) -> list[str]:
    """Name the cases of a pack that its limits do not get right."""
    return [wrong for case in pack.cases if (wrong := _wrong(case, pack))]


def _wrong(case: PackCase, pack: Pack) -> str:
    limits = limits_of(case.span, Scope(pack.platform, region=case.region, paid_at=pack.since), Watching(), (pack,))
    first = min([limit for limit in limits if limit.alert] or limits, key=lambda limit: limit.breach, default=None)
    told = (first.rule, first.breach) if first else ("nothing", timedelta())
    if told == (case.rule, timedelta(hours=case.hours)):
        return ""
    where = f"{case.span} {case.region}".strip()
    return f"{where}: {case.rule} {case.hours} h, but the limits say {told[0]} {told[1] / timedelta(hours=1):g} h"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise HistoryRefused(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise HistoryRefused(f"{path}: is not UTF-8") from error


def _read(path: Path, model: type[_Model]) -> _Model:
    text = _text(path)
    try:
        json.loads(text)
        return model.model_validate_json(text)
    except json.JSONDecodeError as error:
        raise HistoryRefused(f"{path}, line {error.lineno}: {error.msg}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise HistoryRefused(f"{path}: {where or model.__name__.lower()}: {first['msg']}{more}") from error
