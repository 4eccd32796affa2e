"""What a routing rule may look at, and how its condition is written down. Data only; `rules.routing` compiles it.

    {"field": "intent", "is": ["refund", "return"]}    {"field": "price_fen", "from": 50000}
    {"field": "buyer_tags", "has": ["vip"]}             {"all": [...]}  {"any": [...]}  {"not": {...}}

Several words mean any of them; `from` and `to` are both included.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, StrEnum
from typing import Annotated, NamedTuple, Self

from pydantic import ConfigDict, Discriminator, Field, StrictBool, StrictInt, StringConstraints, Tag, model_validator

from shared.domain.chat import Intent, Tone
from shared.domain.order import OrderStatus
from shared.domain.record import Record
from shared.domain.tickets import Anomaly

WORD_LENGTH_MAX = 64
WORDS_MAX = 500
"""How many words one test may name."""
_LISTED_MAX = 40
_LIKENESS_MIN = 0.4


class Period(StrEnum):
    """Where a buyer stands with the shop."""

    NO_ORDER = "no_order"
    PRE_SALE = "pre_sale"  # the after-sales time of the latest order is over
    AFTER_SALE = "after_sale"


REFUND_CASE = "refund"
"""Stands among the anomalies of `open_cases` for an open refund request."""


class ChatFacts(NamedTuple):
    """All that a routing rule may look at about one message; every name here is a field of the language.

    `period` is no_order, pre_sale or after_sale; `open_cases` holds "refund" and the anomalies of the buyer's parcels.
    Decisions are stored without the facts that are as below: a default that changes would rewrite history.
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

VALUES: dict[str, tuple[str, ...]] = {
    "period": tuple(map(str, Period)),
    "order_status": tuple(map(str, OrderStatus)),
    "intent": tuple(map(str, Intent)),
    "tone": tuple(map(str, Tone)),
    "mode": ("assist", "bot_first", "bot_only"),
    "open_cases": (REFUND_CASE, *map(str, Anomaly)),
}
"""All words that a field can ever hold, for the fields of which that is known."""

_MANY = 10**6
RANGES: dict[str, tuple[int, int]] = {
    "order_age_days": (-1, 36_500),  # -1: the platform's clock is ahead of the chat's over midnight
    "price_fen": (0, 10**11),
    "negative_lines": (0, _MANY),
    "repeated": (0, _MANY),
    "hour": (0, 23),
    "weekday": (0, 6),
    "hops": (0, _MANY),
}
"""The least and the greatest value of every number."""


class Problem(NamedTuple):
    """Why a document is refused, and where: `rules[3].when.all[0].is`."""

    path: str
    message: str


class Unfit(ValueError):
    """Something is wrong with a part of a document: every problem, with its path inside of that part."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{path}: {message}" if path else message for path, message in problems))
        self.problems = tuple(problems)


def unknown(what: str, name: object, known: Sequence[str]) -> str:
    """Write that there is no such name, the nearest known ones, and all of them as far as they are few."""
    listed = f"Known: {', '.join(known[:_LISTED_MAX]) or 'none'}"
    if not isinstance(name, str):
        return f"{_shown(name)} is no {what}. {listed}"
    name = name[:WORD_LENGTH_MAX]
    likeness = {one: _likeness(name, one) for one in known[:_LISTED_MAX]}
    near = sorted((one for one in likeness if likeness[one] >= _LIKENESS_MIN), key=lambda one: -likeness[one])[:3]
    guess = f"; did you mean {' or '.join(near)}?" if near else "."
    return f"there is no {what} {_shown(name)}{guess} {listed}"


def _likeness(word: str, other: str) -> float:
    """Compare two words by their pairs of neighbouring letters, the ends among them: 1 for all, 0 for none."""
    if len(word) > 2 and word in other:
        return 1
    pairs, others = ({f"^{one}$"[place : place + 2] for place in range(len(one) + 1)} for one in (word, other))
    return 2 * len(pairs & others) / (len(pairs) + len(others))


def _shown(value: object) -> str:
    """Show a value that may be anything, briefly."""
    if isinstance(value, str):
        return repr(value[:WORD_LENGTH_MAX])
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 10**18):
        return str(value).lower()
    return {dict: "an object", list: "a list", int: "a huge number", type(None): "null"}.get(type(value), "that")


# ---- tests -------------------------------------------------------------------------------------------------------

_ALL_KEYS = ("field", "is", "has", "from", "to")
_FITTING = {
    FieldKind.WORD: (("is",), 'is a word: test it with "is": a word or a list of words'),
    FieldKind.WORDS: (("has",), 'is a set of words: test it with "has": a list of words'),
    FieldKind.NUMBER: (("from", "to"), 'is a number: test it with "from", "to" or both, whole numbers'),
    FieldKind.FLAG: (("is",), 'is yes or no: test it with "is": true or false'),
}


class _Spec(NamedTuple):
    """What may be said about a field."""

    field: str
    kind: FieldKind
    keys: tuple[str, ...]
    advice: str
    words: frozenset[str] | None
    least: int
    most: int


_SPECS = {
    field: _Spec(
        field,
        kind,
        _FITTING[kind][0],
        f"{field} {_FITTING[kind][1]}",
        frozenset(VALUES[field]) if field in VALUES else None,
        *RANGES.get(field, (0, 0)),
    )
    for field, kind in FIELDS.items()
}


def test_problems(given: Mapping[str, object]) -> Sequence[Problem]:
    """Say what is wrong with a test as it stands in JSON; its values may be anything."""
    field = given.get("field")
    spec = _SPECS.get(field) if isinstance(field, str) else None
    if spec is None:
        return [Problem("field", unknown("field", field, tuple(FIELDS)))]
    if len(given) == 2 and any(_is_one_of(given.get(key), spec) for key in spec.keys):
        return ()  # as nearly all are
    found: list[Problem] = []
    tested = 0
    for key, value in given.items():
        if key == "field" or value is None or (key == "has" and not value and spec.kind is not FieldKind.WORDS):
            continue  # not given, or given as a document of ours writes what is not given
        tested += 1
        if key not in spec.keys:
            found.append(Problem(key, spec.advice if key in _ALL_KEYS else unknown("key", key, ("field", *spec.keys))))
        elif not _is_one_of(value, spec):
            found += (Problem(key, why) for why in _value_problems(spec, key, value))
    if not tested:
        found.append(Problem("", f"nothing is tested: {spec.advice}"))
    elif tested > 1 and not found and given["from"] > given["to"]:  # type: ignore[operator]  # two fine numbers
        found.append(Problem("from", f'{field}: "from" is greater than "to", so it never holds'))
    return found


test_problems.__test__ = False  # type: ignore[attr-defined]  # no test of pytest's


def _is_one_of(value: object, spec: _Spec) -> bool:
    """Whether a value is one of the field's own, without a word about it."""
    if isinstance(value, str):
        own = 0 < len(value) <= WORD_LENGTH_MAX if spec.words is None else value in spec.words
        return own and spec.kind is FieldKind.WORD
    if isinstance(value, bool):
        return spec.kind is FieldKind.FLAG
    return isinstance(value, int) and spec.kind is FieldKind.NUMBER and spec.least <= value <= spec.most


