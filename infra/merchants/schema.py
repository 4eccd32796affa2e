"""The JSON Schema of a policy document, for editors: names, kinds, defaults and the meaning of every field.

It is not the whole truth: dead rules, unknown groups and the like are found by `policy validate` alone.
"""

import json
from typing import Any

from infra.merchants.meanings import MEANINGS
from shared.domain.conditions import FIELDS, RANGES
from shared.domain.policy import Policy
from shared.rules.policy_document import GIVEN

ADDRESS = "https://json-schema.org/draft/2020-12/schema"
_HUHANG = {"merchant": "护航填写 · huhang fills this in", "version": "护航填写 · huhang fills this in"}


def policy_schema() -> dict[str, Any]:
    """Give the schema."""
    schema = Policy.model_json_schema()
    parts = schema["$defs"]
    properties = schema["properties"]
    del properties["paces"], parts["Pace"], schema["required"]
    for model, part in {"Policy": schema, **parts}.items():
        for field, told in part.get("properties", {}).items():
            if meaning := MEANINGS.get(f"{model}.{field}"):
                told["description"] = meaning.text
                told.pop("title", None)
    for field in GIVEN:
        properties[field] = {**properties[field], "description": _HUHANG[field]}
    parts["Test"]["properties"]["field"] = {"enum": list(FIELDS)}
    for bound in ("from", "to"):
        parts["Test"]["properties"][bound]["description"] = f"numbers only: {', '.join(RANGES)}"
    about = {"title": "护航商户策略 · a merchant's policy", "description": "docs/policy.md"}
    return {"$schema": ADDRESS, **schema, **about, "properties": {"$schema": {"type": "string"}, **properties}}


def written() -> str:
    """Give the schema as it stands in docs/policy.schema.json."""
    return json.dumps(policy_schema(), ensure_ascii=False, indent=2) + "\n"
