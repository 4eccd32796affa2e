"""Where do cases live? One item per case; one read and one conditional write per event. The workflows call it.

A save that needs a pointer writes it first: whatever call the process dies after, a case with a deadline has a pointer
that is not later. A pointer without its case is an orphan, which the sweep drops. The register of cases that need
people is kept in the same way (`open_register.py`).
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from shared.adapters import open_register
from shared.adapters.dynamo_batch import batch_get
from shared.adapters.dynamo_budget import budget_update, is_give_back, refuse_oversized, trial_update
from shared.adapters.outbox import write_outbox
from shared.adapters.policy_items import name_of, read_policy
from shared.adapters.signed_aws import RETRY_AFTER, AwsRefused, TransactionCancelled
from shared.adapters.table_layout import (
    AT_REST_KEPT,
    ONLY,
    budget_pk,
    budget_sk,
    held_after,
    pointer_item,
    pointer_needed,
    policy_pk,
    read_ms,
    to_expiry,
    to_ms,
    whole_ms,
)
from shared.domain.decision import AnyCase, BudgetDraw, Spent
from shared.domain.keys import CaseKey, CaseKind
from shared.domain.messages import Message
from shared.domain.notices import DigestCase
from shared.domain.order import OrderCase
from shared.domain.parcel import ParcelCase
from shared.domain.policy import Policy
from shared.domain.refund import RefundCase
from shared.domain.session import DeskCase, SessionCase
from shared.domain.walls import keep_to
from shared.errors import BudgetExhausted, LostRace, Retryable, TrialExhausted
from shared.ports import Loaded, OpenCase, StoredCase

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, PutTypeDef, TransactWriteItemTypeDef

    Item = dict[str, AttributeValueTypeDef]

Change = tuple[StoredCase, AnyCase]
"""A case as it was loaded, and as it becomes."""

_MODELS: dict[CaseKind, type[AnyCase]] = {
    CaseKind.ORDER: OrderCase,
    CaseKind.REFUND: RefundCase,
    CaseKind.PARCEL: ParcelCase,
    CaseKind.DIGEST: DigestCase,
    CaseKind.SESSION: SessionCase,
    CaseKind.DESK: DeskCase,
}


class DynamoCaseStore:
    """Cases with their deadlines and outboxes, in one table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table
        self._policies: dict[str, tuple[tuple[str, str], Policy]] = {}

    def load(self, merchant: str, keys: Sequence[CaseKey]) -> Loaded:
        """Read cases and the merchant's current policy in one call."""
        keep_to(merchant, (key.merchant for key in keys))
        policy_at = policy_pk(merchant)
        partitions = [*dict.fromkeys(map(str, keys)), policy_at]
        items = batch_get(self._client, self._table, partitions, "pk, v, body, due, armed, held, paces")
        found = {item["pk"]["S"]: item for item in items}
        return Loaded(
            cases={key: read_case(key, found.get(str(key))) for key in keys},
            policy=self._policy(merchant, found.get(policy_at)),
            left="body" not in found.get(policy_at, {"body": {}}),
        )

    def save(  # noqa: PLR0913 - the parts of one write
        self,
        before: StoredCase,
        case: AnyCase,
        *,
        outbox: Sequence[Message],
        due: datetime | None,
        draw: BudgetDraw | None,
        now: datetime,
        along: tuple[StoredCase, AnyCase] | None = None,
        along_due: datetime | None = None,
    ) -> None:
        """Write the next state at once: one call, one before it where a pointer is needed, one for the register."""
        letters = write_outbox(before.key.merchant, outbox)
        keep_to(before.key.merchant, [along[0].key.merchant] if along else [])
        if draw is not None:
            refuse_oversized(draw)
        after = self._armed(before, case, due, now)
        changes = [(before, case), along] if along else [(before, case)]
        for opened in begin_to_need_people(changes, now):
            open_register.enter(self._client, self._table, opened)
        put = self._put(before.version, write_case(after, letters, now))
        puts = [put]
        if along is not None:
            kept = along[0]._replace(version=along[0].version + 1, case=along[1])
            other = kept if along_due is None else self._armed(*along, along_due, now)
            puts.append(self._put(along[0].version, write_case(other, "", now)))
        if draw is None and along is None:
            self._save_alone(before.key, put)
        else:
            self._save_together(before.key, puts, draw)
        for ended in cease_to_need_people(changes):
            open_register.leave(self._client, self._table, ended.key, ended.version + 1)

    def _armed(self, before: StoredCase, case: AnyCase, due: datetime | None, now: datetime) -> StoredCase:
        """Give the next version of a case, its deadline guarded by a pointer that is put here if there is none."""
        due = None if due is None else whole_ms(due)
        pointer = pointer_needed(due, before, now)
        if pointer is not None:
            self._client.put_item(TableName=self._table, Item=pointer_item(before.key, pointer))
        held = None if pointer else held_after(due, before, now)
        return StoredCase(before.key, before.version + 1, case, due, pointer or before.armed, held)

    def open_cases(self, merchant: str, after: CaseKey | None = None) -> Sequence[OpenCase]:
        """Give a page of the register behind a key."""
        return open_register.read_page(self._client, self._table, merchant, after)

    def forget_open(self, entry: OpenCase) -> None:
        """Take an entry off, unless it has been entered anew since it was read."""
        open_register.forget(self._client, self._table, entry)

    def spent(self, merchant: str, day: date) -> Spent:
        """Give what has been drawn from a day's budget."""
        key: Item = {"pk": {"S": budget_pk(merchant)}, "sk": {"S": budget_sk(day)}}
        item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})
        return Spent(*(int(item[name]["N"]) if name in item else 0 for name in Spent._fields))

    def _policy(self, merchant: str, item: "Item | None") -> Policy | None:
        if item is None or "body" not in item:
            return None
        name, cached = name_of(item), self._policies.get(merchant)
        if cached is None or cached[0] != name:
            cached = self._policies[merchant] = name, read_policy(item)
        return cached[1]

    def _put(self, version: int, item: "Item") -> "PutTypeDef":
        if version == 0:
            return {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        return {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "v = :before",
            "ExpressionAttributeValues": {":before": {"N": str(version)}},
        }

    def _save_alone(self, key: CaseKey, put: "PutTypeDef") -> None:
        try:
            self._client.put_item(**put)
        except AwsRefused as error:
            if error.code in ("ConditionalCheckFailedException", "TransactionConflictException"):
                raise LostRace(str(key)) from error
            raise

    def _save_together(self, key: CaseKey, puts: Sequence["PutTypeDef"], draw: BudgetDraw | None) -> None:
        items: list[TransactWriteItemTypeDef] = [{"Put": put} for put in puts]
        if draw is not None:
            items.append({"Update": budget_update(self._table, key.merchant, draw)})
            if draw.trial is not None:
                items.append({"Update": trial_update(self._table, key.merchant, draw, draw.trial)})
        try:
            self._client.transact_write_items(TransactItems=items)
        except TransactionCancelled as error:
            cases, budget = error.codes[: len(puts)], error.codes[len(puts) :]
            if {"ConditionalCheckFailed", "TransactionConflict"} & set(cases):
                raise LostRace(str(key)) from error
            if draw is None or not set(budget) <= {"None", "ConditionalCheckFailed"}:
                raise Retryable(", ".join(error.codes), RETRY_AFTER) from error
            if budget[0] == "None":
                raise TrialExhausted(str(key)) from error
            if not is_give_back(draw):
                raise BudgetExhausted(str(key)) from error
            if len(puts) > 1:
                self._save_together(key, puts, None)  # what was never drawn cannot be given back
            else:
                self._save_alone(key, puts[0])


def begin_to_need_people(changes: Sequence[Change], now: datetime) -> list[OpenCase]:
    """Give the entries that must be in the register before these cases are saved."""
    return [
        OpenCase(before.key, before.version + 1, now)
        for before, after in changes
        if after.needs_people and not (before.case and before.case.needs_people)
    ]


def cease_to_need_people(changes: Sequence[Change]) -> list[StoredCase]:
    """Give the cases, as they were, that can be taken off the register once they are saved."""
    return [before for before, after in changes if before.case and before.case.needs_people and not after.needs_people]


def write_case(stored: StoredCase, outbox: str, now: datetime) -> "Item":
    """Write a case as an item. One that waits for nothing any more is forgotten some time after its last change."""
    if stored.case is None:
        raise TypeError("a case that does not exist is not written")
    item: Item = {
        "pk": {"S": str(stored.key)},
        "sk": {"S": ONLY},
        "v": {"N": str(stored.version)},
        "body": {"S": stored.case.model_dump_json(exclude_defaults=True)},
    }
    for name, at in (("due", stored.due), ("armed", stored.armed), ("held", stored.held)):
        if at is not None:
            item[name] = {"N": str(to_ms(at))}
    if outbox:
        item["outbox"] = {"S": outbox}
    expires_at = _expiry(stored, stored.case, now)
    if expires_at is not None:
        item["expires_at"] = {"N": str(to_expiry(expires_at))}
    return item


def _expiry(stored: StoredCase, case: AnyCase, now: datetime) -> datetime | None:
    if isinstance(case, SessionCase):
        return case.kept_until
    kept = AT_REST_KEPT.get(stored.key.kind)
    return now + kept if kept and stored.due is None else None


def read_case(key: CaseKey, item: "Item | None") -> StoredCase:
    """Read what `write_case` wrote; None is a case that does not exist."""
    if item is None:
        return StoredCase(key)
    return StoredCase(
        key,
        version=int(item["v"]["N"]),
        case=_MODELS[key.kind].model_validate_json(item["body"]["S"]),
        due=read_ms(item, "due"),
        armed=read_ms(item, "armed"),
        held=read_ms(item, "held"),
    )
