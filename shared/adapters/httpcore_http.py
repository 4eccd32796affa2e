"""How does a request reach a vendor, and did it? The callers' workflow asks; one client for all vendors.

The answer to "may it have taken effect?" is in the error: Retryable when nothing was sent, Unclear when something was.
URLs hold credentials (robots' tokens, signatures), so no error text holds a URL. Redirects are answers, not followed.
"""

from datetime import timedelta
from functools import cached_property

import httpcore

from shared.adapters.public_network import PublicNetwork, Resolve, read_place, resolve
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Permanent, ReplyTooLarge, Retryable, Unclear

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 8.0
WHOLE_TIMEOUT_S = 12.0  # less than any caller may run, however slowly an answer drips
KEEPALIVE_S = 5.0
REPLY_BYTES_MAX = 1024 * 1024
RETRY_AFTER = timedelta(seconds=5)

_TIMEOUT = {"connect": CONNECT_TIMEOUT_S, "read": READ_TIMEOUT_S, "write": READ_TIMEOUT_S, "pool": CONNECT_TIMEOUT_S}
_HEADERS = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "huhang"}


class HttpcoreHttp:
    """Sends to public addresses over TLS, and to nothing else but (over plain HTTP) the sandbox on this machine.

    `sandbox_allowed` false closes that exception, `resolve` and `network` are for tests.
    """

    def __init__(
        self,
        *,
        sandbox_allowed: bool = True,
        resolve: Resolve = resolve,
        network: httpcore.NetworkBackend | None = None,
    ) -> None:
        self._sandbox_allowed = sandbox_allowed
        self._network = PublicNetwork(resolve, network)

    @cached_property
    def _pool(self) -> httpcore.ConnectionPool:
        return httpcore.ConnectionPool(network_backend=self._network, keepalive_expiry=KEEPALIVE_S)

    def send(self, request: HttpRequest) -> HttpReply:
        """Send the exact bytes and wait for the answer, whatever its status.

        Raises:
            Retryable: the request certainly never left.
            Unclear: it may have arrived; no usable answer came back.
            Permanent: huhang does not send to such an address, or such a header.
        """
        place = read_place(request.url, sandbox_allowed=self._sandbox_allowed)
        headers = [(name.encode(), value.encode()) for name, value in (_HEADERS | dict(request.headers)).items()]
        self._network.hurry(WHOLE_TIMEOUT_S)
        try:
            with self._pool.stream(
                request.method, place.url, headers=headers, content=request.body, extensions={"timeout": _TIMEOUT}
            ) as response:
                return HttpReply(response.status, _read(response))
        except httpcore.LocalProtocolError:
            raise Permanent("request_refused", "a header holds what HTTP does not allow") from None
        except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout) as error:
            raise Retryable(type(error).__name__, RETRY_AFTER) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            raise Unclear(type(error).__name__) from None

    def close(self) -> None:
        """Close the connections."""
        if "_pool" in vars(self):
            self._pool.close()


def _read(response: httpcore.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_stream():
        body += chunk
        if len(body) > REPLY_BYTES_MAX:
            raise ReplyTooLarge
    return bytes(body)
