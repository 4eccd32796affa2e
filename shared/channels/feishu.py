"""Feishu group robot (飞书自定义机器人): say something in a staff group.

Manual: open.feishu.cn 自定义机器人使用指南, as of 2026-03. The signature is the mirror image of DingTalk's: the key is
"seconds, line feed, secret", the message is empty, and it travels in the body. Errors come with HTTP 200.
Account: hook (the id at the URL's end; it is a credential, never log it); optional secret (签名校验), base_url.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from shared.domain import reading as read
from shared.domain.reading import Fields, Unreadable
from shared.domain.vendor import HELLO_TEXT, HELLO_TITLE, SOON, clip, credential, cut_to_fit, nothing_to_find, posted
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Permanent, Retryable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shared.domain.commands import PostMessage
    from shared.domain.steps import Checking, Steps

PRODUCTION = "https://open.feishu.cn"
BODY_BYTES_MAX = 19_900  # 20 KB for everything
TITLE_MAX = 100
MUTED_S = 60

OK = 0
THROTTLED = (11232,)
THROTTLE_WORDS = ("frequency", "too many")
# what a person reads about the known refusals
REFUSALS: dict[int, str] = {
    9499: "请求格式错误",
    19001: "机器人地址无效",
    19021: "签名校验失败或时间超出一小时",
    19022: "IP不在白名单",
    19024: "未包含关键词",
    200621: "卡片内容无效",
}


def carry_out(command: PostMessage, account: Mapping[str, str], now: datetime) -> Steps:
    """Post one card; a throttled robot is an outcome, so that its digest waits.

    Raises:
        Retryable: busy; a doubled message is tolerable.
        Permanent: refused, with Feishu's code; `no_code` where the answer has none.
    """
    reply = yield _request(account, now, command.title, command.text)
    return posted(command, MUTED_S if _is_throttled(reply) else 0)


find_out = nothing_to_find
"""Robots cannot be asked what they said; saying it twice is tolerable."""


def check_account(account: Mapping[str, str], now: datetime) -> Checking:
    """Say hello in the group: a robot can be tried in no other way.

    Raises:
        UnknownMerchant: the account is incomplete.
        Retryable: muted or busy.
        Permanent: refused, with Feishu's code.
    """
    if _is_throttled((yield _request(account, now, HELLO_TITLE, HELLO_TEXT))):
        raise Retryable("muted", timedelta(seconds=MUTED_S))
    return ""


def sign(timestamp_s: str, secret: str) -> str:
    """Sign an instant (签名校验): Base64 of HMAC-SHA256 over nothing, keyed by instant and secret."""
    digest = hmac.new(f"{timestamp_s}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _request(account: Mapping[str, str], now: datetime, title: str, text: str) -> HttpRequest:
    signed = {}
    if account.get("secret"):
        timestamp = str(int(now.timestamp()))
        signed = {"timestamp": timestamp, "sign": sign(timestamp, account["secret"])}
    header = {"title": {"tag": "plain_text", "content": title[:TITLE_MAX]}, "template": "orange"}

    def written(text: str) -> bytes:
        card = {"header": header, "elements": [{"tag": "div", "text": {"tag": "lark_md", "content": text}}]}
        message = {**signed, "msg_type": "interactive", "card": card}
        return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")

    hook = quote(credential(account, "hook"), safe="")
    url = f"{account.get('base_url') or PRODUCTION}/open-apis/bot/v2/hook/{hook}"
    body = written(cut_to_fit(text, BODY_BYTES_MAX, written))
    return HttpRequest("POST", url, {"content-type": "application/json; charset=utf-8"}, body)


def _is_throttled(reply: HttpReply) -> bool:
    """Judge the answer: said, or muted. Old robots answer with `StatusCode` alone.

    Raises:
        Retryable: busy.
        Permanent: everything else.
    """
    if reply.status == 429:
        return True
    try:
        answer: Fields = read.document(reply.body)
    except Unreadable:
        answer = {}
    code, text = answer.get("code", answer.get("StatusCode")), clip(answer.get("msg"))
    if not isinstance(code, int) or isinstance(code, bool):
        if reply.status >= 500:
            raise Retryable("feishu is busy", SOON)
        raise Permanent("no_code", f"http {reply.status}")
    if code in THROTTLED or (code != OK and any(word in text for word in THROTTLE_WORDS)):
        return True
    if code != OK:
        raise Permanent(str(code), f"{REFUSALS.get(code, '')} {text}".strip())
    return False
