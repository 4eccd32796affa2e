"""Cuts botocore's service descriptions down to the operations that our adapters call.

Parsing descriptions is a fifth of a worker's cold start and nine tenths of botocore's size. The endpoint
rules stay whole: they are small, and every region of both partitions needs them.
"""

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

USED_OPERATIONS: dict[str, frozenset[str]] = {
    "dynamodb": frozenset(
        {"GetItem", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "TransactWriteItems"},
    ),
    "sqs": frozenset({"SendMessage", "SendMessageBatch", "ChangeMessageVisibility", "GetQueueUrl"}),
    "secretsmanager": frozenset({"GetSecretValue"}),
}
_UNUSED_FILES = ("examples-", "waiters-")


def trim_botocore_data(data: Path) -> None:
    """Rewrite the data folder of an unpacked botocore in place: used services, plain JSON, no prose."""
    for entry in sorted(data.iterdir()):
        if entry.is_dir() and entry.name not in USED_OPERATIONS:
            shutil.rmtree(entry)
    for service, operations in USED_OPERATIONS.items():
        _trim_service(data / service, operations)
    endpoints = json.loads((data / "endpoints.json").read_bytes())
    for partition in endpoints["partitions"]:
        partition["services"] = {
            name: known for name, known in partition["services"].items() if name in USED_OPERATIONS
        }
    _write(data / "endpoints.json", endpoints)
    for name in ("partitions.json", "_retry.json", "sdk-default-configuration.json"):
        _write(data / name, json.loads((data / name).read_bytes()))


def _trim_service(folder: Path, operations: frozenset[str]) -> None:
    """Keep the newest version of one service, unpacked, with the wanted operations only."""
    *older, newest = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    for version in older:
        shutil.rmtree(version)
    for packed in sorted(newest.glob("*.json.gz")):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    for path in sorted(newest.glob("*.json")):
        if path.name.startswith(_UNUSED_FILES):
            path.unlink()
            continue
        content = json.loads(path.read_bytes())
        _write(path, trim_model(content, operations) if path.name == "service-2.json" else content)


def trim_model(model: dict[str, Any], operations: frozenset[str]) -> dict[str, Any]:
    """Keep the wanted operations and the shapes that they reach.

    Raises:
        KeyError: an operation is not in the model; correct `USED_OPERATIONS`.
    """
    kept = {name: model["operations"][name] for name in sorted(operations)}
    shapes: dict[str, Any] = {}
    pending = _shape_names(kept)
    while pending:
        name = pending.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            pending |= _shape_names(shapes[name])
    trimmed = model | {"operations": kept, "shapes": dict(sorted(shapes.items()))}
    result: dict[str, Any] = _without_prose(trimmed)
    return result


def _shape_names(node: Any) -> set[str]:
    """Collect the names that `shape` keys refer to, at any depth."""
    if isinstance(node, list):
        return set().union(*map(_shape_names, node))
    if not isinstance(node, dict):
        return set()
    own = {node["shape"]} if isinstance(node.get("shape"), str) else set()
    return own.union(*map(_shape_names, node.values()))


def _without_prose(node: Any) -> Any:
    """Drop documentation texts; a member that happens to be called `documentation` is a dict and stays."""
    if isinstance(node, list):
        return [_without_prose(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _without_prose(value)
        for key, value in node.items()
        if not (key == "documentation" and isinstance(value, str))
    }


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")
