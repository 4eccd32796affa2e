"""What happened to an order, its parcel and its refund, archived from the table's stream, is read back to the end."""

import json
from typing import Any

from botocore.session import Session

from shared.adapters.s3_archive import S3Archive
from shared.workflows.archive_history import KINDS, archive_history
from shared.workflows.read_history import read_lines
from tests.benchmarks.givens import MERCHANT
from tests.benchmarks.loopback import TABLE
from tests.benchmarks.running import running
from tests.benchmarks.story import tell_refunded
from tests.integration.test_archive import kept


def stream_of_the_story() -> tuple[list[dict[str, Any]], dict[tuple[str, str], dict[str, Any]]]:
    """Let a refund stop a parcel on the road; give the table's stream as Lambda hands it over, and the cases left."""
    with running() as loop:
        tell_refunded(loop)
        session = Session()
        streams: Any = session.create_client("dynamodbstreams")
        arn = streams.list_streams(TableName=TABLE)["Streams"][0]["StreamArn"]
        shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        place = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        records = streams.get_records(ShardIterator=place["ShardIterator"])["Records"]
        dynamodb: Any = session.create_client("dynamodb")
        items = dynamodb.scan(TableName=TABLE)["Items"]
    for record in records:
        at = record["dynamodb"]["ApproximateCreationDateTime"]
        record["dynamodb"]["ApproximateCreationDateTime"] = at.timestamp()
    keys = {tuple(item["pk"]["S"].split("|", 2)[1:]): item for item in items if "body" in item}
    return records, {key: item for key, item in keys.items() if key[0] in KINDS}


def test_the_archive_of_a_story_is_read_back_to_the_same_cases(s3: S3Archive) -> None:
    records, left = stream_of_the_story()
    images = [record["dynamodb"].get("NewImage", {}) for record in records]
    written = sum("body" in image and image["pk"]["S"].split("|")[1] in KINDS for image in images)
    assert written > len(left) >= 3
    for batch in (records[:20], records[10:25], records[20:]):  # as after failures: some records come twice
        archive_history(batch, s3)

    lines = [line for name, data in kept().items() for line in read_lines(name, data)]
    assert {line.merchant for line in lines} == {MERCHANT}
    latest = {(line.kind, line.id): line for line in sorted(lines, key=lambda line: line.v)}
    assert len({(line.kind, line.id, line.v) for line in lines}) == sum(line.v for line in latest.values()) == written
    assert {key: (line.v, line.case) for key, line in latest.items()} == {
        key: (int(item["v"]["N"]), json.loads(item["body"]["S"])) for key, item in left.items()
    }
