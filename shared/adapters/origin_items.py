"""How the origin of a policy or a membership lies beside it in the table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared.domain.why import Origin

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = Mapping[str, AttributeValueTypeDef]


def write_origin(origin: Origin | None) -> "Item":
    """Write the attribute that says who made a version, or nothing where nobody said."""
    return {"origin": {"S": origin.model_dump_json()}} if origin else {}


def read_origin(item: "Item") -> Origin | None:
    """Read what `write_origin` wrote."""
    return Origin.model_validate_json(item["origin"]["S"]) if "origin" in item else None
