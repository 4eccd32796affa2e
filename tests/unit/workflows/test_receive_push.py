"""The door: refused with a status and no effect, or durable before it is acknowledged; bytes are never changed."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.lanes import Lane
from shared.domain.wire import Push
from shared.errors import (
    BadSignature,
    MalformedMessage,
    Refused,
    Retryable,
    StaleTimestamp,
    UnknownMerchant,
    UnknownSource,
)
from shared.workflows.receive_push import read_raw_push, receive_push, verify_by_any, write_raw_push
from tests.unit.workflows.vendor import MERCHANT, NOW

JSON = {"content-type": "application/json"}


class Door:
    """A door with one vendor behind it, and what was sent on."""

    def __init__(self, verdict: Exception | None = None, token: str = "") -> None:
        self.verdict = verdict
        self.accounts: dict[tuple[str, str], dict[str, str]] = {(MERCHANT, "sim"): {"token": token} if token else {}}
        self.before: list[dict[str, str]] = []
        self.sent: list[tuple[Lane, str, str]] = []
        self.verified: list[Push] = []
        self.send: Any = lambda *message: self.sent.append(message)

    def receive(self, body: bytes = b"{}", *, source: str = "sim", merchant: str = MERCHANT, token: str = "") -> str:
        """Knock."""
        return receive_push(
            source,
            merchant,
            token,
            Push(JSON, {}, body),
            find_source=self._find,
            find_accounts=lambda merchant, vendor, now: [self._account(merchant, vendor), *self.before],
            send=self.send,
            now=NOW,
        )

    def _find(self, name: str) -> Any:
        if name != "sim":
            raise UnknownSource("unknown_source")
        return SimpleNamespace(LANE=Lane.REFUNDS, ACKNOWLEDGEMENT='{"code":0}', verify_push=self._verify)

    def _account(self, merchant: str, vendor: str) -> dict[str, str]:
        if (merchant, vendor) not in self.accounts:
            raise UnknownMerchant("no_account")
        return self.accounts[merchant, vendor]

    def _verify(self, push: Push, account: Any, now: datetime) -> None:
        self.verified.append(push)
        if self.verdict:
            raise self.verdict


def test_a_genuine_push_is_sent_on_and_then_acknowledged_in_the_vendor_s_words() -> None:
    door = Door()
    assert door.receive(b'{"a":1}') == '{"code":0}'
    [(lane, merchant, message)] = door.sent
    assert (lane, merchant) == (Lane.REFUNDS, MERCHANT)
    assert json.loads(message) == {
        "type": "raw_push",
        "source": "sim",
        "merchant": MERCHANT,
        "received_at": NOW.isoformat(),
        "content_type": "application/json",
        "body": '{"a":1}',
    }


VERDICTS = [(BadSignature("sign"), 401), (StaleTimestamp("old"), 401), (MalformedMessage("body"), 400)]


@pytest.mark.parametrize(("verdict", "status"), VERDICTS)
def test_what_the_vendor_s_module_refuses_goes_no_further(verdict: Refused, status: int) -> None:
    door = Door(verdict)
    with pytest.raises(type(verdict)) as refusal:
        door.receive()
    assert refusal.value.http_status == status
    assert door.sent == []


STRANGERS: dict[str, dict[str, Any]] = {
    "an unknown vendor": {"source": "nobody"},
    "an unknown merchant": {"merchant": "stranger"},
    "no merchant": {"merchant": ""},
    "a merchant that is a path": {"merchant": "../demo"},
    "a merchant in capitals": {"merchant": "DEMO"},
    "a merchant with a line break": {"merchant": "demo\n"},
    "a merchant as long as a book": {"merchant": "a" * 1000},
    "a token where none is set": {"token": "x"},
}


@pytest.mark.parametrize("who", STRANGERS)
def test_strangers_find_nothing_and_nothing_is_verified_for_them(who: str) -> None:
    door = Door()
    with pytest.raises(Refused) as refusal:
        door.receive(**STRANGERS[who])
    assert refusal.value.http_status == 404
    assert (door.sent, door.verified) == ([], [])


@pytest.mark.parametrize("token", ["", "x", "s3cre", "s3cret ", "S3CRET", "é", "密", "\x00", "\udc80"])
def test_a_wrong_token_finds_nothing_whatever_characters_it_has(token: str) -> None:
    door = Door(token="s3cret")
    with pytest.raises(UnknownMerchant):
        door.receive(token=token)
    assert (door.sent, door.verified) == ([], [])


def test_the_right_token_is_let_in() -> None:
    assert Door(token="s3cret").receive(token="s3cret")


@pytest.mark.parametrize(("size", "fits"), [(900_000, True), (999_700, True), (1_000_000, False), (9_000_000, False)])
def test_a_push_that_no_queue_would_take_is_refused(size: int, *, fits: bool) -> None:
    door = Door()
    if fits:
        assert door.receive(b"a" * size)
        return
    with pytest.raises(MalformedMessage) as refusal:
        door.receive(b"a" * size)
    assert refusal.value.http_status == 413
    assert door.sent == []


def test_size_is_counted_as_it_will_be_written() -> None:
    with pytest.raises(MalformedMessage):
        Door().receive(b'"' * 600_000)  # every quote is written as two


def test_a_push_that_could_not_be_made_durable_is_not_acknowledged() -> None:
    def busy(*message: object) -> None:
        raise Retryable("queue", after=NOW - NOW)

    door = Door()
    door.send = busy
    with pytest.raises(Retryable):
        door.receive()


# ---- the bytes ---------------------------------------------------------------------------------------------------

_awkward = st.sampled_from([b"\xff\xfe", "￾￿".encode(), b"\x00\x08\x0b", "\x7f\u2028😀".encode(), b"\r\n", b'"\\'])


@given(st.lists(st.binary(max_size=20) | _awkward | st.text(max_size=20).map(lambda t: t.encode()), max_size=5))
def test_any_bytes_arrive_unchanged_and_the_queue_takes_them(parts: list[bytes]) -> None:
    body = b"".join(parts)
    message = write_raw_push("sim", MERCHANT, Push(JSON, {}, body), NOW)
    assert read_raw_push(json.loads(message)) == ("sim", MERCHANT, body, JSON)
    assert all(_queue_takes(char) for char in message)


def _queue_takes(char: str) -> bool:
    """Amazon SQS, SendMessage: #x9 | #xA | #xD | #x20-#xD7FF | #xE000-#xFFFD | #x10000-#x10FFFF."""
    code = ord(char)
    return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


