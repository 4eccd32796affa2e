"""Every `verify_` and `parse_` of every vendor, found by looking, under bytes that no vendor would send.

Beyond tests/contract/test_pushes.py, which changes fields and bytes of samples: here samples are cut, spliced, stuffed
and written in other encodings, then signed as the vendor would sign them, so that they come past the door.
"""

import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import shared.channels
import shared.couriers
import shared.domain.standard_webhooks
import shared.erps
import shared.platforms
from shared.channels.chat import parse_line
from shared.domain import vendor as vendors_own
from shared.domain.events import EventIgnored, EventUnknown
from shared.domain.messages import write_message
from shared.domain.reading import Unreadable, document
from shared.domain.wire import Push
from shared.errors import BadSignature, MalformedMessage, Refused, StaleTimestamp, UnknownMerchant
from shared.workflows.receive_push import read_raw_push, write_raw_push
from tests.contract.samples import ACCOUNTS, MERCHANT, NOW, push_of
from tests.contract.signers import SIGNERS
from tests.security.examples import examples
from tests.security.shops import GENUINE

KINDS = (shared.platforms, shared.couriers, shared.erps, shared.channels)
MODULES: dict[str, ModuleType] = {
    found.name: importlib.import_module(f"{kind.__name__}.{found.name}")
    for kind in KINDS
    for found in pkgutil.iter_modules(kind.__path__)
}
PUSHING = {name: module for name, module in MODULES.items() if hasattr(module, "verify_push")}
BODIES = {name: [push_of(one).body for one in GENUINE if one.vendor == name] for name in PUSHING}
SIGNED = {name: BODIES[name] for name in PUSHING} | {
    name: [SIGNERS[name].unwrap(body.decode()).encode() for body in BODIES[name]]
    for name in PUSHING
    if SIGNERS[name].signed == "data"
}
"""What the vendor signs: the body, or what its form calls the data."""

HEADERS = [
    "app-id",
    "event-sign",
    "sign-method",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "content-type",
    "x-datadigest",
]


def own_functions(module: ModuleType, prefix: str) -> set[str]:
    """The functions that a module defines itself under names that begin so."""
    return {
        name
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if name.startswith(prefix) and function.__module__ == module.__name__
    }


def test_every_function_that_verifies_or_parses_is_fuzzed() -> None:
    """A new one has to be added below, or to be named `_parse_`: then its caller is fuzzed."""
    found = {name: own_functions(module, "verify") | own_functions(module, "parse") for name, module in MODULES.items()}
    assert {name for name, functions in found.items() if functions} == set(PUSHING) == set(SIGNERS)
    assert {function for functions in found.values() for function in functions} == {
        "verify_push",
        "parse_push",
        "parse_line",
    }
    assert own_functions(shared.domain.standard_webhooks, "verify") == {"verify"}


# ---- bytes that no vendor would send -----------------------------------------------------------------------------

STUFFING = [
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",  # half of a surrogate pair
    b"\\ud800",
    b"\\u0000",
    b"NaN",
    b"-Infinity",
    b"1e400",
    b"-0",
    b"9" * 400,
    b'"a":1,"a":2,',
    b'{"a":1,"a":{"a":[]}}',
    b"[" * 2000,
    b'{"data":' * 300,
    b"null",
    b"true",
    b"%00%ff&&==;",
    b"&param=%7B%7D&param=1",
    "￾\uffff".encode(),
    "２０２６-03-01".encode(),
    "١٢٣".encode(),  # digits that int() would read
    b"2026-02-30 25:61:61",
    b"0001-01-01T00:00:00Z",
    b"9999-12-31T23:59:59+14:00",
]
ENCODINGS = ("utf-16", "utf-16-be", "utf-32", "gbk", "utf-7", "utf-8-sig", "latin-1")


@st.composite
def spoilt(draw: st.DrawFn, samples: list[bytes]) -> bytes:
    """A sample, or two, cut, spliced, stuffed and recoded."""
    body = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(body)))
        match draw(st.integers(0, 5)):
            case 0:
                body = body[:at]
            case 1:
                body = body[:at] + draw(st.sampled_from(samples))[at:]
            case 2:
                body = body[:at] + draw(st.sampled_from(STUFFING)) + body[at:]
            case 3:
                body = body[:at] + draw(st.binary(max_size=6)) + body[at + 3 :]
            case 4:
                with suppress(UnicodeError):
                    body = body.decode().encode(draw(st.sampled_from(ENCODINGS)))
            case _:
                cut = body[at : at + 40]
                body = body[:at] + cut * draw(st.integers(2, 5)) + body[at + 40 :]
    return body


