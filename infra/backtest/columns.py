"""Which column of a CSV file says what: presets, and mappings written on the command line."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.backtest.stories import HistoryRefused
from shared.domain.watching import Span

FIELDS = {
    "order_id": "the order's number; the only one that must be there",
    "paid_at": "payment",
    "shipped_at": "the shop marked it as shipped; where missing, picked_up_at counts as this too",
    "picked_up_at": "handed to the carrier, or the first scan",
    "moved_at": "first scan after the pickup",
    "out_for_delivery_at": "out for delivery",
    "delivered_at": "delivered to the buyer",
    "ship_by": "the order's own deadline for shipping; wins over the policy's limit",
    "paid": "what was paid, in yuan (any currency's main unit); columns can be added up: price+freight",
    "region": "the receiver's province",
    "carrier": "a courier's short code or name: zto, 中通快递",
    "status": "how the order ended; see --delivered and --cancelled",
}

PRESETS: dict[str, dict[str, str]] = {
    "plain": {name: name for name in FIELDS},
    "olist": {
        "order_id": "order_id",
        "paid_at": "paid_at",
        "picked_up_at": "handed_to_carrier_at",
        "delivered_at": "delivered_at",
        "ship_by": "ship_by",
        "paid": "price+freight",
        "region": "customer_state",
        "status": "status",
    },
}
"""`plain` takes the columns that are there under our own names; `olist` is the Olist file that the docs describe."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where to find each field in a row: the places of its columns, none for an unmapped field."""

    places: dict[str, tuple[int, ...]]
    width: int

    def has(self, *fields: str) -> bool:
        """Say whether all these fields are mapped."""
        return all(self.places.get(field) for field in fields)

    def text(self, row: Sequence[str], field: str) -> str:
        """Give a field as it is written, "" where it is empty or not mapped."""
        places = self.places.get(field)
        return row[places[0]].strip() if places else ""

    def texts(self, row: Sequence[str], field: str) -> list[str]:
        """Give all columns of a field that is a sum."""
        return [row[place].strip() for place in self.places.get(field, ())]

    @property
    def silent(self) -> frozenset[Span]:
        """The stretches of the way whose beginning or end these columns do not show."""
        handed = "shipped_at" if self.has("shipped_at") else "picked_up_at"
        shown = {
            Span.PAY_TO_SHIP: self.has("paid_at", handed),
            Span.SHIP_TO_PICKUP: self.has("shipped_at", "picked_up_at"),
            Span.PICKUP_TO_MOVEMENT: self.has("picked_up_at", "moved_at"),
            Span.OUT_FOR_DELIVERY: self.has("out_for_delivery_at", "delivered_at"),
            Span.PAY_TO_SIGN: self.has("paid_at", handed, "delivered_at"),
        }
        return frozenset(span for span in Span if not shown.get(span))


def read_mapping(text: str) -> dict[str, str]:
    """Read `--columns`: a preset, `field=column` pairs, or a preset and then pairs that change it.

    An empty column removes a field: `olist,ship_by=`.

    Raises:
        HistoryRefused: a preset or a field does not exist.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    mapping: dict[str, str] = {}
    for place, part in enumerate(parts):
        field, equals, column = part.partition("=")
        if not equals and place == 0 and part in PRESETS:
            mapping = dict(PRESETS[part])
        elif not equals:
            raise HistoryRefused(f"--columns: {part!r} is neither a preset ({', '.join(PRESETS)}) nor field=column")
        elif field not in FIELDS:
            raise HistoryRefused(f"--columns: there is no field {field!r}; there are {', '.join(FIELDS)}")
        else:
            mapping[field] = column
    return {field: column for field, column in mapping.items() if column}


def find_columns(path: str, header: Sequence[str], mapping: dict[str, str], *, optional: bool) -> Columns:
    """Find the mapped columns in a file's first line; `optional`: those that are not there are not mapped.

    Raises:
        HistoryRefused: a column is missing or there twice, or no order number is mapped.
    """
    names = [name.strip() for name in header]
    places: dict[str, tuple[int, ...]] = {}
    for field, columns in mapping.items():
        wanted = [column.strip() for column in columns.split("+")]
        missing = [column for column in wanted if column not in names]
        if missing and len(names) == 1 and (found := next((one for one in ";\t|" if one in names[0]), "")):
            raise HistoryRefused(
                f"{path}, line 1: 各列应以逗号分隔 columns are separated by commas, here by {found!r}: save it as CSV"
            )
        if missing and optional:
            continue
        if missing:
            raise HistoryRefused(f"{path}, line 1: no column {missing[0]!r} for {field}; there are {', '.join(names)}")
        twice = [column for column in wanted if names.count(column) > 1]
        if twice:
            raise HistoryRefused(f"{path}, line 1: the column {twice[0]!r} is there twice")
        places[field] = tuple(names.index(column) for column in wanted)
    if "order_id" not in places:
        raise HistoryRefused(f"{path}, line 1: no column is mapped to order_id; there are {', '.join(names)}")
    return Columns(places, len(names))
