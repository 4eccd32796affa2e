"""The schema that editors use is the one of today's model, and explains every field."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.merchants.meanings import MEANINGS
from infra.merchants.schema import policy_schema, written
from shared.rules.policy_document import FIELDS, GIVEN

DOCS = Path(__file__).parents[3] / "docs"
SCHEMA = policy_schema()
MODELS = {"Policy": SCHEMA, **SCHEMA["$defs"]}
CONDITIONS = {"AllOf", "AnyOf", "Not", "Test"}  # docs/chat.md explains them


def test_the_committed_schema_is_current() -> None:
    """`python -m infra.merchants policy schema > docs/policy.schema.json` renews it."""
    assert (DOCS / "policy.schema.json").read_text(encoding="utf-8") == written()


def test_a_document_may_hold_the_fields_of_a_policy_and_nothing_else() -> None:
    assert set(SCHEMA["properties"]) == {*FIELDS, *GIVEN, "$schema"}
    assert SCHEMA["additionalProperties"] is False
    assert "required" not in SCHEMA
    assert "Pace" not in MODELS


def test_every_field_is_explained_and_nothing_else() -> None:
    fields = {
        f"{name}.{field}"
        for name, model in MODELS.items()
        if name not in CONDITIONS
        for field in model.get("properties", {})
    }
    assert fields - {f"Policy.{field}" for field in (*GIVEN, "$schema")} == set(MEANINGS)
    for name, model in MODELS.items():
        for field, told in model.get("properties", {}).items():
            assert f"{name}.{field}" not in MEANINGS or told["description"] == MEANINGS[f"{name}.{field}"].text


def test_every_reference_leads_somewhere() -> None:
    references = [value for value in _texts(SCHEMA) if value.startswith("#/")]
    assert references
    assert {reference.rsplit("/", 1)[1] for reference in references} <= set(SCHEMA["$defs"])


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("example", sorted((DOCS / "policies").glob("*.json")), ids=lambda path: path.stem)
def test_the_examples_are_as_the_schema_says(example: Path) -> None:
    document = json.loads(example.read_text(encoding="utf-8"))
    assert (example.parent / document["$schema"]).resolve() == DOCS / "policy.schema.json"
    assert not list(_unknown_to(SCHEMA, document))


def _unknown_to(schema: dict[str, Any], value: Any, path: str = "") -> Any:
    """Give the places of a document that its schema knows nothing of."""
    schema = _resolved(schema, value)
    if isinstance(value, dict) and schema.get("type") == "object":
        for key, part in value.items():
            others = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
            known = schema.get("properties", {}).get(key, others[0])
            if not isinstance(known, dict):
                yield f"{path}.{key}"
            else:
                yield from _unknown_to(known, part, f"{path}.{key}")
    elif isinstance(value, list) and schema.get("type") == "array":
        for number, part in enumerate(value):
            inner = schema["prefixItems"][number] if "prefixItems" in schema else schema["items"]
            yield from _unknown_to(inner, part, f"{path}[{number}]")
    elif "enum" in schema:
        if value not in schema["enum"]:
            yield path
    elif schema.get("type") in ("object", "array"):
        yield path


def _resolved(schema: dict[str, Any], value: Any) -> dict[str, Any]:
    if "$ref" in schema:
        return _resolved(MODELS[schema["$ref"].rsplit("/", 1)[1]], value)
    for alternative in schema.get("oneOf", schema.get("anyOf", ())):
        found = _resolved(alternative, value)
        if isinstance(value, dict) and set(value) <= set(found.get("properties", {})):
            return found
        if found.get("type") == {str: "string", bool: "boolean", int: "integer", list: "array"}.get(type(value)):
            return found
    return schema


def test_an_unknown_key_is_seen_by_this_very_test() -> None:
    assert list(_unknown_to(SCHEMA, {"watching": {"limits": [{"ruel": "x"}]}})) == [".watching.limits[0].ruel"]
    assert list(_unknown_to(SCHEMA, {"refund_on": "now"})) == [".refund_on"]