@pytest.mark.parametrize("name", PUSHING)
def test_spoilt_samples_that_are_not_signed_are_refused(name: str) -> None:
    @settings(max_examples=examples(60))
    @given(body=spoilt(BODIES[name]), headers=st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=60)))
    def fuzz(body: bytes, headers: dict[str, str]) -> None:
        genuine = [push_of(one) for one in GENUINE if one.vendor == name]
        if SIGNERS[name].signed != "body" or any(body == push.body for push in genuine):
            return  # those are for test_no_changed_byte_of_what_was_signed_passes
        for push in (Push(headers, {}, body), Push(genuine[0].headers, {}, body)):
            with pytest.raises((BadSignature, StaleTimestamp)):
                PUSHING[name].verify_push(push, ACCOUNTS[name], NOW)

    fuzz()


@pytest.mark.parametrize("name", PUSHING)
def test_spoilt_samples_that_are_signed_are_malformed_or_have_fates(name: str) -> None:
    passed: list[bool] = []

    @settings(max_examples=examples(150))
    @given(body=spoilt(SIGNED[name]))
    def fuzz(body: bytes) -> None:
        push = SIGNERS[name].sign(body)
        passed.append(is_taken(name, push))
        for fate in parsed(name, push):
            if not isinstance(fate, EventIgnored | EventUnknown):
                assert fate.merchant == MERCHANT

    fuzz()
    assert any(passed), "nothing came past the door: the samples are spoilt too much"


def is_taken(name: str, push: Push) -> bool:
    """Verify a push; nothing but documented refusals may come of it."""
    try:
        PUSHING[name].verify_push(push, ACCOUNTS[name], NOW)
    except (MalformedMessage, BadSignature):  # what is no text cannot have been signed
        return False
    return True


def parsed(name: str, push: Push) -> Iterator[Any]:
    """Parse a push as it comes off the queue, whether the door would have taken it or not."""
    message = json.loads(write_raw_push(name, MERCHANT, push, NOW))
    source, merchant, body, headers = read_raw_push(message)
    assert (source, merchant, body) == (name, MERCHANT, push.body)
    fates = PUSHING[name].parse_push(merchant, body, headers)
    assert isinstance(fates, list)
    for fate in fates:
        if hasattr(fate, "type"):
            write_message(fate).encode()  # what cannot be written would never leave the worker
    yield from fates


# ---- credentials, headers and clocks that make no sense ----------------------------------------------------------

accounts = st.dictionaries(
    st.sampled_from(["app_key", "app_secret", "secret", "salt", "token", "checkword", "key"]),
    st.sampled_from(["", " ", "whsec_", "whsec_AAAA", "whsec_!!", "键", "\ud800", "\x00", "a" * 5000]),
)


@pytest.mark.parametrize("name", PUSHING)
def test_whatever_account_and_headers_there_are_a_stranger_is_refused(name: str) -> None:
    @settings(max_examples=examples(120))
    @given(
        account=accounts,
        headers=st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=30) | st.just("\ud800")),
        body=st.sampled_from(BODIES[name]) | st.binary(max_size=40),
        stamp=st.sampled_from(["", "0", "-1", "1772328600", "9" * 400, "1e9", "１７７２３２８６００", "1772328600.5"]),
    )
    @example(account={}, headers={}, body=b"", stamp="")
    def fuzz(account: dict[str, str], headers: dict[str, str], body: bytes, stamp: str) -> None:
        push = Push({**headers, "webhook-timestamp": stamp}, {}, body)
        if SIGNERS[name].signed == "nothing":  # its token is compared by the door, see test_pushes.py
            with suppress(Refused):
                PUSHING[name].verify_push(push, account, NOW)
            return
        with pytest.raises((BadSignature, StaleTimestamp, UnknownMerchant, MalformedMessage)):
            PUSHING[name].verify_push(push, account, NOW)

    fuzz()


@settings(max_examples=examples(200))
@given(body=spoilt(BODIES["chat"]) | st.binary(max_size=60))
def test_a_question_is_a_line_or_unreadable(body: bytes) -> None:
    with suppress(Unreadable):
        said = parse_line(MERCHANT, document(body), NOW)
        assert said.merchant == MERCHANT


# ---- time tells nothing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(PUSHING) - {"sf"}))
def test_signatures_are_compared_in_constant_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One function compares, by `hmac.compare_digest`; every vendor that verifies asks it, and believes its no."""
    asked: list[tuple[str, str]] = []

    def never(ours: str, theirs: str) -> bool:
        asked.append((ours, theirs))
        return False

    genuine = next(one for one in GENUINE if one.vendor == name)
    for module in (PUSHING[name], shared.domain.standard_webhooks):
        if hasattr(module, "is_same"):
            monkeypatch.setattr(module, "is_same", never)
    with pytest.raises(BadSignature):
        PUSHING[name].verify_push(push_of(genuine), ACCOUNTS[name], NOW)
    assert asked


def test_the_comparison_is_the_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[Any] = []
    told: Callable[[bytes, bytes], bool] = lambda ours, theirs: bool(compared.append((ours, theirs)))  # noqa: E731
    monkeypatch.setattr(vendors_own.hmac, "compare_digest", told)
    assert vendors_own.is_same("签名", "签名\ud800") is False
    assert compared == [("签名".encode(), "签名?".encode())]
