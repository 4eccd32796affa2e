"""What may be kept of a message that nobody has taught us: all that names things, and nothing that finds a person.

Masking changes nothing that a translator reads: whatever was kept can be taken later as if it had just come.
"""

import json
import re
from urllib.parse import parse_qsl, urlencode

from shared.domain.reading import Unreadable, any_json

MASK = "***"
_DEPTH_MAX = 20
_NAMES_A_THING = re.compile(r"[A-Za-z0-9_.:\-]+")
_PHONE = re.compile(r"(?<![0-9A-Za-z])(?:1[3-9]\d[ \-]?\d{4}[ \-]?\d{4}|0\d{2,3}-\d{7,8})(?![0-9A-Za-z])")
_NAMED = re.compile(
    r"((?:签收|收件|收货|寄件|联系)人|(?:派件|派送|快递|业务|揽投|收派)员)([:：]\s*)"
    r"[^\s,，。;；、()（）\[\]【】]{1,20}"
)
_PERSONAL = re.compile(
    r"phone|mobile|(^|_)tel|receiver|consignee|signer|courier|contact|addr|nick|realname|(buyer|user|recipient)_?name"
    r"|(^|_)(text|content|memo|note|comment|summary|words)s?$",  # what people write can hold anything
    re.IGNORECASE,
)


def masked(raw: bytes) -> bytes:
    """Mask phone numbers, names and addresses in a form or in JSON, also in JSON within texts of these."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return raw  # no vendor's, and no reader of ours takes it
    if not text.lstrip().startswith(("{", "[")) and "=" in text:
        fields = parse_qsl(text, keep_blank_values=True)
        return urlencode([(name, _text(value, name, 0)) for name, value in fields]).encode()
    return _text(text, "", 0).encode()


def _text(text: str, name: str, depth: int) -> str:
    if text.lstrip().startswith(("{", "[")) and depth < _DEPTH_MAX:
        try:
            return json.dumps(_value(any_json(text), name, depth + 1), ensure_ascii=False, separators=(",", ":"))
        except (Unreadable, RecursionError):
            pass
    if _PERSONAL.search(name):
        return MASK if text else text
    if _NAMES_A_THING.fullmatch(text):
        return text
    return _NAMED.sub(rf"\1\2{MASK}", _PHONE.sub(MASK, text))


def _value(value: object, name: str, depth: int) -> object:
    if isinstance(value, dict):
        is_person = _PERSONAL.search(name)
        return {key: _value(inner, name if is_person else key, depth) for key, inner in value.items()}
    if isinstance(value, list):
        return [_value(inner, name, depth) for inner in value]
    if isinstance(value, str):
        return _text(value, name, depth)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return 0 if is_number and _PERSONAL.search(name) else value
