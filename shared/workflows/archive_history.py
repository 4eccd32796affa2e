"""The table's stream becomes history: each new image of an order, parcel, refund or conversation is an archived line.

One object per merchant and UTC day of a batch, gzip over lines of JSON, one line per image:

    history/<merchant>/<yyyy-mm-dd>/<its first sequence number>-<hash of its lines>.jsonl.gz
    {"merchant":…,"kind":"refund","id":"douyin:7012…","v":3,"at":"2026-11-11T08:30:00.000Z","case":{…}}

Repeating it is harmless: the same batch gives the same names and bytes. A batch that is split after a failure may leave
a line in two objects; who reads takes it once. Standard library only, as in `publish_outbox`.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shared.domain.keys import CaseKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shared.ports import Archive

KINDS = frozenset({CaseKind.ORDER, CaseKind.PARCEL, CaseKind.REFUND, CaseKind.SESSION})
GZIP = 31  # zlib's name for the gzip format with the longest window; its header holds neither a time nor a name
_SEQUENCE_WIDTH = 40  # digits; the longest that DynamoDB gives: in an order of names, a shard's changes stay in order


def archive_history(records: Iterable[Mapping[str, Any]], archive: Archive) -> int:
    """Store the new images of cases that are among these stream records; give how many there were."""
    groups: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for record in records:
        change = record.get("dynamodb", {})
        line = _line_of(change)
        if line is not None:
            groups[line["merchant"], line["at"][:10]].append((change["SequenceNumber"], _write(line)))
    for (merchant, day), lines in groups.items():
        text = "".join(line for _, line in lines).encode()
        name = f"{lines[0][0]:0>{_SEQUENCE_WIDTH}}-{hashlib.sha256(text).hexdigest()[:16]}"
        archive.put(f"history/{merchant}/{day}/{name}.jsonl.gz", zlib.compress(text, wbits=GZIP))
    return sum(map(len, groups.values()))


def _line_of(change: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read a change of the table; None for a deletion and for whatever is not a case that has a history."""
    image = change.get("NewImage", {})
    key = image.get("pk", {}).get("S", "").split("|", 2)
    if len(key) < 3 or key[1] not in KINDS or "body" not in image:
        return None
    at = datetime.fromtimestamp(change["ApproximateCreationDateTime"], UTC)
    return {
        "merchant": key[0],
        "kind": key[1],
        "id": key[2],
        "v": int(image["v"]["N"]),
        "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "case": json.loads(image["body"]["S"]),
    }


def _write(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"
