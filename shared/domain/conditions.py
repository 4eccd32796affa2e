"""What a routing rule may look at, and how its condition is written down. Data only; `rules.routing` compiles it.

    {"field": "intent", "is": ["refund", "return"]}    {"field": "price_fen", "from": 50000}
    {"field": "buyer_tags", "has": ["vip"]}             {"all": [...]}  {"any": [...]}  {"not": {...}}
"""

from enum import Enum
from typing import Annotated, NamedTuple

from pydantic import ConfigDict, Field

from shared.domain.record import Record


class ChatFacts(NamedTuple):
    """All that a routing rule may look at about one message; every name here is a field of the language.

    `period` is no_order, pre_sale or after_sale; `open_cases` holds "refund" and the anomalies of the buyer's parcels.
    """

    period: str = "no_order"
    order_status: str = "unknown"
    order_age_days: int = 0
    item: str = ""
    category: str = ""
    price_fen: int = 0
    hot: bool = False
    buyer_tier: str = ""
    buyer_tags: frozenset[str] = frozenset()
    channel: str = ""
    live_room: str = ""
    intent: str = "other"
    tone: str = "calm"
    negative_lines: int = 0
    repeated: int = 0
    open_cases: frozenset[str] = frozenset()
    mode: str = "bot_first"
    hour: int = 0  # of the shop's clock
    weekday: int = 0  # 0 is Monday
    staffed: bool = True  # somebody of the group that would get it by default is on shift and online
    hops: int = 0


class FieldKind(Enum):
    """What values a field has, and so which tests fit."""

    WORD = "word"
    WORDS = "words"
    NUMBER = "number"
    FLAG = "flag"


FIELDS: dict[str, FieldKind] = {
    name: {str: FieldKind.WORD, int: FieldKind.NUMBER, bool: FieldKind.FLAG}.get(type(default), FieldKind.WORDS)
    for name, default in ChatFacts._field_defaults.items()
}

Word = Annotated[str, Field(min_length=1, max_length=64)]


class Test(Record):
    """One field against values. Exactly one of the tests `is`, `has`, `from`/`to` is given."""

    __test__ = False  # no test of pytest's
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, populate_by_name=True)

    field: str
    is_: bool | Word | tuple[Word, ...] | None = Field(default=None, alias="is")
    has: tuple[Word, ...] = ()
    from_: int | None = Field(default=None, alias="from")
    to: int | None = None


class AllOf(Record):
    """Every one holds; none at all holds always."""

    all: tuple["Condition", ...]


class AnyOf(Record):
    """At least one holds."""

    any: tuple["Condition", ...]


class Not(Record):
    """It does not hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, populate_by_name=True)

    not_: "Condition" = Field(alias="not")


Condition = Test | AllOf | AnyOf | Not
"""A condition as written in a policy."""
