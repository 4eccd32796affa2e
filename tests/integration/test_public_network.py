"""No URL that a merchant can write leads inside: not by its form, not by its name, not by a second answer of a DNS."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.adapters.httpcore_http import HttpcoreHttp
from shared.domain.wire import HttpRequest
from shared.errors import Permanent, Retryable, Unclear
from tests.integration.loopback import reply, serving_tls
from tests.integration.network import FakeNetwork

PUBLIC = "93.184.216.34"
VENDOR = "https://vendor.example/robot"


def send(url: str = VENDOR, network: FakeNetwork | None = None, addresses: tuple[str, ...] = (PUBLIC,)) -> FakeNetwork:
    """Send something over a network without sockets, and give the network."""
    network = network or FakeNetwork()
    HttpcoreHttp(network=network, resolve=lambda host: addresses).send(HttpRequest("GET", url, {}, b""))
    return network


@pytest.mark.parametrize(
    "url",
    [
        "http://vendor.example/",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.2/",
        "http://localhost.example/",
        "http://localhost./",
        "http://127.0.0.1@vendor.example/",
        "https://vendor.example@127.0.0.1/",
        "https://user:password@vendor.example/",
        "ftp://vendor.example/",
        "file:///etc/passwd",
        "gopher://vendor.example/",
        "https:///nohost",
        "https://vendor.example:port/",
        "https://vendor.example:22/",
        "https://vendor.example:8443/",
        "https://vendor.example:80/",
        "https://vendor.example:0/",
        "https://vendor.example:443\\@127.0.0.1/",
        "https://vendor.example./",
        "https://vendor/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://93.184.216.34/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://0x7f.0.0.1/",
        "https://0x7f000001/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fe80::1%25eth0]/",
        "https://vendor.example\t.evil.example/",
        "https://vendor.example/\r\nHost: inside",
        "https://vendor.example/a b",
        "https://ⓥendor.example/",
        "https://vendor。example/",
        "https://127。0。0。1/",
        "https://vendor..example/",
        "https://-vendor.example/",
        f"https://{'a' * 64}.example/",
        f"https://vendor.example/{'a' * 5000}",
        "//vendor.example/",
        "",
    ],
)
def test_only_https_to_a_plain_name_leaves_the_machine(url: str) -> None:
    network = FakeNetwork()
    with pytest.raises(Permanent, match="address_refused") as caught:
        send(url, network)
    assert "vendor" not in str(caught.value)
    assert network.connected == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.0.192",
        "198.18.0.1",
        "::",
        "::1",
        "::127.0.0.1",
        "fd00:ec2::254",
        "fe80::1%eth0",
        "fec0::1",
        "ff0e::1",
        "::ffff:10.0.0.1",
        "::ffff:93.184.216.34",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "2001:db8::1",
        "2001:0:a9fe:a9fe::1",
        "2002:a9fe:a9fe::1",
    ],
)
def test_names_that_lead_inside_are_refused_and_nothing_is_connected(address: str) -> None:
    for addresses in ((address,), (PUBLIC, address)):
        network = FakeNetwork()
        with pytest.raises(Permanent, match="address_refused"):
            send(network=network, addresses=addresses)
        assert network.connected == []


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946", "240e::1"])
def test_public_addresses_are_connected_on_the_port_of_https_under_their_name(address: str) -> None:
    network = send(addresses=(address,))
    assert network.connected == [(address, 443)]
    assert network.named == ["vendor.example"]
    assert network.sent.lower().startswith(b"get /robot http/1.1\r\nhost: vendor.example\r\n")


def test_a_name_that_answers_differently_the_second_time_is_not_asked_a_second_time() -> None:
    """DNS rebinding: whoever owns the name answers with a public address first and with an inner one afterwards."""
    answers = [(PUBLIC,), ("169.254.169.254",)]
    network = FakeNetwork()
    HttpcoreHttp(network=network, resolve=lambda host: answers.pop(0)).send(HttpRequest("GET", VENDOR, {}, b""))
    assert network.connected == [(PUBLIC, 443)]
    assert len(answers) == 1


def test_each_new_connection_is_checked_anew() -> None:
    answers = [(PUBLIC,), ("10.0.0.1",)]
    network = FakeNetwork(reply(200, b"{}", "Connection: close"))
    http = HttpcoreHttp(network=network, resolve=lambda host: answers.pop(0))
    http.send(HttpRequest("GET", VENDOR, {}, b""))
    with pytest.raises(Permanent, match="address_refused"):
        http.send(HttpRequest("GET", VENDOR, {}, b""))
    assert network.connected == [(PUBLIC, 443)]


def test_an_address_that_does_not_answer_leaves_the_next_one() -> None:
    network = FakeNetwork(deaf=[PUBLIC])
    send(network=network, addresses=(PUBLIC, "1.1.1.1"))
    assert network.connected == [(PUBLIC, 443), ("1.1.1.1", 443)]


def test_a_name_that_nobody_knows_is_retryable() -> None:
    def unknown(host: str) -> tuple[str, ...]:
        raise OSError(f"no such host {host}")

    for resolve in (unknown, lambda host: ()):
        with pytest.raises(Retryable) as caught:
            HttpcoreHttp(network=FakeNetwork(), resolve=resolve).send(HttpRequest("GET", VENDOR, {}, b""))
        assert "vendor" not in str(caught.value)


def test_an_answer_that_drips_ends_before_the_function_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.adapters.httpcore_http.WHOLE_TIMEOUT_S", 0.05)
    network = FakeNetwork(reply(200, b"x" * 1000), drips_s=0.01)
    with pytest.raises(Unclear, match="ReadTimeout"):
        send(network=network)


# ---- a real handshake --------------------------------------------------------------------------------------------


class _ToLoopback(httpcore.SyncBackend):
    """Leads every connection to one port of this machine, as a network would lead it to the vendor."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        return super().connect_tcp("127.0.0.1", self.port, timeout, local_address, socket_options)


def certificate_for(name: str, folder: Path) -> Path:
    """Make a self-signed certificate with its key, as one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)  # noqa: TID251 - OpenSSL compares with the real clock
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{name}.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return file


@contextmanager
def trusting(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the certificate be one of those that the client trusts."""
    with monkeypatch.context() as patched:
        patched.setattr("certifi.where", lambda: str(file))
        yield


@pytest.mark.parametrize(("name", "is_taken"), [("vendor.example", True), ("other.example", False)])
def test_the_certificate_has_to_be_that_of_the_name_although_the_address_is_pinned(
    name: str, is_taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate_for(name, tmp_path)
    with serving_tls(file, reply(200, b"{}")) as server, trusting(file, monkeypatch):
        http = HttpcoreHttp(network=_ToLoopback(server.port), resolve=lambda host: (PUBLIC,))
        sending = HttpRequest("POST", VENDOR, {}, b"{}")
        if is_taken:
            assert http.send(sending).status == 200
            assert server.requests[0].headers["host"] == "vendor.example"
        else:
            with pytest.raises(Retryable):
                http.send(sending)
            assert server.requests == []
        assert server.names == ["vendor.example"]
        http.close()


def test_two_names_at_one_address_do_not_share_a_connection() -> None:
    network = FakeNetwork(reply(200))
    http = HttpcoreHttp(network=network, resolve=lambda host: (PUBLIC,))
    for name in ("one", "two"):
        http.send(HttpRequest("GET", f"https://{name}.example/", {}, b""))
    assert network.named == ["one.example", "two.example"]
