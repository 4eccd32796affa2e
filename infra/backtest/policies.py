"""Policies and rule packs from files, with errors that name the place."""

import json
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from infra.backtest.clocks import EVERYWHERE_OFF
from infra.backtest.stories import HistoryRefused
from shared.domain.packs import Pack, pack_for
from shared.domain.policy import Policy
from shared.domain.record import Record
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
        HistoryRefused: the file holds no pack, or one with another list of remote places.
    """
    pack = _read(path, Pack)
    current = pack_for(pack.platform, None)
    if pack.remote != current.remote:
        raise HistoryRefused(f"{path}: remote: a pack is tried with the list of remote places of {current.name}")
    scope: dict[str, object] = {"since": pack.since, "platforms": (pack.platform,) if pack.platform else ()}
    mine = {limit.rule for limit in pack.limits}
    gone = [limit for limit in current.limits if limit.rule not in mine]
    limits = [
        *(limit.model_copy(update={**EVERYWHERE_OFF, **scope}) for limit in gone),
        *(limit.model_copy(update=scope) for limit in pack.limits),
        *policy.watching.limits,
    ]
    return policy.model_copy(update={"watching": policy.watching.model_copy(update={"limits": tuple(limits)})})


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
