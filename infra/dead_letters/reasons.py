"""Why did a message fail? What its function logged about it, found by the message's id."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from infra.catalog import LOST_TICKS
from infra.dead_letters.shelf import KINDS, Letter
from infra.deployed import Deployed

PAGES_MAX = 20
NOT_LOGGED = "nothing was logged: the function timed out or was ended, or the line is older than its log group keeps"


def reasons_of(letters: Iterable[Letter], deployed: Deployed) -> dict[str, str]:
    """Give the last traceback of each letter by its id; letters of one kind, as a rule the whole of a shelf."""
    letters = list(letters)
    told = {one.id: _condition(one) for one in letters if _condition(one)}
    wanted = {one.id for one in letters} - set(told)
    if not wanted:
        return told
    since_ms = int(min(one.sent_at for one in letters).timestamp() * 1000)
    group = f"/huhang/{deployed.stack}/{KINDS[letters[0].kind]}"
    for line in _failures(deployed.client("logs"), group, since_ms):
        if line.get("message_id") in wanted:
            told[line["message_id"]] = str(line.get("exception", NOT_LOGGED))
    return {one.id: told.get(one.id, NOT_LOGGED) for one in letters}


def short(reason: str) -> str:
    """Give the last line of a traceback, which names the error."""
    return reason.strip().splitlines()[-1][:160] if reason.strip() else NOT_LOGGED


def _condition(letter: Letter) -> str:
    """Say why a change of the table or a tick was given up: the message itself says so."""
    context = _read(letter.body).get("requestContext", {})
    name = str(context.get("functionArn", "")).partition(":function:")[2]
    if letter.kind == LOST_TICKS and not context:
        return "it never reached the function"
    return f"{context.get('condition', '')} {name}".strip()


def _failures(logs: Any, group: str, since_ms: int) -> Iterable[Mapping[str, Any]]:
    """Give the lines in which a function said that it failed on a message, the oldest first."""
    query = {"logGroupName": group, "startTime": since_ms, "filterPattern": '"failed"'}
    for _ in range(PAGES_MAX):
        try:
            page = logs.filter_log_events(**query)
        except logs.exceptions.ResourceNotFoundException:
            return
        for event in page["events"]:
            line = _read(event["message"])
            if line.get("message") == "failed":
                yield line
        if not page.get("nextToken"):
            return
        query["nextToken"] = page["nextToken"]


def _read(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
