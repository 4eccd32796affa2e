"""What the stream tells of cases is kept by merchant and day, the same way each time, and read back strictly."""

import gzip
import json
import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from functions.archive_history import handler as archive_function
from shared.errors import Retryable
from shared.workflows.archive_history import GZIP, archive_history
from shared.workflows.read_history import TEXT_BYTES_MAX, BrokenHistory, Line, read_lines
from tests.fakes import FakeArchive

DAY = date(2026, 11, 11)
NOON = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)
CASE = {"phase": "等待", "amount_fen": 5900, "big": 2**53 + 1}
SEQUENCE = 4421584500000000017450439091


def change(place: int, pk: str = "shop-a|refund|douyin:1", at: datetime = NOON, v: int = 1, **image: Any) -> Any:
    """A record of the table's stream, as Lambda hands it over."""
    body = {"S": json.dumps(CASE | {"v": v}, ensure_ascii=False)}
    new = {"pk": {"S": pk}, "sk": {"S": "-"}, "v": {"N": str(v)}, "body": body} | image
    return {
        "eventName": "MODIFY",
        "dynamodb": {
            "ApproximateCreationDateTime": at.timestamp(),
            "SequenceNumber": str(SEQUENCE + place),
            "NewImage": new,
        },
    }


def kept(*records: Any) -> FakeArchive:
    """Archive one batch."""
    archive = FakeArchive()
    archive_history(records, archive)
    return archive


def lines_of(archive: FakeArchive, merchant: str = "shop-a", day: date = DAY) -> list[Line]:
    """What the archive holds of a merchant's day, by the names of its objects."""
    names = sorted(name for name in archive.objects if name.startswith(f"history/{merchant}/{day}/"))
    return [line for name in names for line in read_lines(name, archive.objects[name])]


# ---- writing -----------------------------------------------------------------------------------------------------


def test_an_image_becomes_a_line_that_says_whose_what_and_when() -> None:
    archive = kept(change(0, v=7))
    assert lines_of(archive) == [Line("shop-a", "refund", "douyin:1", 7, NOON, CASE | {"v": 7})]
    [(name, data)] = archive.objects.items()
    assert name.startswith(f"history/shop-a/2026-11-11/{SEQUENCE:040d}-")
    assert name.endswith(".jsonl.gz")
    assert json.loads(gzip.decompress(data)) == {
        "merchant": "shop-a",
        "kind": "refund",
        "id": "douyin:1",
        "v": 7,
        "at": "2026-11-11T12:00:00.000Z",
        "case": CASE | {"v": 7},
    }


def test_a_batch_is_one_object_per_merchant_and_utc_day() -> None:
    midnight = datetime(2026, 11, 12, tzinfo=UTC)
    archive = kept(
        change(0, "shop-a|refund|douyin:1", midnight - timedelta(milliseconds=1)),
        change(1, "shop-b|parcel|zto:1", midnight),
        change(2, "shop-a|order|douyin:1", midnight),
        change(3, "shop-a|refund|douyin:1", midnight, v=2),
    )
    folders = [name.rpartition("/")[0] for name in archive.objects]
    assert folders == ["history/shop-a/2026-11-11", "history/shop-b/2026-11-12", "history/shop-a/2026-11-12"]
    assert [line.id for line in lines_of(archive)] == ["douyin:1"]
    assert [line.kind for line in lines_of(archive, day=date(2026, 11, 12))] == ["order", "refund"]
    assert [line.at for line in lines_of(archive)] == [midnight - timedelta(milliseconds=1)]


def test_merchants_are_never_mixed_in_an_object() -> None:
    merchants = ["shop", "shop-a", "shop-b"]
    archive = kept(*(change(n, f"{merchants[n % 3]}|parcel|zto:{n}") for n in range(30)))
    assert len(archive.objects) == 3
    for name, data in archive.objects.items():
        assert {line.merchant for line in read_lines(name, data)} == {name.split("/")[1]}
    assert [len(lines_of(archive, merchant)) for merchant in merchants] == [10, 10, 10]


def test_the_same_batch_again_stores_the_same_names_and_bytes() -> None:
    batch = [change(n, f"shop-{n % 2}|parcel|zto:{n}") for n in range(10)]
    archive = kept(*batch)
    before = dict(archive.objects)
    assert archive_history(batch, archive) == 10
    assert archive.objects == before
    assert archive.puts == [*before, *before]


def test_the_bytes_depend_on_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    before = kept(change(0)).objects
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert kept(change(0)).objects == before


def test_a_batch_that_is_split_after_a_failure_leaves_the_same_lines_again() -> None:
    batch = [change(n, v=n + 1) for n in range(4)]
    archive = kept(*batch)
    for half in (batch[:2], batch[2:]):
        archive_history(half, archive)
    assert len(archive.objects) == 3
    lines = lines_of(archive)
    assert sorted(line.v for line in lines) == [1, 1, 2, 2, 3, 3, 4, 4]
    assert len({str(line) for line in lines}) == 4


