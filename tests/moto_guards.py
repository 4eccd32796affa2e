"""Refuses what moto takes and AWS does not, so that no test is green on it; `tests/README.md` lists the differences.

Besides, the product's own limits of what it asks of DynamoDB: few operations, whole numbers, no filters.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

_READS = {"BatchGetItem", "GetItem", "Query"}
_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"}
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,37}")
_UNSENDABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SECRET_BYTES_MAX = 65_536


def guard(params: dict[str, Any], model: Any, **_: Any) -> None:
    """Look at a call before it is made: botocore's event `provide-client-params`."""
    {"dynamodb": _guard_table, "sqs": _guard_queue, "secretsmanager": _guard_secret}[model.service_model.service_name](
        params, model.name
    )


def _guard_table(params: dict[str, Any], operation: str) -> None:
    if operation in ("CreateTable", "Scan"):
        return
    assert operation in _READS | _WRITES
    assert "FilterExpression" not in params
    for asked in params.get("RequestItems", {}).values():
        writes = operation == "BatchWriteItem"
        keys = [_written(one) for one in asked] if writes else asked["Keys"]
        assert 0 < len(keys) == len({json.dumps(key, sort_keys=True) for key in keys}) <= (25 if writes else 100)
    for number in _numbers(params):
        assert _WHOLE.fullmatch(number), "DynamoDB would give it back as another text"
    for request in (params, *(next(iter(item.values())) for item in params.get("TransactItems", ()))):
        expressions = " ".join(text for name, text in request.items() if name.endswith("Expression"))
        for value in request.get("ExpressionAttributeValues", {}):
            assert re.search(rf"{value}\b", expressions), f"{value} is used in no expression"


def _written(request: dict[str, Any]) -> dict[str, Any]:
    return _place(request["PutRequest"]["Item"]) if "PutRequest" in request else request["DeleteRequest"]["Key"]


def _place(item: dict[str, Any]) -> dict[str, Any]:
    return {"pk": item["pk"], "sk": item["sk"]}


def _numbers(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if set(value) == {"N"}:
            yield value["N"]
        else:
            for inner in value.values():
                yield from _numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner)


def _guard_queue(params: dict[str, Any], operation: str) -> None:
    del operation
    for message in (params, *params.get("Entries", ())):
        assert not _UNSENDABLE.search(message.get("MessageBody", ""))


def _guard_secret(params: dict[str, Any], operation: str) -> None:
    del operation
    assert len(params.get("SecretString", "").encode()) <= SECRET_BYTES_MAX
