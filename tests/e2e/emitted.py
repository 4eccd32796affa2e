"""Everything that a deployment leaves behind where somebody may read it, as (place, bytes) pairs."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.local.cloud import LocalCloud

Found = tuple[str, bytes]


def everything_emitted(cloud: LocalCloud) -> Iterator[Found]:
    """Logs, table, queues, objects, stacks and functions of a local cloud, and the files that it wrote about itself."""
    yield from _logs(cloud.client("logs"))
    yield from _tables(cloud.client("dynamodb"))
    yield from _queues(cloud.client("sqs"))
    yield from _objects(cloud.client("s3"))
    yield from _stacks(cloud.client("cloudformation"))
    yield from _functions(cloud.client("lambda"))
    yield from _alarms(cloud.client("cloudwatch"))
    yield from _files(cloud)


def _written(value: Any) -> bytes:
    """Write an answer so that text is found in it as it is."""
    return json.dumps(value, ensure_ascii=False, default=_plain).encode()


def _plain(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _logs(logs: Any) -> Iterator[Found]:
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            for events in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
                yield from ((f"log {name}", event["message"].encode()) for event in events["events"])


def _tables(dynamodb: Any) -> Iterator[Found]:
    for table in dynamodb.list_tables()["TableNames"]:
        for page in dynamodb.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                yield f"table {item['pk']['S']} {item['sk']['S']}", _written(item)


def _queues(sqs: Any) -> Iterator[Found]:
    """Read what waits; it is visible again at once."""
    for url in sqs.list_queues().get("QueueUrls", []):
        seen: set[str] = set()
        while True:
            told = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=2)
            new = [one for one in told.get("Messages", []) if one["MessageId"] not in seen]
            if not new:
                break
            for message in new:
                seen.add(message["MessageId"])
                yield f"queue {url.rpartition('/')[2]}", message["Body"].encode()


def _objects(s3: Any) -> Iterator[Found]:
    for bucket in s3.list_buckets()["Buckets"]:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
            for entry in page.get("Contents", []):
                if entry["Key"].endswith(".zip"):
                    continue  # the functions' code
                data = s3.get_object(Bucket=bucket["Name"], Key=entry["Key"])["Body"].read()
                yield f"object {entry['Key']}", gzip.decompress(data) if entry["Key"].endswith(".gz") else data


def _stacks(formation: Any) -> Iterator[Found]:
    for stack in formation.describe_stacks()["Stacks"]:
        name = stack["StackName"]
        yield f"stack {name}", _written(stack)
        yield f"template of {name}", _written(formation.get_template(StackName=name)["TemplateBody"])
        yield from (
            (f"event of {name}", _written(event))
            for event in formation.describe_stack_events(StackName=name)["StackEvents"]
        )


def _functions(functions: Any) -> Iterator[Found]:
    for page in functions.get_paginator("list_functions").paginate():
        yield from ((f"function {one['FunctionName']}", _written(one)) for one in page["Functions"])


def _alarms(cloudwatch: Any) -> Iterator[Found]:
    yield "alarms", _written(cloudwatch.describe_alarms())
    yield "metrics", _written(cloudwatch.list_metrics())


def _files(cloud: LocalCloud) -> Iterator[Found]:
    """What `up` wrote about the deployment; the merchant's own file of credentials is not among them."""
    paths: list[Path] = [cloud.home.outputs, *cloud.home.assembly.glob("*.json")]
    yield from ((f"file {path.name}", path.read_bytes()) for path in paths if path.exists())
