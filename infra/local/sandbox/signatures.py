"""How each vendor signs, written down from the vendors' rules and from nobody's code.

Every function is pure and takes the exact bytes or text that travel on the wire. The test vectors are in
tests/unit/sandbox/test_signatures.py.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping


def same(ours: str, theirs: str) -> bool:
    """Compare two signatures in constant time."""
    return hmac.compare_digest(ours.encode(), theirs.encode())


def douyin_event_sign(app_key: str, body: bytes, app_secret: str) -> str:
    """Sign a push of the Douyin shop: header `event-sign`."""
    return hashlib.md5(app_key.encode() + body + app_secret.encode()).hexdigest()


def douyin_api_sign(
    app_key: str, app_secret: str, method: str, param_json: str, timestamp: str, sign_method: str = "hmac-sha256"
) -> str:
    """Sign a call of the Douyin open API; `access_token` and `sign_method` themselves are not signed."""
    fields = f"app_key{app_key}method{method}param_json{param_json}timestamp{timestamp}v2"
    text = f"{app_secret}{fields}{app_secret}".encode()
    if sign_method == "hmac-sha256":
        return hmac.new(app_secret.encode(), text, hashlib.sha256).hexdigest()
    return hashlib.md5(text).hexdigest()


def zto_digest(content: bytes, app_secret: str) -> str:
    """Sign a ZTO body (`x-dataDigest`) or a push's `data` field (`data_digest`)."""
    return base64.b64encode(hashlib.md5(content + app_secret.encode()).digest()).decode()


def kuaidi100_query_sign(param: str, key: str, customer: str) -> str:
    """Sign a query: upper-case MD5 over the three texts as they stand."""
    return hashlib.md5(f"{param}{key}{customer}".encode()).hexdigest().upper()


def kuaidi100_push_sign(param: str, salt: str) -> str:
    """Sign a push's `param` with the salt of its subscription."""
    return hashlib.md5(f"{param}{salt}".encode()).hexdigest().upper()


def kuaidi100_call_sign(param: str, timestamp_ms: str, key: str, secret: str) -> str:
    """Sign a call of the services around labels: interceptions and work orders."""
    return hashlib.md5(f"{param}{timestamp_ms}{key}{secret}".encode()).hexdigest().upper()


def jushuitan_sign(app_secret: str, fields: Mapping[str, str]) -> str:
    """Sign the form fields of a Jushuitan call, all but `sign`, by key; the secret stands in front only."""
    joined = "".join(f"{key}{fields[key]}" for key in sorted(fields) if key != "sign")
    return hashlib.md5((app_secret + joined).encode()).hexdigest()


def dingtalk_sign(secret: str, timestamp_ms: str) -> str:
    """Sign a robot's message: the value of the query parameter `sign` before percent-encoding."""
    text = f"{timestamp_ms}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


def standard_webhook_signature(secret: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    """Sign by Standard Webhooks 1.0.0: `v1,<base64>`.

    Raises:
        ValueError: the secret is not Base64 after its prefix.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    content = webhook_id.encode() + b"." + timestamp.encode() + b"." + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def standard_webhook_matches(secret: str, webhook_id: str, timestamp: str, body: bytes, header: str) -> bool:
    """Tell whether any signature of the space-separated list is ours."""
    ours = standard_webhook_signature(secret, webhook_id, timestamp, body)
    return any(same(ours, candidate) for candidate in header.split(" "))
