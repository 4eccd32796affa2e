"""Which merchants are there, how do they stand, and whose shop is it? Onboarding, the schedules and the callers ask.

    merchants            <merchant>     membership, v
    shops                <shop>         merchant: the one that it belongs to
    <merchant>|standing  <version>      every membership there was, with its origin

A membership and its shops are written together, so that two merchants never have the same shop.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from shared.adapters.dynamo_pages import query_all
from shared.adapters.origin_items import read_origin, write_origin
from shared.adapters.signed_aws import RETRY_AFTER, ConditionFailed, TransactionCancelled
from shared.adapters.table_layout import MERCHANTS, SHOPS, standing_pk, version_sk
from shared.domain.merchant import Membership, Standing
from shared.domain.why import Origin
from shared.errors import LostRace, Retryable, ShopTaken

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        PutTypeDef,
        QueryInputTypeDef,
        TransactWriteItemTypeDef,
    )


class MembershipVersion(NamedTuple):
    """A membership as it is or was, and who made it so; None where nobody said."""

    membership: Membership
    origin: Origin | None


class DynamoMerchants:
    """The list of merchants, in the one table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def membership(self, merchant: str) -> Membership | None:
        """Give a merchant's membership as it is now; None where it has never joined."""
        answer = self._client.get_item(TableName=self._table, Key=_key(MERCHANTS, merchant), ConsistentRead=True)
        return _read(answer["Item"]) if "Item" in answer else None

    def memberships(self) -> Sequence[Membership]:
        """Give all merchants, in order, those that left too."""
        query: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :merchants",
            "ExpressionAttributeValues": {":merchants": {"S": MERCHANTS}},
        }
        return [_read(item) for item in query_all(self._client, query)]

    def versions(self, merchant: str) -> Sequence[MembershipVersion]:
        """Give every membership a merchant has had, oldest first, and who changed it."""
        query: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": standing_pk(merchant)}},
        }
        return [MembershipVersion(_read(item), read_origin(item)) for item in query_all(self._client, query)]

    def put(self, membership: Membership, origin: Origin | None = None) -> None:
        """Store the next version of a membership, take its shops and give up those that it has no more.

        Raises:
            LostRace: the version is not the stored one plus one.
            ShopTaken: a shop belongs to another merchant; nothing was stored.
            Retryable: somebody else was writing at the same time.
        """
        before = self.membership(membership.merchant)
        if membership.version != (before.version if before else 0) + 1:
            raise LostRace(membership.merchant)
        held = () if membership.standing is Standing.LEFT else membership.shops
        given_up = [shop for shop in _held(before) if shop not in held]
        items: list[TransactWriteItemTypeDef] = [{"Put": self._versioned(membership)}]
        items.append({"Put": {"TableName": self._table, "Item": _kept(membership, origin)}})
        items += [self._take(shop, membership.merchant) for shop in held]
        items += [self._give_up(shop, membership.merchant) for shop in given_up]
        try:
            self._client.transact_write_items(TransactItems=items)
        except TransactionCancelled as error:
            codes = error.codes
            if codes[0] == "ConditionalCheckFailed":
                raise LostRace(membership.merchant) from error
            for shop, code in zip(held, codes[2:], strict=False):
                if code == "ConditionalCheckFailed":
                    raise ShopTaken("shop_taken", shop) from error
            raise Retryable(", ".join(codes), RETRY_AFTER) from error

    def _versioned(self, membership: Membership) -> "PutTypeDef":
        """Give the item of a membership, and the condition that it follows the stored one."""
        item: dict[str, AttributeValueTypeDef] = {
            **_key(MERCHANTS, membership.merchant),
            "v": {"N": str(membership.version)},
            "membership": {"S": membership.model_dump_json(exclude_defaults=True)},
        }
        if membership.version == 1:
            return {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
        return {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "v = :before",
            "ExpressionAttributeValues": {":before": {"N": str(membership.version - 1)}},
        }

    def forget(self, membership: Membership) -> None:
        """Take a merchant off the list for good, unless it has changed meanwhile."""
        with suppress(ConditionFailed):
            self._client.delete_item(
                TableName=self._table,
                Key=_key(MERCHANTS, membership.merchant),
                ConditionExpression="v = :v",
                ExpressionAttributeValues={":v": {"N": str(membership.version)}},
            )

    def _take(self, shop: str, merchant: str) -> "TransactWriteItemTypeDef":
        return {
            "Put": {
                "TableName": self._table,
                "Item": {**_key(SHOPS, shop), "merchant": {"S": merchant}},
                "ConditionExpression": "attribute_not_exists(pk) OR merchant = :merchant",
                "ExpressionAttributeValues": {":merchant": {"S": merchant}},
            }
        }

    def _give_up(self, shop: str, merchant: str) -> "TransactWriteItemTypeDef":
        return {
            "Delete": {
                "TableName": self._table,
                "Key": _key(SHOPS, shop),
                "ConditionExpression": "merchant = :merchant",
                "ExpressionAttributeValues": {":merchant": {"S": merchant}},
            }
        }


def _key(pk: str, sk: str) -> "dict[str, AttributeValueTypeDef]":
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _held(before: Membership | None) -> tuple[str, ...]:
    return () if before is None or before.has_left else before.shops


def _kept(membership: Membership, origin: Origin | None) -> "dict[str, AttributeValueTypeDef]":
    """Give the item that keeps this version; the membership's own condition guards it."""
    place = _key(standing_pk(membership.merchant), version_sk(membership.version))
    body = membership.model_dump_json(exclude_defaults=True)
    return {**place, "v": {"N": str(membership.version)}, "membership": {"S": body}, **write_origin(origin)}


def _read(item: "dict[str, AttributeValueTypeDef]") -> Membership:
    return Membership.model_validate_json(item["membership"]["S"])