def test_objects_are_listed_in_the_order_of_the_changes_however_long_their_numbers_are() -> None:
    archive = FakeArchive()
    for place in (999, 1000):
        record = change(0, v=place)
        record["dynamodb"]["SequenceNumber"] = str(place)
        archive_history([record], archive)
    assert [line.v for line in lines_of(archive)] == [999, 1000]


@pytest.mark.parametrize(
    "record",
    [
        change(0, "shop-a|digest|desk"),
        change(0, "shop-a|policy"),
        change(0, "shop-a|policy", sk={"S": "00000002"}),
        change(0, "shop-a|command|shop-a|parcel|zto:1#1"),
        change(0, "merchants"),
        {"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "1", "Keys": {"pk": {"S": "shop-a|refund|1"}}}},
    ],
)
def test_what_is_no_case_with_a_history_is_left_out(record: Any) -> None:
    archive = kept(record)
    assert archive.puts == []
    assert kept(record, change(1), record).objects.keys() == kept(change(1)).objects.keys()


def test_an_id_may_hold_the_separator() -> None:
    assert [line.id for line in lines_of(kept(change(0, "shop-a|order|own:A|1")))] == ["own:A|1"]


def test_nothing_stored_is_counted_as_stored() -> None:
    assert archive_history([change(0), change(1, "shop-a|digest|desk")], FakeArchive()) == 1
    assert archive_history([], FakeArchive()) == 0


def test_a_batch_that_cannot_be_stored_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    archive, told = FakeArchive(), []

    class Locked(FakeArchive):
        def put(self, name: str, data: bytes) -> None:
            raise Retryable("SlowDown", timedelta(seconds=1))

    class Ear:
        def told(self, *what: Any) -> None:
            told.append(what)

    monkeypatch.setattr(archive_function.wiring, "archive", lambda: archive)
    monkeypatch.setattr(archive_function.wiring, "telemetry", Ear)
    event = {"Records": [change(0), change(1, "shop-a|policy")]}
    assert archive_function.handler(event, None) == {"batchItemFailures": []}
    assert told == [("archived", 1)]
    monkeypatch.setattr(archive_function.wiring, "archive", Locked)
    with pytest.raises(Retryable):
        archive_function.handler(event, None)


# ---- reading -----------------------------------------------------------------------------------------------------


GOOD = {"merchant": "shop-a", "kind": "order", "id": "1", "v": 1, "at": "2026-11-11T12:00:00.000Z", "case": {}}


def packed(*lines: Any) -> bytes:
    """An object with these lines."""
    return gzip.compress("".join(f"{json.dumps(line)}\n" for line in lines).encode())


@pytest.mark.parametrize(
    "bad",
    [
        [],
        "text",
        {**GOOD, "more": 1},
        {key: value for key, value in GOOD.items() if key != "v"},
        {**GOOD, "kind": "digest"},
        {**GOOD, "id": 1},
        {**GOOD, "v": 0},
        {**GOOD, "v": "1"},
        {**GOOD, "v": True},
        {**GOOD, "v": 1.0},
        {**GOOD, "at": "yesterday"},
        {**GOOD, "at": "2026-11-11T12:00:00.000"},
        {**GOOD, "at": "2026-11-11T12:00:00.000+08:00"},
        {**GOOD, "case": "{}"},
        {**GOOD, "case": {"amount": float("nan")}},
    ],
)
def test_a_broken_line_is_named_with_its_object(bad: Any) -> None:
    assert len(list(read_lines("x", packed(GOOD, GOOD)))) == 2
    with pytest.raises(BrokenHistory, match=r"^some/object, line 2: ") as caught:
        list(read_lines("some/object", packed(GOOD, bad, GOOD)))
    assert (caught.value.name, caught.value.line) == ("some/object", 2)


@pytest.mark.parametrize("text", ["\n", f"{json.dumps(GOOD)}\n\n", f"{json.dumps(GOOD)}\n{{"])
def test_an_empty_or_unfinished_line_is_broken(text: str) -> None:
    with pytest.raises(BrokenHistory, match=r"line [12]: "):
        list(read_lines("x", gzip.compress(text.encode())))


Damage = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda data: data[:-1], "the end is missing"),
        (lambda data: data[: len(data) // 2], "the end is missing"),
        (lambda data: data + b"x", "something follows its end"),
        (lambda data: data + data, "something follows its end"),
        (lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:], "incorrect data check"),
        (lambda data: b"", "the end is missing"),
        (lambda data: b"<Error/>", "incorrect header check"),
        (lambda data: zlib.compress(b"\xff\n", wbits=GZIP), "utf-8"),
        (lambda data: zlib.compress(bytes(TEXT_BYTES_MAX + 1), wbits=GZIP), "more than 67108864 bytes"),
    ],
)
def test_a_damaged_object_is_named(damage: Damage, problem: str) -> None:
    [(name, data)] = kept(*(change(n, f"shop-a|parcel|zto:{n}") for n in range(9))).objects.items()
    with pytest.raises(BrokenHistory, match=problem) as caught:
        list(read_lines(name, damage(data)))
    assert str(caught.value).startswith(f"{name}: ")
