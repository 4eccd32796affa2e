"""Policies from files and from a deployment: what the commands compare, check and put in force."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from shared.adapters.vendors import vendor_names
from shared.domain.policy import Policy
from shared.rules.policy_document import PolicyRefused, identity_of, load_policy
from shared.rules.policy_names import Known

Stored = Callable[[str, int | None], Policy]
"""Gives a merchant's policy that is in force, or the one of a version."""


class Refusal(Exception):
    """A command cannot be carried out. The message says why, and what a person can do about it."""


class Refused(Refusal):
    """A file holds no policy that could be put in force."""

    def __init__(self, place: str, sentences: tuple[str, ...]) -> None:
        super().__init__("\n".join((f"{place}: 不能用 refused:", *(f"  {sentence}" for sentence in sentences))))
        self.sentences = sentences


def read_text(place: str) -> str:
    """Read a file, or what is piped in where the place is `-`."""
    try:
        return sys.stdin.read() if place == "-" else Path(place).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Refusal(f"{place}: 打不开 cannot be opened: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Refusal(f"{place}: 不是 UTF-8 编码 is not UTF-8") from error


def read_policy(place: str, text: str, merchant: str = "", version: int = 1, accounts: str | None = None) -> Policy:
    """Read a policy document from the text of a file. Without a merchant it may be any merchant's.

    `accounts` is a file that names accounts.

    Raises:
        Refused: everything that is wrong with it.
        Refusal: the accounts cannot be read.
    """
    names = _names(accounts) if accounts else None
    try:
        return load_policy(text, merchant or identity_of(text)[0], version, Known(vendor_names(), names))
    except PolicyRefused as error:
        raise Refused(place, error.sentences) from None


def find_policy(operand: str, stored: Stored) -> Policy:
    """Give the policy that FILE, MERCHANT or MERCHANT:VERSION stands for.

    Raises:
        Refusal: there is no such file or policy.
    """
    if operand == "-" or operand.endswith(".json") or "/" in operand or Path(operand).is_file():
        return read_policy(operand, read_text(operand))
    merchant, colon, version = operand.partition(":")
    if colon and not version.isdecimal():
        raise Refusal(f"{operand}: 写作 write MERCHANT:VERSION, for example demo:3")
    return stored(merchant, int(version) if colon else None)


def as_document(policy: Policy) -> str:
    """Write a policy as its merchant would: without what huhang gives, and without what is default anyway."""
    left_out = {"merchant", "version"}
    tree = policy.model_dump(mode="json", exclude=left_out, exclude_defaults=True, by_alias=True)
    return json.dumps(tree, ensure_ascii=False, indent=2)


def _names(place: str) -> tuple[str, ...]:
    try:
        tree = json.loads(read_text(place))
    except ValueError:
        tree = None
    if not isinstance(tree, dict):
        raise Refusal(f"{place}: 账号文件是一个对象 accounts are an object: {{vendor: {{key: value}}}}")
    return tuple(tree)
