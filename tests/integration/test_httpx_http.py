"""A vendor call either certainly never left, or may have taken effect; the error says which, and holds no URL."""

import traceback

import httpx
import pytest

from shared.adapters.httpx_http import REPLY_BYTES_MAX, HttpxHttp
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import HuhangError, Permanent, Retryable, Unclear
from tests.integration.loopback import reply, serving

TOKEN = "access_token=s3cr3t"


def request(url="https://vendor.example/robot", body=b"{}"):
    return HttpRequest("POST", f"{url}?{TOKEN}", {"content-type": "application/json"}, body)


def http(handler=None, addresses=("93.184.216.34",)):
    transport = httpx.MockTransport(handler) if handler else None
    return HttpxHttp(transport=transport, resolve=lambda host: addresses)


def raising(error):
    def handler(request):
        raise error(f"could not reach {request.url}", request=request)

    return handler


@pytest.fixture
def adapter():
    adapter = HttpxHttp()
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
    ("error", "expected"),
    [
        (httpx.ConnectError, Retryable),
        (httpx.ConnectTimeout, Retryable),
        (httpx.PoolTimeout, Retryable),
        (httpx.WriteTimeout, Unclear),
        (httpx.WriteError, Unclear),
        (httpx.ReadTimeout, Unclear),
        (httpx.ReadError, Unclear),
        (httpx.RemoteProtocolError, Unclear),
    ],
)
def test_what_went_wrong_says_whether_the_request_may_have_arrived(error, expected) -> None:
    with pytest.raises(expected) as caught:
        http(raising(error)).send(request())
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_an_endless_answer_is_unclear() -> None:
    fits = http(lambda _: httpx.Response(200, content=b"x" * REPLY_BYTES_MAX))
    assert len(fits.send(request()).body) == REPLY_BYTES_MAX
    with pytest.raises(Unclear):
        http(lambda _: httpx.Response(200, content=b"x" * (REPLY_BYTES_MAX + 1))).send(request())


@pytest.mark.parametrize(
    "url",
    [
        "http://vendor.example/",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.2/",
        "http://localhost.example/",
        "http://127.0.0.1@vendor.example/",
        "ftp://vendor.example/",
        "file:///etc/passwd",
        "https:///nohost",
        "https://vendor.example:port/",
        "//vendor.example/",
        "",
    ],
)
def test_only_https_leaves_the_machine(url: str) -> None:
    with pytest.raises(Permanent, match="address_refused") as caught:
        http(lambda _: httpx.Response(200)).send(HttpRequest("GET", url, {}, b""))
    assert "vendor" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fd00:ec2::254",
        "fe80::1%eth0",
        "::ffff:10.0.0.1",
    ],
)
def test_names_and_numbers_that_lead_inside_are_refused(address: str) -> None:
    ok = httpx.Response(200)
    for addresses in ([address], ["93.184.216.34", address]):
        with pytest.raises(Permanent, match="address_refused"):
            http(lambda _: ok, addresses).send(request())


def test_literal_addresses_are_resolved_by_the_real_resolver_too() -> None:
    with pytest.raises(Permanent, match="address_refused"):
        HttpxHttp().send(request("https://169.254.169.254/"))
    with pytest.raises(Permanent, match="address_refused"):
        HttpxHttp().send(request("https://[::1]/"))


def test_a_name_that_nobody_knows_is_retryable() -> None:
    def unknown(host):
        raise OSError(f"no such host {host}")

    with pytest.raises(Retryable) as caught:
        HttpxHttp(resolve=unknown).send(request())
    assert "vendor" not in str(caught.value)


def test_the_sandbox_can_be_closed() -> None:
    with pytest.raises(Permanent, match="address_refused"):
        HttpxHttp(sandbox_allowed=False).send(request("http://127.0.0.1:9001/"))


def test_nothing_is_built_before_the_first_request() -> None:
    adapter = HttpxHttp()
    assert "_client" not in vars(adapter)
    with pytest.raises(HuhangError):
        adapter.send(request("http://vendor.example/"))
    assert "_client" not in vars(adapter)
