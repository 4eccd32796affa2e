"""What functions have called is compared with what their roles allow.

No emulator asks for rights, so a right that is missing would be missed on AWS first.
"""

from collections import defaultdict

from infra.catalog import FUNCTIONS
from tests.benchmarks.loop import Loop

_PARTS = {"TransactWriteItems": {"PutItem"}}  # what every transaction of ours needs at least
_ELSEWHERE = {"SendMessage", "SendMessageBatch", "ChangeMessageVisibility", "GetSecretValue"}
_ALLOWED = {spec.name: set(spec.table_actions) for spec in FUNCTIONS}


def beyond_their_roles(*loops: Loop) -> dict[str, set[str]]:
    """Give the calls to the table that a function has made without the right to, by function."""
    used: dict[str, set[str]] = defaultdict(set)
    for loop in loops:
        for one in loop.taken:
            for call in one.counts.calls:
                used[one.function] |= _PARTS.get(call, {call}) - _ELSEWHERE
    return {name: calls - _ALLOWED[name] for name, calls in used.items() if calls - _ALLOWED[name]}