def test_a_push_without_a_content_type_has_an_empty_one() -> None:
    message = write_raw_push("sim", MERCHANT, Push({}, {}, b"x"), NOW)
    assert read_raw_push(json.loads(message))[3] == {"content-type": ""}


# ---- while credentials are changed -------------------------------------------------------------------------------


def test_what_is_signed_as_before_is_accepted_while_that_is_valid() -> None:
    door = Door(token="new")
    with pytest.raises(UnknownMerchant):
        door.receive(token="old")
    door.before = [{"token": "old"}]
    door.receive(token="old")
    door.receive(token="new")
    assert (len(door.sent), len(door.verified)) == (2, 2)


def signed_by(name: str, verdict: Exception | None = None) -> Callable[[Mapping[str, str]], None]:
    """A signature that fits one account, about which its vendor then says something."""

    def verify(account: Mapping[str, str]) -> None:
        if account["key"] != name:
            raise BadSignature(account["key"])
        if verdict:
            raise verdict

    return verify


ACCOUNTS = [{"key": "new"}, {"key": "old"}]


def test_any_account_verifies() -> None:
    verify_by_any(signed_by("new"), ACCOUNTS)
    verify_by_any(signed_by("old"), ACCOUNTS)


@pytest.mark.parametrize("verdict", [StaleTimestamp("old"), MalformedMessage("body")])
def test_what_is_said_of_a_signature_that_fits_counts(verdict: Refused) -> None:
    with pytest.raises(type(verdict)):
        verify_by_any(signed_by("old", verdict), ACCOUNTS)


def test_of_a_signature_that_fits_nowhere_the_first_account_tells() -> None:
    with pytest.raises(BadSignature, match="new"):
        verify_by_any(signed_by("nobody"), ACCOUNTS)
    with pytest.raises(UnknownMerchant):
        verify_by_any(signed_by("nobody"), [])
