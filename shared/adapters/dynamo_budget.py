"""How much may be refunded without a person today? The half of a transaction that guards a merchant's money.

The condition is part of the write: two refunds that fit one by one but not together cannot both pass.
"""

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from shared.adapters.table_layout import BUDGET_KEPT, budget_pk, budget_sk, to_expiry, trial_sk
from shared.domain.decision import BudgetDraw, TrialDraw
from shared.errors import BudgetExhausted

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, UpdateTypeDef


def is_give_back(draw: BudgetDraw) -> bool:
    """Whether nothing is taken."""
    return draw.amount_fen <= 0 and draw.refunds <= 0


def refuse_oversized(draw: BudgetDraw) -> None:
    """Refuse a draw that would not fit into an untouched budget; no condition on a sum can see that.

    Raises:
        BudgetExhausted: it is larger than the caps.
    """
    for _, delta, cap in _parts(draw):
        if 0 < delta > cap:
            raise BudgetExhausted


def trial_update(table: str, merchant: str, draw: BudgetDraw, trial: TrialDraw) -> "UpdateTypeDef":
    """Build the update that draws the same from the budget of a version on trial, if it fits."""
    same = draw._replace(amount_fen_max=trial.amount_fen_max, refunds_max=trial.refunds_max)
    return budget_update(table, merchant, same, trial_sk(trial.version))


def budget_update(table: str, merchant: str, draw: BudgetDraw, sk: str = "") -> "UpdateTypeDef":
    """Build the update that draws from the day's budget if it fits, or gives back what was drawn."""
    expires_at = to_expiry(datetime.combine(draw.day, time(), UTC) + BUDGET_KEPT)
    values: dict[str, AttributeValueTypeDef] = {":expires_at": {"N": str(expires_at)}}
    conditions = []
    for name, delta, cap in _parts(draw):
        values[f":{name}"] = {"N": str(delta)}
        if delta > 0:
            conditions.append(f"(attribute_not_exists({name}) OR {name} <= :{name}_room)")
            values[f":{name}_room"] = {"N": str(cap - delta)}
        if delta < 0:
            conditions.append(f"{name} >= :{name}_drawn")
            values[f":{name}_drawn"] = {"N": str(-delta)}
    update: UpdateTypeDef = {
        "TableName": table,
        "Key": {"pk": {"S": budget_pk(merchant)}, "sk": {"S": sk or budget_sk(draw.day)}},
        "UpdateExpression": "SET expires_at = :expires_at ADD amount_fen :amount_fen, refunds :refunds",
        "ExpressionAttributeValues": values,
    }
    if conditions:
        update["ConditionExpression"] = " AND ".join(conditions)
    return update


def _parts(draw: BudgetDraw) -> tuple[tuple[str, int, int], ...]:
    return (
        ("amount_fen", draw.amount_fen, draw.amount_fen_max),
        ("refunds", draw.refunds, draw.refunds_max),
    )
