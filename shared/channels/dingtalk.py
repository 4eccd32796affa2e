"""DingTalk group robot (钉钉自定义机器人): say something in a staff group.

Manual: open.dingtalk.com 自定义机器人接入, 安全设置, and the error codes of a probe of 2026-09. Errors come with
HTTP 200, and a throttled robot may answer without any code: only `errcode` 0 is success.
Account: access_token; optional secret (加签), base_url. The token is part of the URL: never log it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from shared.domain import reading as read
from shared.domain.reading import Fields, Unreadable
from shared.domain.vendor import HELLO_TEXT, HELLO_TITLE, SOON, clip, credential, cut_to_fit, nothing_to_find, posted
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Permanent, Retryable

# pydantic and the domain types are imported late, as in all vendor modules: importing one costs next to nothing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shared.domain.commands import PostMessage
    from shared.domain.steps import Checking, Steps

PRODUCTION = "https://oapi.dingtalk.com"
BODY_BYTES_MAX = 19_900  # the robot refuses more than 20,000
TITLE_MAX = 100
MUTED_S = 600  # more than 20 messages a minute silence the robot for ten minutes

OK = 0
BUSY = -1
# errcode: what the caller does next; every other code is for a person
THROTTLED: dict[int, str] = {
    130101: "send too fast, exceed 20 times per minute",
    410100: "throttled",
}
# what a person reads about the known refusals
REFUSALS: dict[int, str] = {
    310000: "关键词、加签或IP白名单校验不通过",
    300005: "机器人token不存在",
    300001: "机器人token不存在",
    400101: "机器人token不存在",
    400013: "群已解散",
    400102: "机器人已停用",
    400106: "机器人不存在",
    40035: "缺少参数",
    43002: "请求方式不是POST",
    43004: "Content-Type不正确",
    400105: "不支持的消息类型",
}
THROTTLE_WORDS = ("too fast", "per minute", "限流")  # not bare "exceed": an over-long message says that too


def carry_out(command: PostMessage, account: Mapping[str, str], now: datetime) -> Steps:
    """Post one markdown message; a throttled robot is an outcome, so that its digest waits.

    Raises:
        Retryable: busy; a doubled message is tolerable.
        Permanent: refused, with DingTalk's code; `no_errcode` where the answer has none.
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
        Permanent: refused, with DingTalk's code.
    """
    if _is_throttled((yield _request(account, now, HELLO_TITLE, HELLO_TEXT))):
        raise Retryable("muted", timedelta(seconds=MUTED_S))
    return ""


def _request(account: Mapping[str, str], now: datetime, title: str, text: str) -> HttpRequest:
    query = {"access_token": credential(account, "access_token")}
    if account.get("secret"):
        timestamp = str(int(now.timestamp() * 1000))
        query |= {"timestamp": timestamp, "sign": sign(timestamp, account["secret"])}
    base = account.get("base_url") or PRODUCTION
    headers = {"content-type": "application/json; charset=utf-8"}
    return HttpRequest("POST", f"{base}/robot/send?{urlencode(query)}", headers, _body(title, text))


def sign(timestamp_ms: str, secret: str) -> str:
    """Sign an instant (安全设置, 加签): Base64 of HMAC-SHA256; goes percent-encoded into the query."""
    digest = hmac.new(secret.encode(), f"{timestamp_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _body(title: str, text: str) -> bytes:
    def written(text: str) -> bytes:
        message = {"msgtype": "markdown", "markdown": {"title": title[:TITLE_MAX], "text": text}}
        return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")

    return written(cut_to_fit(text, BODY_BYTES_MAX, written))


def _is_throttled(reply: HttpReply) -> bool:
    """Judge the answer: said, or muted.

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
    code, text = answer.get("errcode"), clip(answer.get("errmsg"))
    if isinstance(code, int) and code in THROTTLED:
        return True
    if answer.get("punish") == "deny" or any(word in text for word in THROTTLE_WORDS):
        return True
    if reply.status >= 500 or code == BUSY:
        raise Retryable("dingtalk is busy", SOON)
    if not isinstance(code, int) or isinstance(code, bool):
        raise Permanent("no_errcode", f"http {reply.status}")
    if code != OK:
        raise Permanent(str(code), f"{REFUSALS.get(code, '')} {text}".strip())
    return False
