"""All that is stored of a merchant, as files: `export MERCHANT --to DIR`. No credentials: they are in no table.

    cases.jsonl commands.jsonl policies.jsonl memberships.jsonl budgets.jsonl reports.jsonl pushes.jsonl other.jsonl
    history/<day>/…jsonl.gz     every state that orders, parcels and refunds have had, as it was archived
    manifest.json               when, how many lines and objects, and each file's SHA-256

The folder appears when it is whole. Until then it is `DIR.part`; what was copied of the history is not copied again.
The table is read page by page while it is in use: a case that changes meanwhile is exported as it was, or as it is.
"""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from boto3.dynamodb.types import Binary, TypeDeserializer

from infra.deployed import Deployed
from infra.merchants.documents import Refusal
from shared.adapters.clock import SystemClock
from shared.domain.keys import CaseKind

Progress = Callable[[str], None]

_FILES: dict[str, str] = {
    **dict.fromkeys(map(str, CaseKind), "cases"),
    "command": "commands",
    "policy": "policies",
    "standing": "memberships",
    "budget": "budgets",
    "scores": "reports",
    "routing": "reports",
    "unknown": "pushes",
}
_WRITTEN = ("body", "outbox", "origin", "membership", "scores", "report", "paces")
"""Attributes that hold JSON."""


def export(deployed: Deployed, merchant: str, to: Path, progress: Progress) -> dict[str, Any]:
    """Write the folder, and give its manifest.

    Raises:
        Refusal: there is such a folder already.
    """
    if to.exists():
        raise Refusal(f"{to}: 已存在 is there already: name a new folder")
    part = to.with_name(f"{to.name}.part")
    part.mkdir(mode=0o700, parents=True, exist_ok=True)
    clock = SystemClock()
    began = clock.now()
    lines = _write_items(_items(deployed, merchant, progress), part)
    objects = _copy_history(deployed, merchant, part / "history", progress)
    manifest = {
        "merchant": merchant,
        "began_at": began.isoformat(),
        "ended_at": clock.now().isoformat(),
        "lines": lines,
        "history_objects": objects,
        "files": {name: _digest(part / name) for name in lines},
        "left_out": "credentials; logs, which are kept for a month; messages in queues",
    }
    (part / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    part.rename(to)
    return manifest


def _items(deployed: Deployed, merchant: str, progress: Progress) -> Iterator[dict[str, Any]]:
    """Read the whole table and give the merchant's items: it has no index by merchant, and needs none otherwise."""
    client = deployed.client("dynamodb")
    about = client.describe_table(TableName=deployed.table)["Table"].get("ItemCount", 0)
    looked_at = found = 0
    pages = client.get_paginator("scan").paginate(
        TableName=deployed.table,
        FilterExpression="begins_with(pk, :mine)",
        ExpressionAttributeValues={":mine": {"S": f"{merchant}|"}},
    )
    for page in pages:
        looked_at += page["ScannedCount"]
        found += len(page["Items"])
        progress(f"表 table: {looked_at:,} / {max(about, looked_at):,}, {found:,} 条 of {merchant}")
        yield from page["Items"]


def _write_items(items: Iterator[dict[str, Any]], folder: Path) -> dict[str, int]:
    read = TypeDeserializer().deserialize
    lines: Counter[str] = Counter({f"{name}.jsonl": 0 for name in (*_FILES.values(), "other")})
    with ExitStack() as stack:
        files: dict[str, TextIO] = {name: stack.enter_context(_new(folder / name)) for name in lines}
        for item in items:
            fields = {name: read(value) for name, value in item.items()}
            _, kind, *rest = str(fields.pop("pk")).split("|", 2)
            sk = str(fields.pop("sk"))
            line = {"kind": kind, "id": rest[0] if rest else sk, **{k: _plain(k, v) for k, v in fields.items()}}
            name = f"{_FILES.get(kind, 'other')}.jsonl"
            files[name].write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
            lines[name] += 1
    return dict(lines)


def _plain(name: str, value: Any) -> Any:
    if name in _WRITTEN and isinstance(value, str):
        return json.loads(value)
    if isinstance(value, Binary):
        return base64.b64encode(value.value).decode()  # type: ignore[attr-defined]  # its stub is empty
    return value if isinstance(value, str | bool) or value is None else int(value)


def _copy_history(deployed: Deployed, merchant: str, folder: Path, progress: Progress) -> int:
    """Copy what is not there yet: objects are never changed."""
    s3, bucket, prefix = deployed.client("s3"), deployed.history_bucket, f"history/{merchant}/"
    count = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for told in page.get("Contents", ()):
            count += 1
            path = folder / told["Key"].removeprefix(prefix)
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                unfinished = path.with_name(f"{path.name}.new")
                unfinished.write_bytes(s3.get_object(Bucket=bucket, Key=told["Key"])["Body"].read())
                unfinished.rename(path)
        progress(f"历史 history: {count:,} 个对象 objects")
    return count


def _new(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="\n")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
