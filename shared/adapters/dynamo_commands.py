"""Who carries out which command, and how did it end? The callers' workflow asks; one call per question.

    (nothing) --claim--> claimed --record--> done --retell--> done
                 ^          |
                 +-postpone-+   free until then

`tries` counts the claims that were not given back: the next claim after one of those is stale, the command may have
reached the vendor. A lease must outlast the function's timeout, so that nobody works on a lease that has passed.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from shared.adapters.outbox import write_outbox
from shared.adapters.signed_aws import ConditionFailed
from shared.adapters.table_layout import COMMAND_KEPT, ONLY, command_pk, to_expiry, to_ms
from shared.domain.messages import AnyEvent
from shared.ports import Claim, Clock

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import UpdateItemInputTypeDef, UpdateItemOutputTypeDef


class DynamoCommandLedger:
    """Commands with their leases and outcomes; forgotten 30 days after the last claim or record."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def claim(self, merchant: str, command_id: str, now: datetime, until: datetime) -> Claim:
        """Take the command for ourselves, in one call whatever the answer."""
        update = self._update(merchant, command_id)
        update |= {
            "UpdateExpression": "SET #state = :claimed, lease = :until, expires_at = :expires_at ADD tries :one",
            "ConditionExpression": "attribute_not_exists(#state) OR (#state <> :done AND lease <= :now)",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {
                ":claimed": {"S": "claimed"},
                ":done": {"S": "done"},
                ":until": {"N": str(to_ms(until))},
                ":now": {"N": str(to_ms(now))},
                ":expires_at": {"N": str(to_expiry(until + COMMAND_KEPT))},
                ":one": {"N": "1"},
            },
            "ReturnValues": "ALL_OLD",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            old = self._client.update_item(**update).get("Attributes", {})
        except ConditionFailed as error:
            return Claim.DONE if error.answer["Item"]["state"]["S"] == "done" else Claim.TAKEN
        return Claim.STALE if int(old.get("tries", {"N": "0"})["N"]) else Claim.FRESH

    def postpone(self, merchant: str, command_id: str, until: datetime) -> None:
        """Give a claimed command back, untried."""
        update = self._update(merchant, command_id)
        update |= {
            "UpdateExpression": "SET #state = :free, lease = :until ADD tries :minus_one",
            "ConditionExpression": "#state = :claimed",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {
                ":free": {"S": "free"},
                ":claimed": {"S": "claimed"},
                ":until": {"N": str(to_ms(until))},
                ":minus_one": {"N": "-1"},
            },
        }
        self._apply(update)

    def record(self, merchant: str, command_id: str, outcome: AnyEvent) -> None:
        """Store how the command ended and tell it; the first outcome stays."""
        update = self._update(merchant, command_id)
        update |= {
            "UpdateExpression": "SET #state = :done, outbox = :outbox, expires_at = :expires_at ADD told :one",
            "ConditionExpression": "attribute_not_exists(#state) OR #state <> :done",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {
                ":done": {"S": "done"},
                ":outbox": {"S": write_outbox(merchant, (outcome,))},
                ":expires_at": {"N": str(to_expiry(self._clock.now() + COMMAND_KEPT))},
                ":one": {"N": "1"},
            },
        }
        self._apply(update)

    def retell(self, merchant: str, command_id: str) -> None:
        """Tell the stored outcome once more: a changed number makes the stream repeat the outbox."""
        update = self._update(merchant, command_id)
        update |= {
            "UpdateExpression": "ADD told :one",
            "ConditionExpression": "#state = :done",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":one": {"N": "1"}, ":done": {"S": "done"}},
        }
        self._apply(update)

    def _update(self, merchant: str, command_id: str) -> "UpdateItemInputTypeDef":
        return {
            "TableName": self._table,
            "Key": {"pk": {"S": command_pk(merchant, command_id)}, "sk": {"S": ONLY}},
        }

    def _apply(self, update: "UpdateItemInputTypeDef") -> "UpdateItemOutputTypeDef | None":
        try:
            return self._client.update_item(**update)
        except ConditionFailed:
            return None  # not in the state for it: somebody else was faster
