"""DynamoDB and SQS on paper: as much as the sweep uses, for a million cases, with calls, units and time counted.

Each call moves the clock by what a call takes, so that the sweep's own limits are met. Writes are noted by the second
and the partition that they fall on.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

from shared.adapters.sqs_queue import SENDERS
from shared.adapters.table_layout import CURSORS, bucket_of, pointer_text, shard_of, to_ms
from shared.domain.keys import CaseKey
from shared.domain.lanes import Lane
from shared.domain.messages import parse_message
from shared.settings import Settings
from tests.fakes import FakeClock
from tests.sizes import READ_UNIT, item_size, units

TABLE = "paper"
CALL_TAKES = timedelta(milliseconds=8)  # one call of a function to DynamoDB or SQS, with the function's own work
SETTINGS = Settings(table_name=TABLE, queue_urls={lane: lane.value for lane in Lane})
Item = dict[str, Any]


class Case(NamedTuple):
    """What the sweep sees of a case: milliseconds, None where there is nothing."""

    due: int | None
    armed: int | None = None


class Paper:
    """Stands where both clients do."""

    def __init__(self, clock: FakeClock, takes: timedelta = CALL_TAKES) -> None:
        self.clock = clock
        self.takes = takes
        self.calls = Counter[str]()
        self.read_units = 0
        self.writes = Counter[tuple[int, str]]()  # units by second and partition
        self.cases: dict[str, Case] = {}
        self.woken: list[tuple[datetime, str]] = []
        self._buckets: dict[str, list[str]] = defaultdict(list)
        self._cursors: dict[str, str] = {}
        self._meanwhile = False  # the call is made while another one is under way

    # ---- what a test puts there and looks at ---------------------------------------------------------------------

    def load(self, cases: Iterable[tuple[CaseKey, datetime, Case]]) -> None:
        """Store cases, each with a pointer at an instant."""
        touched = set()
        for key, at, case in cases:
            bucket = bucket_of(shard_of(key), at)
            self._buckets[bucket].append(pointer_text(at, key))
            self.cases[str(key)] = case
            touched.add(bucket)
        for bucket in touched:
            self._buckets[bucket].sort()

    def swept_until(self, shards: int, at: str) -> None:
        """Let all shards have been swept up to an instant."""
        self._cursors = {str(shard): at for shard in range(shards)}

    def take_woken(self) -> list[str]:
        """Give the cases whose wakes were delivered since the last time, in order."""
        now = self.clock.now()
        woken = [name for at, name in sorted(self.woken, key=itemgetter(0)) if at <= now]
        self.woken = [one for one in self.woken if one[0] > now]
        return woken

    # ---- DynamoDB ------------------------------------------------------------------------------------------------

    def get_item(self, Key: Item, **_: Any) -> Item:
        """Read a cursor."""
        self._call("GetItem")
        self.read_units += 1
        until = self._cursors.get(Key["sk"]["S"])
        return {"Item": {**Key, "until": {"S": until}}} if until else {}

    def query(self, ExpressionAttributeValues: Item, Limit: int, **_: Any) -> Item:
        """Read pointers of a bucket between two sort keys, both included."""
        self._call("Query")
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        bucket = self._buckets.get(values[":bucket"], [])
        first, last = bisect_left(bucket, values[":first"]), bisect_right(bucket, values[":last"])
        items = [{"sk": {"S": text}} for text in bucket[first : min(last, first + Limit)]]
        self.read_units += units(sum(_pointer_size(values[":bucket"], one["sk"]["S"]) for one in items), READ_UNIT)
        return {"Items": items}

    def batch_get_item(self, RequestItems: Item) -> Item:
        """Read cases; each is a unit of its own."""
        self._call("BatchGetItem")
        names = [key["pk"]["S"] for key in RequestItems[TABLE]["Keys"]]
        self.read_units += len(names)
        found = [_case_item(name, self.cases[name]) for name in names if name in self.cases]
        return {"Responses": {TABLE: found}, "UnprocessedKeys": {}}

    def batch_write_item(self, RequestItems: Item) -> Item:
        """Put pointers."""
        self._call("BatchWriteItem")
        for one in RequestItems[TABLE]:
            self._put(one["PutRequest"]["Item"])
        return {"UnprocessedItems": {}}

    def put_item(self, Item: Item, **_: Any) -> Item:
        """Put a cursor or a pointer."""
        self._call("PutItem")
        self._put(Item)
        return {}

    def _put(self, item: Item) -> None:
        pk, sk = item["pk"]["S"], item["sk"]["S"]
        self.writes[int(self.clock.now().timestamp()), pk] += 1
        if pk == CURSORS:
            self._cursors[sk] = item["until"]["S"]
            return
        bucket = self._buckets[pk]
        place = bisect_left(bucket, sk)
        if place == len(bucket) or bucket[place] != sk:
            bucket.insert(place, sk)

    # ---- SQS -----------------------------------------------------------------------------------------------------

    def side_by_side(self, call: Callable[[Any], None], many: Iterable[Any]) -> Iterator[None]:
        """Make calls as many threads do; those that are under way at once take as long as one."""
        for number, one in enumerate(many):
            self._meanwhile = number % SENDERS > 0
            yield call(one)
        self._meanwhile = False

    def send_message_batch(self, Entries: list[Item], **_: Any) -> Item:
        """Take the wakes."""
        self._call("SendMessageBatch")
        for entry in Entries:
            about = str(getattr(parse_message(entry["MessageBody"]), "about", ""))
            self.woken.append((self.clock.now() + timedelta(seconds=entry.get("DelaySeconds", 0)), about))
        return {"Failed": []}

    def _call(self, name: str) -> None:
        self.calls[name] += 1
        if not self._meanwhile:
            self.clock.advance(self.takes)


def _case_item(name: str, case: Case) -> Item:
    item: Item = {"pk": {"S": name}}
    if case.due is not None:
        item["due"] = {"N": str(case.due)}
    if case.armed is not None:
        item["armed"] = {"N": str(case.armed)}
    return item


def _pointer_size(bucket: str, text: str) -> int:
    return item_size({"pk": {"S": bucket}, "sk": {"S": text}, "expires_at": {"N": "1772449200"}})


def waiting(at: datetime | None, armed: datetime | None = None) -> Case:
    """Give a case that waits for an instant."""
    return Case(None if at is None else to_ms(at), None if armed is None else to_ms(armed))
