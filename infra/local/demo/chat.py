"""What the staff groups have read, notice by notice: a robot's message may hold several."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from infra.local.seed import DIRECTOR, SPECIALIST, robot_of

GROUPS = ("desk", SPECIALIST, DIRECTOR)
GROUP_NAMES = {"desk": "客服", SPECIALIST: "专员", DIRECTOR: "主管"}
_LISTED = re.compile(r"^- \*\*(.+?)\*\* (.*)$", re.MULTILINE)


class Said(NamedTuple):
    """One notice as a group has read it."""

    at: datetime
    group: str
    title: str
    text: str


def read_chat(messages: Iterable[Mapping[str, Any]], merchant: str) -> Sequence[Said]:
    """Take the messages of a merchant's robots apart."""
    groups = {robot_of(merchant, group): group for group in GROUPS}
    return [said for message in messages if message["merchant"] in groups for said in _notices(message, groups)]


def _notices(message: Mapping[str, Any], groups: Mapping[str, str]) -> Iterable[Said]:
    at, group = datetime.fromisoformat(message["at"]), groups[message["merchant"]]
    listed = _LISTED.findall(message["text"])
    for title, text in listed or [(message["title"], message["text"])]:
        yield Said(at, group, title, text)
