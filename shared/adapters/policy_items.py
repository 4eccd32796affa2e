"""How a policy lies in the table: its document, and beside the one in force what was measured of its couriers.

The document is a person's word and has versions; paces are measured every hour and belong to no version.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared.domain.policy import Policy
from shared.domain.watching import Pace

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = Mapping[str, AttributeValueTypeDef]

READ = "v, body, paces"
"""The attributes that `read_policy` and `name_of` look at."""


def name_of(item: "Item") -> tuple[str, str]:
    """Give what changes whenever the policy that this item holds reads differently."""
    return item["v"]["N"], _paces(item)


def read_policy(item: "Item") -> Policy:
    """Read a policy with its paces."""
    paces = _paces(item)
    body = item["body"]["S"]
    return Policy.model_validate_json(f'{body[:-1]},"paces":{paces}}}' if paces else body)


def write_paces(paces: Mapping[str, Pace]) -> str:
    """Write the attribute `paces`; the same paces give the same text."""
    return json.dumps({carrier: paces[carrier].model_dump(exclude_defaults=True) for carrier in sorted(paces)})


def _paces(item: "Item") -> str:
    return item["paces"]["S"] if "paces" in item else ""
