"""WeCom group robot (企业微信 消息推送, formerly 群机器人): say something in a staff group.

Manual: developer.work.weixin.qq.com 消息推送配置说明, as of 2025-08. Nothing is signed: the key in the URL is the whole
credential, never log it. Errors come with HTTP 200; `errcode` decides, never `errmsg`.
Account: key; optional base_url.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from shared.domain import reading as read
from shared.domain.reading import Fields, Unreadable
from shared.domain.vendor import HELLO_TEXT, SOON, clip, credential, cut_to_fit, nothing_to_find, posted
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import Permanent, Retryable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shared.domain.commands import PostMessage
    from shared.domain.steps import Checking, Steps

PRODUCTION = "https://qyapi.weixin.qq.com"
CONTENT_BYTES_MAX = 4096
MUTED_S = 60

OK = 0
THROTTLED = (45009,)  # api freq out of limit: 20 messages a minute
BUSY = (-1, 6000, 45033)
# what a person reads about the known refusals
REFUSALS: dict[int, str] = {
    93000: "机器人地址无效或机器人已被移除",
    40058: "内容超长",
    40008: "不支持的消息类型",
}


def carry_out(command: PostMessage, account: Mapping[str, str], now: datetime) -> Steps:
    """Post one markdown message; a throttled robot is an outcome, so that its digest waits.

    Raises:
        Retryable: busy; a doubled message is tolerable.
        Permanent: refused, with WeCom's code; `no_errcode` where the answer has none.
    """
    reply = yield _request(account, command.text)
    return posted(command, MUTED_S if _is_throttled(reply) else 0)


find_out = nothing_to_find
"""Robots cannot be asked what they said; saying it twice is tolerable."""


def check_account(account: Mapping[str, str], now: datetime) -> Checking:
    """Say hello in the group: a robot can be tried in no other way.

    Raises:
        UnknownMerchant: the account is incomplete.
        Retryable: muted or busy.
        Permanent: refused, with WeCom's code.
    """
    if _is_throttled((yield _request(account, HELLO_TEXT))):
        raise Retryable("muted", timedelta(seconds=MUTED_S))
    return ""


def _request(account: Mapping[str, str], text: str) -> HttpRequest:
    content = cut_to_fit(text, CONTENT_BYTES_MAX, lambda one: one.encode(errors="replace"))
    message = {"msgtype": "markdown", "markdown": {"content": content}}
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    base, query = account.get("base_url") or PRODUCTION, urlencode({"key": credential(account, "key")})
    headers = {"content-type": "application/json; charset=utf-8"}
    return HttpRequest("POST", f"{base}/cgi-bin/webhook/send?{query}", headers, body)


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
    code = answer.get("errcode")
    if reply.status >= 500 or code in BUSY:
        raise Retryable("wecom is busy", SOON)
    if not isinstance(code, int) or isinstance(code, bool):
        raise Permanent("no_errcode", f"http {reply.status}")
    if code in THROTTLED:
        return True
    if code != OK:
        raise Permanent(str(code), f"{REFUSALS.get(code, '')} {clip(answer.get('errmsg'))}".strip())
    return False
