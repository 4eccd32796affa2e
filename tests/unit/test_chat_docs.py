"""What docs/chat.md promises is what happens: its examples are run, its lists are complete, its defaults are ours."""

import io
import json
import re
import time
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from functions.route_message.handler import handler as route
from infra.local.seed import demo_policy
from shared import wiring
from shared.adapters.vendors import find_source
from shared.channels import chat
from shared.domain.chat import Intent, Tone
from shared.domain.conditions import FIELDS
from shared.domain.lanes import Lane
from shared.domain.policy import Policy
from shared.domain.routing import Mode, Routing
from shared.domain.session import Holder
from shared.domain.wire import Push
from shared.rules.routing.load import routing_from
from shared.workflows.receive_push import write_raw_push
from shared.workflows.route_message import read_question
from shared.workflows.take_chat import take_chat
from tests.fakes import FakeAccounts, FakeCaseStore, FakeClock, FakeQueue, FakeTable
from tests.unit.rules.chat.build import NOW

TEXT = (Path(__file__).parents[2] / "docs" / "chat.md").read_text(encoding="utf-8")
SECRET = "whsec_aHVoYW5nLWNoYXQtc2VjcmV0LTAwMDAwMDAwMDAwMQ=="


def blocks(kind: str) -> list[str]:
    """Give the code blocks of a language."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


ACCOUNT, QUESTION, ANSWER, TOLD, ROUTING = map(json.loads, blocks("json"))


def test_the_question_is_read() -> None:
    said = read_question("demo", json.dumps(QUESTION).encode(), NOW)
    assert (said.session_id, said.shopper.tags, said.live_room) == ("S-1", ("vip", "老客户"), "L-1")


def test_the_routing_is_accepted_as_it_stands() -> None:
    routing = routing_from(ROUTING)
    assert [rule.rule for rule in routing.rules if rule.shadow] == ["phones"]


@pytest.mark.parametrize("name", [*chat.PARSERS, *FIELDS, *Intent, *Tone, *Mode, *Holder, *chat.PRESENCES])
def test_everything_that_can_be_written_is_named(name: str) -> None:
    assert f"`{name}`" in TEXT


@pytest.mark.parametrize(
    "field",
    ["offline_grace", "silence_max", "session_idle_max", "solve_max", "roster_ahead", "after_sales_days", "push"],
)
def test_defaults_are_as_written(field: str) -> None:
    written = re.search(rf"^\| `{field}` \| (?:`(\w+)`|(\d+)) \|", TEXT, re.MULTILINE)
    assert written
    ours = json.loads(Routing().model_dump_json())[field]
    assert (written[1] or written[2]) == (ours if isinstance(ours, str) else json.dumps(ours))


def by_day(policy: Policy) -> Policy:
    """Take the night out: the example is run at any time of the day."""
    return policy.model_copy(update={"routing": policy.routing.model_copy(update={"modes": ()})})


class Cloud:
    """The doors and the queue's consumer, where the example's requests end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.table, self.clock, self.queue = FakeTable(), FakeClock(NOW), FakeQueue()
        self.store = FakeCaseStore(self.table)
        self.table.policies["demo"] = by_day(demo_policy("demo"))
        accounts = FakeAccounts({"demo": {"chat": {"secret": SECRET}}})
        monkeypatch.setattr(wiring, "accounts", lambda: accounts)
        monkeypatch.setattr(wiring, "case_store", lambda: self.store)
        monkeypatch.setattr(wiring, "queue", lambda: self.queue)
        monkeypatch.setattr(wiring, "clock", lambda: self.clock)
        wiring.reception.cache_clear()

    def open(self, request: urllib.request.Request) -> io.BytesIO:
        """Answer a request."""
        self.follow()
        at = float(request.get_header("Webhook-timestamp", "0"))
        self.clock.instant = max(self.clock.instant, datetime.fromtimestamp(at, NOW.tzinfo))
        headers = {name.lower(): value for name, value in request.header_items()}
        body = request.data
        assert isinstance(body, bytes)
        if request.full_url.endswith("/v1/chat/demo/route"):
            event = {"pathParameters": {"merchant_id": "demo"}, "headers": headers, "body": body.decode()}
            answer = route(event, None)
            assert answer["statusCode"] == 200, answer
            self.answer = json.loads(answer["body"])
            return io.BytesIO(answer["body"].encode())
        assert request.full_url.endswith("/webhooks/chat/demo")
        chat.verify_push(Push(headers, {}, body), {"secret": SECRET}, self.clock.now())
        message = write_raw_push("chat", "demo", Push(headers, {}, body), self.clock.now())
        self.queue.send(chat.LANE, [("demo", message)])
        return io.BytesIO(chat.ACKNOWLEDGEMENT.encode())

    def follow(self) -> None:
        """Take what is on the queue."""
        for _, body in self.queue.take(Lane.CHATS):
            fates = take_chat(
                body, 1, store=self.store, clock=self.clock, find_source=find_source, unknown=_Nobody(),
                queue=self.queue, count=print,
            )  # fmt: skip
            assert [fate.fate for fate in fates] == ["handled"], fates


class _Nobody:
    def keep(self, *args: Any) -> None:
        raise AssertionError(args)


def test_the_example_prints_what_is_written_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = Cloud(monkeypatch)
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps({"chat": {"secret": SECRET}}))
    outputs = {"WebhookBaseUrl": "http://127.0.0.1:9", "MerchantId": "demo", "MerchantSecretsFile": str(secrets)}
    (tmp_path / "outputs.json").write_text(json.dumps(outputs))
    monkeypatch.setattr(urllib.request, "urlopen", cloud.open)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr("sys.argv", ["desk.py", str(tmp_path)])
    [program] = blocks("python")
    exec(compile(program, "docs/chat.md", "exec"), {})
    printed = [text for text in capsys.readouterr().out.splitlines() if "→" in text]
    assert "\n".join(printed) + "\n" in TEXT
    cloud.follow()
    assert set(cloud.answer) == set(ANSWER)
    assert set(cloud.answer["understanding"]) == set(ANSWER["understanding"])


def test_what_is_pushed_looks_as_written() -> None:
    samples = Path(__file__).parents[2] / "events" / "channels" / "chat" / "assigned.json"
    [sent] = json.loads(samples.read_text(encoding="utf-8"))["expect"]["requests"]
    assert (set(TOLD), set(TOLD["data"])) == (set(sent["body"]), set(sent["body"]["data"]))


def test_the_account_has_the_names_that_are_read() -> None:
    assert set(ACCOUNT["chat"]) == {"secret", "api_url"}