def _value_problems(spec: _Spec, key: str, value: object) -> Iterator[str]:
    if spec.kind is FieldKind.NUMBER and isinstance(value, int) and not isinstance(value, bool):
        yield f"{spec.field} is never {_shown(value)}, only from {spec.least} to {spec.most}"
        return
    words = (value,) if isinstance(value, str) and key == "is" else value
    if spec.kind in (FieldKind.NUMBER, FieldKind.FLAG) or not isinstance(words, list | tuple):
        yield spec.advice
    elif not words:
        yield f"{spec.field}: the list is empty, so it never holds"
    elif len(words) > WORDS_MAX:
        yield f"{spec.field}: {len(words):,} words, at most {WORDS_MAX} fit into one test"
    else:
        for word in words:
            if not isinstance(word, str):
                yield spec.advice
            elif spec.words is not None and word not in spec.words:
                yield f"{spec.field}: {unknown('value', word, VALUES[spec.field])}"
            elif not 0 < len(word) <= WORD_LENGTH_MAX:
                yield f"{spec.field}: a word has 1 to {WORD_LENGTH_MAX} characters"


Word = Annotated[str, StringConstraints(min_length=1, max_length=WORD_LENGTH_MAX)]


_AS_WRITTEN = ConfigDict(frozen=True, extra="forbid", defer_build=True, populate_by_name=True, serialize_by_alias=True)


class Test(Record):
    """One field against values: `is` for words and flags, `has` for sets of words, `from` and `to` for numbers."""

    __test__ = False  # no test of pytest's
    model_config = _AS_WRITTEN

    field: str
    is_: StrictBool | Word | tuple[Word, ...] | None = Field(default=None, alias="is")
    has: tuple[Word, ...] = ()
    from_: StrictInt | None = Field(default=None, alias="from")
    to: StrictInt | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The words of `is` or `has`, any of which will do."""
        return (self.is_,) if isinstance(self.is_, str) else self.is_ or self.has  # type: ignore[return-value]

    @model_validator(mode="after")
    def _fits_its_field(self) -> Self:
        problems = tuple(test_problems({name.rstrip("_"): getattr(self, name) for name in self.model_fields_set}))
        if problems:
            raise Unfit(problems)
        return self


class AllOf(Record):
    """Every one holds; none at all holds always."""

    all: tuple["Condition", ...]


class AnyOf(Record):
    """At least one holds."""

    any: tuple["Condition", ...]


class Not(Record):
    """It does not hold."""

    model_config = _AS_WRITTEN

    not_: "Condition" = Field(alias="not")


def _form(value: object) -> str:
    """Tell by its key which form of condition it is, so that only this one is tried."""
    for name, model in (("all", AllOf), ("any", AnyOf), ("not", Not)):
        if isinstance(value, model) or (isinstance(value, Mapping) and name in value):
            return name
    return "not" if isinstance(value, Mapping) and "not_" in value else "test"


Condition = Annotated[
    Annotated[Test, Tag("test")]
    | Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")],
    Discriminator(_form),
]
"""A condition as written in a policy."""


def size(condition: Condition) -> tuple[int, int]:
    """Give how deep a condition is nested, and how many tests it has."""
    match condition:
        case Test():
            return 1, 1
        case Not():
            depth, tests = size(condition.not_)
        case AllOf() | AnyOf():
            parts = [size(part) for part in (condition.all if isinstance(condition, AllOf) else condition.any)]
            depth, tests = max((one for one, _ in parts), default=0), sum(count for _, count in parts)
    return depth + 1, tests
