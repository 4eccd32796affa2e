"""Asks a deployment's board over HTTP (`docs/openapi.json`)."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

TIMEOUT_S = 30.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
REASONS = {
    "busy": "暂时繁忙",
    "invalid": "看不懂",
    "no_policy": "商户还没有策略",
    "no_report": "还没有报表",
    "no_scores": "还没有成绩单",
    "no_token": "缺少令牌",
    "not_asked": "没有待审批的申请",
    "not_permitted": "该岗位无此权限",
    "over_authority": "超出该岗位的权限",
    "shared_token": "两个岗位用了同一令牌",
    "unknown_merchant": "没有这家商户或未开通看板",
    "unknown_parcel": "查无此包裹",
    "unknown_session": "查无此会话",
    "unknown_ticket": "没有这张工单或已结束",
    "wrong_token": "令牌不对",
}


class BoardError(Exception):
    """There is no answer to show. The message says what a person can do about it."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token is for the address that was named, not for where it points."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Client:
    """One merchant's board in one deployment."""

    url: str
    merchant: str
    token: str

    def get(self, *path: str, **query: str | int | None) -> dict[str, Any]:
        """Ask a question about the merchant.

        Raises:
            BoardError: there is no answer.
        """
        asked = {name: value for name, value in query.items() if value is not None}
        return self._send("GET", self._address(path) + (f"?{urlencode(asked)}" if asked else ""), None)

    def post(self, *path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Tell something about the merchant.

        Raises:
            BoardError: it was not accepted.
        """
        return self._send("POST", self._address(path), json.dumps(document, ensure_ascii=False).encode())

    def _address(self, path: tuple[str, ...]) -> str:
        parts = "/".join(quote(part, safe=":") for part in ("v1", "merchants", self.merchant, *path))
        return f"{self.url.rstrip('/')}/{parts}"

    def _send(self, method: str, address: str, body: bytes | None) -> dict[str, Any]:
        is_local = _require_safe(address)
        if not (self.token.isascii() and self.token.isprintable()):
            raise BoardError("令牌含有不能发送的字符 the token holds characters that cannot be sent")
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        try:
            request = urllib.request.Request(address, data=body, method=method, headers=headers)  # noqa: S310 - checked
            proxies = [urllib.request.ProxyHandler({})] if is_local else []
            with urllib.request.build_opener(_NoRedirect, *proxies).open(request, timeout=TIMEOUT_S) as reply:
                answer = json.loads(reply.read())
        except urllib.error.HTTPError as error:
            raise BoardError(self._refusal(error.code, error.read())) from error
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise BoardError(f"无法连接 {self.url} cannot be reached: {reason}") from error
        except ValueError as error:
            raise BoardError(self._not_ours()) from error
        return answer if isinstance(answer, dict) else {}

    def _refusal(self, status: int, body: bytes) -> str:
        if status == 429:
            return "请求过于频繁，请稍后再试 too many requests, try again in a moment"
        try:
            told = json.loads(body)
            return f"{self.merchant}：{REASONS.get(told['error'], '未受理')} {told['message']}"
        except (ValueError, KeyError, TypeError):
            if status >= 500:
                return f"服务出错，请稍后再试 something broke there, try again in a moment (HTTP {status})"
            return f"{self._not_ours()} (HTTP {status})"

    def _not_ours(self) -> str:
        return f"{self.url} 的回答不是护航的，请核对网址 does not answer as huhang does; is the URL right?"


def _require_safe(address: str) -> bool:
    """Check that the token does not travel in the clear; tell whether it stays on this machine.

    Raises:
        BoardError: the address is none, or not encrypted.
    """
    try:
        parts = urlsplit(address)
        is_local = parts.hostname in _LOOPBACK
    except ValueError as error:
        raise BoardError(f"网址无效 not a URL: {address}") from error
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_local)):
        raise BoardError(f"网址须以 https:// 开头 the URL must begin with https:// : {address}")
    return is_local
