"""The operator's commands for what failed, on moto's queues, table and logs."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session
from moto import mock_aws

from infra.dead_letters.__main__ import main
from infra.dead_letters.shelf import KINDS, Letter, Shelf
from infra.deployed import Deployed, NotDeployed
from shared.domain.lanes import Lane
from shared.workflows.receive_push import read_raw_push

EVENT = {"type": "interception_wanted", "merchant": "shop"}


class Cloud:
    """A stack with its queues, an empty table and a log group per function."""

    def __init__(self) -> None:
        session: Any = Session()
        self.sqs = session.create_client("sqs")
        self.logs = session.create_client("logs")
        self.dynamodb = session.create_client("dynamodb")
        for name in [*(f"{kind}-dead" for kind in KINDS), *Lane, "pages"]:
            self.sqs.create_queue(QueueName=f"huhang-{name}")
        for function in KINDS.values():
            self.logs.create_log_group(logGroupName=f"/huhang/huhang/{function}")
            self.logs.create_log_stream(logGroupName=f"/huhang/huhang/{function}", logStreamName="one")
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        self.dynamodb.create_table(
            TableName="cases",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            BillingMode="PAY_PER_REQUEST",
        )

    def url(self, name: str) -> str:
        return str(self.sqs.get_queue_url(QueueName=f"huhang-{name}")["QueueUrl"])

    def bury(self, kind: str, message: object = EVENT, why: str = "") -> str:
        """Put a message on a dead-letter queue, and the reason into its function's log."""
        body = message if isinstance(message, str) else json.dumps(message)
        group = {"MessageGroupId": message["merchant"]} if isinstance(message, dict) and "merchant" in message else {}
        sent = self.sqs.send_message(QueueUrl=self.url(f"{kind}-dead"), MessageBody=body, **group)
        if why:
            line = {"level": "ERROR", "message": "failed", "message_id": sent["MessageId"], "exception": why}
            self.logs.put_log_events(
                logGroupName=f"/huhang/huhang/{KINDS[kind]}",
                logStreamName="one",
                logEvents=[{"timestamp": int(time.time() * 1000) + 10, "message": json.dumps(line)}],  # noqa: TID251
            )
        return str(sent["MessageId"])

    def waiting(self, name: str) -> list[dict[str, Any]]:
        """Give what waits on a queue, and leave it there."""
        found = self.sqs.receive_message(
            QueueUrl=self.url(name), MaxNumberOfMessages=10, VisibilityTimeout=0, AttributeNames=["All"]
        )
        return list(found.get("Messages", []))

    def keep(self, merchant: str, name: str, raw: bytes) -> None:
        item = {
            "pk": {"S": f"{merchant}|unknown"},
            "sk": {"S": name},
            "source": {"S": name.split("|", maxsplit=1)[0]},
            "reason": {"S": "999: no such tag"},
            "at": {"S": "2026-11-11T08:30:00.000Z"},
            "raw": {"B": raw},
        }
        self.dynamodb.put_item(TableName="cases", Item=item)

    def kept(self) -> int:
        return int(self.dynamodb.scan(TableName="cases")["Count"])


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "cn-north-1")
    monkeypatch.setenv("HUHANG_TABLE", "cases")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield Cloud()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """Run a command that succeeds, and read its answer."""
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_list_says_per_lane_how_many_failed_and_why_the_most_frequent_first(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        cloud.bury("parcels", why="Traceback (most recent call last):\n  …\nKeyError: 'stage'")
    cloud.bury("parcels", {"type": "raw_push", "source": "zto", "merchant": "other"})
    found = {one["kind"]: one for one in run(capsys, "list")}
    assert found["parcels"]["messages"] == 4
    assert found["parcels"]["merchants"] == {"shop": 3, "other": 1}
    first, second = found["parcels"]["failures"]
    assert first == {"what": "interception_wanted", "why": "KeyError: 'stage'", "count": 3}
    assert second["what"] == "push of zto"
    assert "nothing was logged" in second["why"]
    assert {kind for kind, one in found.items() if one["messages"]} == {"parcels"}
    assert set(found) == set(KINDS)


def test_looking_leaves_everything_where_it_is(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    names = {cloud.bury("refunds") for _ in range(25)}
    assert {one["id"] for one in run(capsys, "show", "refunds")} == names
    assert {one["id"] for one in run(capsys, "show", "refunds")} == names


def test_one_message_is_shown_with_its_traceback_and_its_body_only_if_asked(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.bury("refunds")
    name = cloud.bury("refunds", why="Traceback\nValueError: no")
    [shown] = run(capsys, "show", "refunds", name)
    assert (shown["why"], "body" in shown) == ("Traceback\nValueError: no", False)
    [shown] = run(capsys, "show", "refunds", name, "--body")
    assert json.loads(shown["body"]) == EVENT


def test_nothing_moves_without_yes(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    cloud.bury("refunds")
    for command in ("redrive", "discard"):
        assert run(capsys, command, "refunds") == {
            "kind": "refunds",
            "messages": 1,
            "wanted": 1,
            "moved": 0,
            "dry_run": True,
        }
    assert len(cloud.waiting("refunds-dead")) == 1
    assert cloud.waiting("refunds") == []


def test_a_redriven_message_is_on_its_lane_again_unchanged_and_grouped_by_merchant(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.bury("courier-calls", '{"type":"intercept_parcel", "merchant": "shop", "text": "拦截"}')
    assert run(capsys, "redrive", "courier-calls", "--yes")["moved"] == 1
    [message] = cloud.waiting("courier-calls")
    assert message["Body"] == '{"type":"intercept_parcel", "merchant": "shop", "text": "拦截"}'
    assert message["Attributes"]["MessageGroupId"] == "shop"
    assert cloud.waiting("courier-calls-dead") == []
    assert run(capsys, "redrive", "courier-calls", "--yes")["moved"] == 0


def test_one_message_or_one_merchants_can_be_chosen_and_the_others_stay_visible(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = cloud.bury("chats")
    for _ in range(12):
        cloud.bury("chats", {"type": "line_received", "merchant": "other"})
    assert run(capsys, "redrive", "chats", "--id", chosen, "--yes")["moved"] == 1
    assert run(capsys, "discard", "chats", "--merchant", "other", "--max", "5", "--yes")["moved"] == 5
    assert run(capsys, "discard", "chats", "--merchant", "shop")["wanted"] == 0
    assert run(capsys, "discard", "chats", "--merchant", "other", "--yes")["moved"] == 7
    assert len(cloud.waiting("chats")) == 1


def test_a_crash_between_sending_and_deleting_doubles_a_message_and_loses_none(cloud: Cloud) -> None:
    cloud.bury("refunds")
    shelf = Shelf(Deployed(), "refunds")

    def send_and_crash(letter: Letter) -> None:
        shelf.send_to_queue(letter)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(shelf.put_back(lambda _: True, send_and_crash, 10))
    assert len(cloud.waiting("refunds")) == shelf.depth() == 1


def test_a_kept_push_is_tried_again_and_leaves_the_shelf(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    cloud.keep("shop", "zto|abc", b"data=%7B%7D&msg_type=Traces")
    cloud.keep("shop", "douyin|def", b"[]")
    assert [one["id"] for one in run(capsys, "unknown", "shop")] == ["douyin|def", "zto|abc"]
    assert run(capsys, "replay", "shop", "zto|abc")["dry_run"]
    assert run(capsys, "replay", "shop", "zto|abc", "--yes")["moved"] == {"zto|abc": "parcels"}
    [message] = cloud.waiting("parcels")
    source, merchant, raw, _ = read_raw_push(json.loads(message["Body"]))
    assert (source, merchant, raw) == ("zto", "shop", b"data=%7B%7D&msg_type=Traces")
    assert cloud.kept() == 1


def test_a_push_that_was_cut_when_it_was_kept_is_not_tried_again(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.keep("shop", "zto|abc", b"x" * 300_000)
    assert main(["replay", "shop", "zto", "--yes"]) == 1
    assert "only the first 300000 bytes were kept" in capsys.readouterr().err
    assert cloud.kept() == 1


def test_an_answer_to_a_question_of_ours_is_not_replayed(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    cloud.keep("shop", "answer:zto|abc", b"{}")
    assert main(["replay", "shop", "answer:zto", "--yes"]) == 1
    assert "the next question brings it again" in capsys.readouterr().err
    assert cloud.kept() == 1


def test_what_is_not_there_is_said(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "shop", "zto"]) == 1
    assert "no push of shop" in capsys.readouterr().err
    assert main(["list", "--stack", "another"]) == 1
    assert "NonExistentQueue" in capsys.readouterr().err


def test_a_stack_that_does_not_exist_is_named_with_its_region(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"Error": {"Code": "ValidationError", "Message": "Stack with id another does not exist"}}

    class Formation:
        meta = SimpleNamespace(region_name="cn-north-1")

        def describe_stacks(self, **_: str) -> None:
            raise ClientError(answer, "DescribeStacks")

    monkeypatch.delenv("HUHANG_TABLE", raising=False)
    deployed = Deployed("another")
    deployed.client = lambda _: Formation()
    with pytest.raises(NotDeployed, match="no stack 'another' in cn-north-1"):
        _ = deployed.table


def test_a_local_cloud_that_was_never_started_is_not_guessed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", "--local", str(tmp_path)]) == 1
    assert "nothing was ever started there: make up" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [[], ["redrive"], ["redrive", "nothing"], ["show", "refunds", "--what"]])
def test_what_makes_no_sense_is_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_a_lost_tick_says_whose_it_was_and_is_not_repeated(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    arn = "arn:aws-cn:lambda:cn-north-1:111122223333:function:huhang-poll_sources:live"
    cloud.bury("ticks", {"requestContext": {"functionArn": arn, "condition": "RetriesExhausted"}})
    cloud.bury("ticks", {"source": "aws.events", "detail-type": "Scheduled Event"})
    [found] = run(capsys, "list", "ticks")
    assert {(one["what"], one["why"]) for one in found["failures"]} == {
        ("a tick", "RetriesExhausted huhang-poll_sources:live"),
        ("a tick", "it never reached the function"),
    }
    assert main(["redrive", "ticks", "--yes"]) == 1
    assert "the next one has done its work" in capsys.readouterr().err
    assert run(capsys, "discard", "ticks", "--yes")["moved"] == 2
