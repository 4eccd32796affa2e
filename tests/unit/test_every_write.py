"""Every write to the table says what it expects to find there; those that need not are listed, each with its reason."""

import ast
from collections.abc import Iterator

import pytest

from infra.local.home import ROOT

WRITES = {"put_item", "update_item", "delete_item", "batch_write_item"}
DESCRIBES = {"UpdateExpression", "Item", "PutRequest", "DeleteRequest"}
CONDITION = "ConditionExpression"

UNCONDITIONAL = {
    "dynamo_answers.keep": "an answer to one request of CloudFormation's; the same request has the same answer",
    "dynamo_batch.batch_put": "pointers to deadlines, which say the same whenever they are written",
    "dynamo_batch.batch_delete": "what is left of a merchant that has left, long after its last write",
    "dynamo_batch._batch_write": "carries out the two above; DynamoDB takes no conditions here",
    "dynamo_budget.budget_update": "each amount that is drawn or given back has its condition; nothing has none",
    "dynamo_cases._armed": "a pointer, before the case that it leads to; one too many wakes a case that is not due",
    "dynamo_deadlines.advance": "how far the minutes have been swept; swept again, they wake nobody twice",
    "dynamo_leftovers.keep": "a push that nobody has taught us, under the hash of its bytes",
    "dynamo_leftovers.put": "how far a source has been read; read again, it tells nothing new",
    "dynamo_merchants.put": "a version's own record, in one transaction with the membership, which has a condition",
    "dynamo_policies.put_policy": "the change to spread, in one transaction with the policy, which has a condition",
    "dynamo_routing_reports.put": "a report, made anew as a whole every hour",
    "dynamo_scores.put": "a scorecard, made anew as a whole every hour",
}


def unconditional(source: str) -> Iterator[str]:
    """Name the functions that write to the table, or describe a write, without a condition."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef) and any(map(_is_blind, ast.walk(function))):
            yield function.name


def _is_blind(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        names = {keyword.arg for keyword in node.keywords}
        writes = isinstance(node.func, ast.Attribute) and node.func.attr in WRITES
    elif isinstance(node, ast.Dict):
        names = {str(key.value) if isinstance(key, ast.Constant) else None for key in node.keys}
        writes = False
    else:
        return False
    described_elsewhere = None in names  # **update
    return (writes or bool(names & DESCRIBES)) and not described_elsewhere and CONDITION not in names


def test_every_write_has_a_condition_or_a_reason_to_have_none() -> None:
    found = {
        f"{path.stem}.{name}"
        for path in (ROOT / "shared" / "adapters").glob("*.py")
        for name in unconditional(path.read_text("utf-8"))
    }
    assert found == UNCONDITIONAL.keys()


@pytest.mark.parametrize(
    "write",
    [
        "self._client.put_item(TableName=t, Item=i)",
        "client.delete_item(TableName=t, Key=k)",
        "self._update(UpdateExpression='SET a = :a')",
        "return {'Put': {'TableName': t, 'Item': i}}",
        "update = {'TableName': t, 'Key': k, 'UpdateExpression': 'SET a = :a'}",
        "items = [{'DeleteRequest': {'Key': k}}]",
    ],
)
def test_a_write_without_a_condition_is_noticed(write: str) -> None:
    assert list(unconditional(f"def save():\n    {write}")) == ["save"]


@pytest.mark.parametrize(
    "write",
    [
        "client.put_item(TableName=t, Item=i, ConditionExpression=c)",
        "return {'Put': {'TableName': t, 'Item': i, 'ConditionExpression': c}}",
        "client.get_item(TableName=t, Key=k)",
    ],
)
def test_a_write_with_a_condition_is_none_and_neither_is_a_read(write: str) -> None:
    assert list(unconditional(f"def save():\n    {write}")) == []
