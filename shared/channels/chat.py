"""Chat desktops, bots and gateways: huhang's own format, signed both ways by Standard Webhooks 1.0.0.

Manual: docs of huhang, "Route buyers' chats"; signatures: standardwebhooks.com. Times are ISO 8601 with an offset.

    desktop ──▶ huhang   {"type", "timestamp", "data"}, or {"events": [such objects, 1 to 100]}: chat.message,
                         chat.reply, chat.handover, chat.returned, chat.closed, chat.rated, agent.presence
    huhang ──▶ desktop   POST api_url {"type": "session.assigned", "timestamp", "data"}; idempotent by `webhook-id`;
                         "account.checked" with empty data when the account is new or has changed
    line     {session_id, channel, message_id, at, text, buyer: {id, platform, tier, tags}, order_ids, refund_ids,
              item, live_room}: of chat.message, and the body of a question to `route`

What buyers say is understood where it is read. Whatever has to be kept raw is kept without words (`redact`).

Account: secret (several, separated by spaces, while they are changed), api_url (where sessions are pushed).

The webhook function imports this module while a desktop waits: pydantic and the domain types are imported late.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING

from shared.domain import reading as read
from shared.domain.lanes import Lane
from shared.domain.reading import Fields, Unreadable, label
from shared.domain.standard_webhooks import signatures, signed_request, verify
from shared.domain.vendor import LATER, SOON, nothing_to_find
from shared.domain.wire import HttpReply, Push
from shared.errors import MalformedMessage, Permanent, Retryable, Throttled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from shared.domain.chat_events import AgentNoticed, LineSaid, SessionEvent
    from shared.domain.commands import AssignSession
    from shared.domain.events import EventIgnored, EventUnknown
    from shared.domain.steps import Checking, Steps

    Told = LineSaid | AgentNoticed | SessionEvent | EventIgnored | EventUnknown

LANE = Lane.CHATS
ACKNOWLEDGEMENT = '{"received":true}'
EVENTS_MAX = 100
TEXT_MAX = 2_000  # characters; what a longer one means stands at its beginning
NAMED_MAX = 5
TAGS_MAX = 20
WORD_MAX = 40
MESSAGE_ID_MAX = 200
REASON_MAX = 100
PRESENCES = ("online", "away", "offline")

_CODE, _KEY = re.compile(r"[A-Za-z0-9_.:+\-]{1,200}"), re.compile(r"[a-z][a-z_]{0,39}")
_GONE = re.compile(r"…[0-9]{1,7}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_\-]{0,39}")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,40}")
_DEPTH_MAX = 8
_WITHOUT_WORDS = "without_words"
_PLAIN = frozenset(
    ("type", "timestamp", "at", "session_id", "channel", "message_id", "agent", "group", "presence", _WITHOUT_WORDS)
)
"""Texts that are kept when a message is: none of them holds what people say."""


# ---- the door ----------------------------------------------------------------------------------------------------


def verify_push(push: Push, account: Mapping[str, str], now: datetime) -> None:
    """Check a push's signature, its age and its form.

    Raises:
        BadSignature: not signed by this desktop.
        StaleTimestamp: more than five minutes old, or from the future.
        MalformedMessage: neither an object with `type` and `data` nor a list of 1 to 100 of them.
    """
    verify(push, account, now)
    try:
        _messages(push.body)
    except Unreadable as error:
        raise MalformedMessage("body", str(error)) from None


def _messages(body: bytes) -> list[Fields]:
    document = read.document(body)
    if "events" not in document:
        messages = [document]
    else:
        messages = list(read.objects(document, "events"))
        if not 1 <= len(messages) <= EVENTS_MAX:
            raise Unreadable(f"events: 1 to {EVENTS_MAX} expected")
    if not all(isinstance(one.get("type"), str) and isinstance(one.get("data"), dict) for one in messages):
        raise Unreadable("type and data expected")
    return messages


def redact(body: bytes) -> bytes:
    """Take out of a push whatever people may have said: all texts and long numbers but those that name things."""
    try:
        document = read.any_json(body)
    except Unreadable:
        return b'{"without_words":"not readable"}'
    return json.dumps(_redacted(document, "", 0), ensure_ascii=False, separators=(",", ":")).encode()


def _redacted(value: object, name: str, depth: int) -> object:
    if depth > _DEPTH_MAX:
        return "…"
    if isinstance(value, dict):
        kept = {key if _KEY.fullmatch(key) else "…": _redacted(inner, key, depth + 1) for key, inner in value.items()}
        return kept | {_WITHOUT_WORDS: True} if "text" in kept else kept
    if isinstance(value, list):
        return [_redacted(inner, name, depth + 1) for inner in value]
    if isinstance(value, bool) or value is None:
        return value
    written = str(value)
    is_small = isinstance(value, int) and len(written) <= 5
    is_plain = is_small or _GONE.fullmatch(written) or (name in _PLAIN and _CODE.fullmatch(written))
    return value if is_plain else f"…{len(written)}"


# ---- what happened -----------------------------------------------------------------------------------------------


def parse_push(merchant: str, body: bytes, headers: Mapping[str, str]) -> list[Told]:
    """Give every event of a push its fate."""
    from shared.domain.events import EventUnknown

    try:
        messages = _messages(body)
    except Unreadable as error:
        return [EventUnknown(what="chat push", reason=str(error))]
    return [_event(merchant, message) for message in messages]


def _event(merchant: str, message: Fields) -> Told:
    from shared.domain.events import EventIgnored, EventUnknown

    kind = message.get("type")
    what = f"chat type {label(kind)}"
    parse = PARSERS.get(kind) if isinstance(kind, str) else None
    if parse is None:
        return EventUnknown(what=what, reason="unlisted type")
    try:
        sent_at, data = read.iso(message, "timestamp"), read.nested(message, "data")
        if parse is parse_line and data.get(_WITHOUT_WORDS) is True:
            return EventIgnored(what=f"{what}, understood before")
        return parse(merchant, data, read.iso(data, "at") if data.get("at") else sent_at)
    except Unreadable as error:
        return EventUnknown(what=what, reason=str(error))


def parse_line(merchant: str, data: Fields, sent_at: datetime) -> LineSaid:
    """Read what a buyer said.

    Raises:
        Unreadable: a field is not as described.
    """
    from shared.domain.chat_events import LineSaid, Shopper

    buyer = read.nested(data, "buyer")
    return LineSaid(
        merchant=merchant,
        channel=_channel(data),
        session_id=read.identifier(data, "session_id"),
        message_id=_message_id(data),
        at=sent_at,
        text=read.text(data, "text")[:TEXT_MAX],
        shopper=Shopper(
            platform=read.identifier(buyer, "platform") if buyer.get("platform") else "chat",
            buyer=_buyer(buyer),
            tier=_short(buyer, "tier"),
            tags=tuple(_tag(tag) for tag in read.items(buyer, "tags")[:TAGS_MAX]),
        ),
        order_ids=_named(data, "order_ids"),
        refund_ids=_named(data, "refund_ids"),
        item=_optional(data, "item"),
        live_room=_optional(data, "live_room"),
    )


def _reply(merchant: str, data: Fields, at: datetime) -> SessionEvent:
    from shared.domain.chat_events import LineAnswered

    line = sha256(_message_id(data).encode(errors="replace")).hexdigest()[:12]
    return LineAnswered(
        **_session(merchant, data), at=at, line=line, agent=_optional(data, "agent"), token=_token(data)
    )


def _handover(merchant: str, data: Fields, at: datetime) -> SessionEvent:
    from shared.domain.chat_events import SessionHandedOver

    group, agent = _optional(data, "group"), _optional(data, "agent")
    if not group and not agent:
        raise Unreadable("group or agent expected")
    return SessionHandedOver(
        **_session(merchant, data),
        at=at,
        group=group,
        agent=agent,
        token=_token(data),
        reason=read.text(data, "reason")[:REASON_MAX],
    )


def _returned(merchant: str, data: Fields, at: datetime) -> SessionEvent:
    from shared.domain.chat_events import SessionHandedOver

    return SessionHandedOver(**_session(merchant, data), at=at, token=_token(data))


def _closed(merchant: str, data: Fields, at: datetime) -> SessionEvent:
    from shared.domain.chat_events import SessionClosed

    return SessionClosed(**_session(merchant, data), at=at)


def _rated(merchant: str, data: Fields, at: datetime) -> SessionEvent:
    from shared.domain.chat_events import SessionRated

    return SessionRated(**_session(merchant, data), at=at, stars=read.integer(data, "stars", 1, 5))


def _presence(merchant: str, data: Fields, at: datetime) -> AgentNoticed:
    from shared.domain.chat_events import AgentNoticed
    from shared.domain.session import Presence

    presence = read.text(data, "presence")
    if presence not in PRESENCES:
        raise Unreadable(f"presence: one of {', '.join(PRESENCES)} expected")
    return AgentNoticed(merchant=merchant, agent=read.identifier(data, "agent"), presence=Presence(presence), at=at)


PARSERS: dict[str, Callable[[str, Fields, datetime], Told]] = {
    "chat.message": parse_line,
    "chat.reply": _reply,
    "chat.handover": _handover,
    "chat.returned": _returned,
    "chat.closed": _closed,
    "chat.rated": _rated,
    "agent.presence": _presence,
}


def _session(merchant: str, data: Fields) -> dict[str, str]:
    return {"merchant": merchant, "channel": _channel(data), "session_id": read.identifier(data, "session_id")}


def _channel(data: Fields) -> str:
    name = read.text(data, "channel")
    if not _SLUG.fullmatch(name):
        raise Unreadable("channel: a short name in lower case expected")
    return name


def _message_id(data: Fields) -> str:
    value = data.get("message_id")
    name = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(name, str) or not 0 < len(name) <= MESSAGE_ID_MAX:
        raise Unreadable("message_id: the message's own identifier expected")
    return name


def _buyer(buyer: Fields) -> str:
    """Read who the buyer is: platforms write that in many ways, and only sameness counts."""
    try:
        return read.identifier(buyer, "id")
    except Unreadable:
        name = read.text(buyer, "id")
        if not name:
            raise
        return "h:" + sha256(name.encode(errors="replace")).hexdigest()[:24]


def _short(fields: Fields, name: str) -> str:
    word = read.text(fields, name)
    if len(word) > WORD_MAX:
        raise Unreadable(f"{name}: too long")
    return word


def _tag(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value.strip()):
        raise Unreadable("tags: short texts expected")
    return value.strip()


def _named(data: Fields, name: str) -> tuple[str, ...]:
    """Read the first few identifiers of a list; the latest stand first."""
    return tuple(read.as_identifier(one, name) for one in read.items(data, name)[:NAMED_MAX])


def _optional(data: Fields, name: str) -> str | None:
    return None if data.get(name) in (None, "") else read.identifier(data, name)


def _token(data: Fields) -> int | None:
    return None if data.get("token") is None else read.integer(data, "token", 0)


# ---- what is to be done ------------------------------------------------------------------------------------------


def carry_out(command: AssignSession, account: Mapping[str, str], now: datetime) -> Steps:
    """Tell the desktop who has a session now.

    Raises:
        Retryable: not taken now; a repeated message has the same id, and an older token tells nothing new.
        Permanent: refused, with the HTTP status; or the account has no `api_url`.
    """
    from shared.domain.chat_events import SessionTold

    if command.type != "assign_session":
        raise Permanent("not_supported", command.type)
    data = {
        "session_id": command.session_id,
        "channel": command.channel,
        "holder": command.holder.value,
        "group": command.group,
        "agent": command.agent,
        "token": command.token,
        "rule": command.why.rule,
    }
    _judge((yield signed_request(account, now, command.command_id, "session.assigned", data)))
    return SessionTold(
        merchant=command.merchant, channel=command.channel, session_id=command.session_id, answers=command.command_id
    )


find_out = nothing_to_find
"""The desktop tells repeated messages by their id."""


def check_account(account: Mapping[str, str], now: datetime) -> Checking:
    """Tell the desktop that its account was checked; one that only asks has nothing to be told.

    Raises:
        UnknownMerchant: the account is incomplete.
        Retryable: not taken now.
        Permanent: refused, with the HTTP status.
    """
    signatures(account, "check", now, "")
    if account.get("api_url"):
        _judge((yield signed_request(account, now, f"check:{int(now.timestamp() * 1000)}", "account.checked", {})))
    return ""


def _judge(reply: HttpReply) -> None:
    """Judge the answer: any 2xx is yes.

    Raises:
        Retryable: not now.
        Permanent: no, with the HTTP status.
    """
    if reply.status == 429:
        raise Throttled("http 429", LATER)
    if reply.status >= 500 or reply.status == 408:
        raise Retryable(f"http {reply.status}", SOON)
    if not 200 <= reply.status < 300:
        raise Permanent(f"http_{reply.status}")
