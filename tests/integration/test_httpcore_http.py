"""A vendor call either certainly never left, or may have taken effect; the error says which, and holds no URL."""

import traceback

import httpcore
import pytest

from shared.adapters.httpcore_http import REPLY_BYTES_MAX, HttpcoreHttp
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import HuhangError, Permanent, ReplyTooLarge, Retryable, Unclear
from tests.integration.loopback import reply, serving
from tests.integration.network import FakeNetwork

TOKEN = "access_token=s3cr3t"
SANDBOX = "http://localhost/robot"  # reached by the fake network without TLS


def request(url="https://vendor.example/robot", body=b"{}"):
    return HttpRequest("POST", f"{url}?{TOKEN}", {"content-type": "application/json"}, body)


def http(network=None, addresses=("93.184.216.34",)):
    return HttpcoreHttp(network=network or FakeNetwork(), resolve=lambda host: addresses)


@pytest.fixture
def adapter():
    adapter = HttpcoreHttp()
    yield adapter
    adapter.close()


def test_the_signed_bytes_arrive_unchanged(adapter) -> None:
    body = '{"b":"包裹", "a":1}'.encode()
    with serving(reply(200, b'{"ok":1}')) as server:
        assert adapter.send(request(server.url, body)) == HttpReply(200, b'{"ok":1}')
    (received,) = server.requests
    assert received.head.startswith(f"POST /?{TOKEN} ")
    assert received.body == body
    assert received.headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_every_status_is_an_answer_and_redirects_are_not_followed(adapter, status: int) -> None:
    with serving(reply(status, b"no", "Location: http://127.0.0.1:1/")) as server:
        assert adapter.send(request(server.url)) == HttpReply(status, b"no")
    assert len(server.requests) == 1


def test_a_connection_is_used_again(adapter) -> None:
    with serving(reply(200), reply(200)) as server:
        adapter.send(request(server.url))
        adapter.send(request(server.url))
    assert (server.connections, len(server.requests)) == (1, 2)


def test_nobody_listening_is_retryable(adapter) -> None:
    with serving() as server:
        url = server.url
    with pytest.raises(Retryable):
        adapter.send(request(url))


def test_a_connection_closed_after_the_request_is_unclear(adapter) -> None:
    with serving(None) as server, pytest.raises(Unclear):
        adapter.send(request(server.url))


def test_half_an_answer_is_unclear(adapter) -> None:
    with serving(b"!HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") as server, pytest.raises(Unclear):
        adapter.send(request(server.url))


@pytest.mark.parametrize(
    ("step", "error", "expected"),
    [
        ("connect", httpcore.ConnectError, Retryable),
        ("connect", httpcore.ConnectTimeout, Retryable),
        ("write", httpcore.WriteTimeout, Unclear),
        ("write", httpcore.WriteError, Unclear),
        ("read", httpcore.ReadTimeout, Unclear),
        ("read", httpcore.ReadError, Unclear),
        ("read", httpcore.RemoteProtocolError, Unclear),
    ],
)
def test_what_went_wrong_says_whether_the_request_may_have_arrived(step, error, expected) -> None:
    with pytest.raises(expected) as caught:
        http(FakeNetwork(b"", **{step: error(TOKEN)})).send(request(SANDBOX))
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_a_header_that_http_does_not_allow_is_not_sent() -> None:
    network = FakeNetwork()
    smuggled = HttpRequest("POST", SANDBOX, {"x-appkey": "key\r\nx-other: 1"}, b"{}")
    with pytest.raises(Permanent, match="request_refused") as caught:
        http(network).send(smuggled)
    assert network.sent == b""
    assert "x-other" not in "".join(traceback.format_exception(caught.value))


def test_an_endless_answer_is_unclear_and_known_as_such() -> None:
    fits = http(FakeNetwork(reply(200, b"x" * REPLY_BYTES_MAX)))
    assert len(fits.send(request(SANDBOX)).body) == REPLY_BYTES_MAX
    with pytest.raises(ReplyTooLarge):
        http(FakeNetwork(reply(200, b"x" * (REPLY_BYTES_MAX + 1)))).send(request(SANDBOX))


def test_the_sandbox_can_be_closed() -> None:
    with pytest.raises(Permanent, match="address_refused"):
        HttpcoreHttp(sandbox_allowed=False).send(request("http://127.0.0.1:9001/"))


def test_nothing_is_built_before_the_first_request() -> None:
    adapter = HttpcoreHttp()
    assert "_pool" not in vars(adapter)
    with pytest.raises(HuhangError):
        adapter.send(request("http://vendor.example/"))
    assert "_pool" not in vars(adapter)
