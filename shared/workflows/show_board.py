"""The board's questions and the one thing that people can tell it: who deals with a ticket.

The merchant stands in the path and a token in the header: its own, or that of a role, which may do less. After that
everything is addressed by this merchant.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple, TypeVar

from pydantic import Field, ValidationError

from shared.domain.board import (
    BY_HAND,
    Accepted,
    AnswerRequest,
    Filed,
    ParcelView,
    ReadSource,
    SourceList,
    TakeRequest,
    TicketList,
    TroubleRequest,
)
from shared.domain.chat_board import SessionView, TransferList
from shared.domain.events import CourierAnswered, TicketTaken, TroubleFiled
from shared.domain.keys import CaseKey, CaseKind, parcel_key
from shared.domain.messages import write_message
from shared.domain.order import OrderCase
from shared.domain.parcel import ParcelCase
from shared.domain.policy import Policy
from shared.domain.record import Id, Record
from shared.domain.roles import Role, may_use
from shared.domain.routing_report import RoutingReport
from shared.domain.scores import Scores
from shared.domain.tickets import Anomaly, Category, Ticket, Verdict, words_of
from shared.domain.vendor import is_same
from shared.errors import BadSignature, MalformedMessage, NotPermitted, UnknownCase, UnknownMerchant
from shared.ports import Accounts, CaseStore, Clock, Policies, Queue, RoutingReports, ScoreStore, Watermarks
from shared.rules.authority import beyond_event
from shared.rules.parcel_filings import is_listed, is_settled, known_at, said_of
from shared.rules.parcel_urging import waits_for
from shared.rules.parcel_view import parcel_view
from shared.workflows.list_open import Wanted, list_open
from shared.workflows.poll_sources import complete_until
from shared.workflows.show_chats import list_transfers, show_routing, show_session

ACCOUNT = "board"  # the merchant's account with us: {"token": …, "token_aftersales": …}
_TOKENS: Mapping[str, Role | None] = {"token": None} | {role.token_name: role for role in Role}
BODY_MAX = 10_000
TAKEABLE = (CaseKind.PARCEL, CaseKind.ORDER)
KNOWN = (*Anomaly, BY_HAND)
CLOCKS_DIFFER_MAX = timedelta(hours=1)
SENT_AGAIN_WITHIN = timedelta(hours=1)
_KNOWN = "The same was said before, and is seen to; to have it looked at again, say what is new, or when (`at`)."
_ID = re.compile(r"[A-Za-z0-9_.:\-]{1,64}")
_CHANNEL = re.compile(r"[a-z0-9][a-z0-9_\-]{0,39}")
_CASE_ID = re.compile(r"[A-Za-z0-9_.\-]{1,64}:[A-Za-z0-9_.:\-]{1,64}")
_BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)
_MACHINE_WORDS = re.compile(r"^Value error, |<\w+\.\w+: ('\w+')>")
"""What only a programmer reads in a sentence about a value, but for the value."""
_R = TypeVar("_R", bound=Record)


class Question(NamedTuple):
    """A request as the API gives it: the route by its template, and what fills it; `role` once it is known."""

    route: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    authorization: str
    body: bytes
    role: Role | None = None


class Board(NamedTuple):
    """What the board looks at, and the way by which it tells."""

    accounts: Accounts
    cases: CaseStore
    scores: ScoreStore
    queue: Queue
    clock: Clock
    reports: RoutingReports
    policies: Policies
    watermarks: Watermarks


class TicketQuery(Record):
    """Which tickets are asked for. Several anomalies are separated by commas; nothing means all."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100
    anomaly: str = ""
    category: Category | None = None
    carrier: Id | None = None


class TransferQuery(Record):
    """How many transfers are asked for."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50


def answer(question: Question, board: Board) -> tuple[int, Record]:
    """Give the status and the document of an answer.

    Raises:
        Refused: answered with the error's `http_status` and its sentence.
        Retryable: nothing happened; the same request may succeed a moment later.
    """
    merchant = question.path.get("merchant_id", "")
    role = _admitted(merchant, question.authorization, board.accounts)
    if not may_use(role, question.route):
        raise NotPermitted("not_permitted", f"The role {role} may not do this; ask a director or the owner.")
    return ROUTES[question.route](merchant, question._replace(role=role), board)


def _admitted(merchant: str, authorization: str, accounts: Accounts) -> Role | None:
    """Check that who asks has one of the merchant's tokens; all are compared, so that time tells nothing of them."""
    try:
        account = accounts.account(merchant, ACCOUNT)
    except UnknownMerchant:
        account = {}
    ours = {name: account[name] for name in _TOKENS if isinstance(account.get(name), str) and account[name]}
    if not ours:
        raise UnknownMerchant("unknown_merchant", "There is no such merchant, or it has no board.")
    told = _BEARER.fullmatch(authorization)
    if told is None:
        raise BadSignature("no_token", "The header Authorization must be: Bearer, a space, the merchant's token.")
    found = [name for name, token in ours.items() if is_same(token, told[1])]
    if not found:
        raise BadSignature("wrong_token", "This is not the merchant's token.")
    if len(found) > 1:
        raise BadSignature("shared_token", f"One token stands for {' and '.join(found)}; each needs its own.")
    return _TOKENS[found[0]]


# ---- questions ---------------------------------------------------------------------------------------------------


def _tickets(merchant: str, question: Question, board: Board) -> tuple[int, TicketList]:
    asked = _read(TicketQuery, question.query)
    anomalies = tuple(filter(None, asked.anomaly.split(",")))
    unknown = [name for name in anomalies if name not in KNOWN]
    if unknown:
        raise MalformedMessage("invalid", f"anomaly: {unknown[0][:40]!r} is not known; known are {', '.join(KNOWN)}.")
    wanted = Wanted(asked.limit, anomalies, asked.carrier or "", asked.category)
    return 200, list_open(board.cases, merchant, wanted, board.clock.now())


def _parcel(merchant: str, question: Question, board: Board) -> tuple[int, ParcelView]:
    carrier, waybill = (_named(_ID, question, name) for name in ("carrier", "waybill"))
    key = parcel_key(merchant, carrier, waybill)
    case, policy = _load(key, board)
    if not isinstance(case, ParcelCase):
        raise UnknownCase("unknown_parcel", f"Nothing is known of a parcel {waybill} with {carrier}.")
    return 200, parcel_view(key, case, policy, board.scores.scores(merchant), board.clock.now())


def _scores(merchant: str, question: Question, board: Board) -> tuple[int, Scores]:
    del question
    found = board.scores.scores(merchant)
    if found is None:
        raise UnknownCase("no_scores", "No scorecard was made yet: one is made every hour.")
    return 200, found


def _sources(merchant: str, question: Question, board: Board) -> tuple[int, SourceList]:
    del question
    now = board.clock.now()
    read = {name: complete_until(until) for name, until in sorted(board.watermarks.all(merchant).items())}
    sources = tuple(
        ReadSource(source=name, complete_until=until, minutes_behind=round((now - until) / timedelta(minutes=1), 1))
        for name, until in read.items()
    )
    return 200, SourceList(merchant=merchant, as_of=now, sources=sources)


def _routing(merchant: str, question: Question, board: Board) -> tuple[int, RoutingReport]:
    del question
    return 200, show_routing(merchant, board.reports)


def _transfers(merchant: str, question: Question, board: Board) -> tuple[int, TransferList]:
    asked = _read(TransferQuery, question.query)
    return 200, list_transfers(merchant, asked.limit, board.reports, board.policies)


def _session(merchant: str, question: Question, board: Board) -> tuple[int, SessionView]:
    channel, session_id = _named(_CHANNEL, question, "channel"), _named(_ID, question, "session_id")
    return 200, show_session(merchant, channel, session_id, board.cases, board.policies)


# ---- what people tell --------------------------------------------------------------------------------------------


def _take(merchant: str, question: Question, board: Board) -> tuple[int, Accepted]:
    kind, identity = question.path.get("kind", ""), _named(_CASE_ID, question, "case_id")
    if kind not in TAKEABLE:
        raise MalformedMessage("invalid", f"kind: tickets of {', '.join(TAKEABLE)} can be taken, not of {kind[:40]!r}.")
    anomaly = question.path.get("anomaly", "")
    if anomaly not in set(Anomaly):
        raise MalformedMessage("invalid", f"anomaly: {anomaly[:40]!r} is not known; known are {', '.join(Anomaly)}.")
    said = _told(TakeRequest, question)
    key = CaseKey(merchant, CaseKind(kind), identity)
    case, policy = _load(key, board)
    tickets = case.tickets if isinstance(case, ParcelCase | OrderCase) else ()
    ticket = next((one for one in tickets if one.anomaly == anomaly), None)
    if ticket is None:
        raise UnknownCase("unknown_ticket", f"The {kind} {identity} has no ticket {anomaly}, or has it no more.")
    event = TicketTaken(
        merchant=merchant,
        about=str(key),
        anomaly=Anomaly(anomaly),
        by=said.by,
        role=question.role,
        text=said.text,
        closed=said.closed,
        approve=said.approve,
        at=board.clock.now(),
        since=ticket.since,
        said=said_of(case, ticket.anomaly) if isinstance(case, ParcelCase) else None,
    )
    why = beyond_event(policy, event, ticket)
    if said.approve is not None:
        _check_asked(ticket, said, why)
    board.queue.send(key.lane, [(merchant, write_message(event))])
    done = {True: "Approved", False: "Refused", None: "Closed" if said.closed else "Taken"}[said.approve]
    message = f"{'Waits for approval, asked' if why else done} by {event.who}; it shows within seconds."
    return 202, Accepted(about=str(key), anomaly=Anomaly(anomaly), message=message, waits_because=why)


def _check_asked(ticket: Ticket, said: TakeRequest, why: str) -> None:
    """See that there is something to decide, or that it was decided just so before."""
    last = ticket.approvals[-1] if ticket.approvals else None
    before = Verdict.APPROVED if said.approve else Verdict.REFUSED
    if not ticket.asked and not (last and last.what is before):
        raise UnknownCase("not_asked", f"Nothing of the ticket {ticket.anomaly} waits for approval.")
    if why and not said.approve:
        raise NotPermitted("over_authority", f"Only who may approve this may refuse it: {why}.")


def _answer(merchant: str, question: Question, board: Board) -> tuple[int, Filed]:
    """Take what a courier's people said, known parcel or not: nothing of it may be lost."""
    carrier, waybill = (_named(_ID, question, name) for name in ("carrier", "waybill"))
    said = _told(AnswerRequest, question)
    key = parcel_key(merchant, carrier, waybill)
    case, _ = _load(key, board)
    words = words_of(Anomaly.COURIER_ANSWER, said.source or carrier, said.text)
    at, is_over = _said_at(case, words, said.at, board.clock.now())
    waiting = waits_for(case.tickets, said.number) if isinstance(case, ParcelCase) else ()
    event = CourierAnswered(
        merchant=merchant,
        carrier=carrier,
        waybill=waybill,
        source=said.source or carrier,
        text=said.text,
        at=at,
        number=said.number,
    )
    board.queue.send(key.lane, [(merchant, write_message(event))])
    tickets = tuple(ticket.anomaly for ticket in waiting)
    known = "No ticket waits for it" if case else "Nothing is known of such a parcel"
    listed = _KNOWN if is_over else f"{known}; it is listed as {Anomaly.COURIER_ANSWER}."
    message = f"Filed in {', '.join(tickets)}." if tickets else listed
    return 202, Filed(about=str(key), tickets=tickets, message=message)


def _trouble(merchant: str, question: Question, board: Board) -> tuple[int, Filed]:
    """Take what people say is wrong with a parcel, known or not."""
    carrier, waybill = (_named(_ID, question, name) for name in ("carrier", "waybill"))
    said = _told(TroubleRequest, question)
    key, source = parcel_key(merchant, carrier, waybill), question.role or "merchant"
    case, _ = _load(key, board)
    words = words_of(said.anomaly, source, said.text)
    at, is_over = _said_at(case, words, said.at, board.clock.now())
    event = TroubleFiled(
        merchant=merchant,
        carrier=carrier,
        waybill=waybill,
        anomaly=said.anomaly,
        source=source,
        text=said.text,
        at=at,
    )
    board.queue.send(key.lane, [(merchant, write_message(event))])
    if isinstance(case, ParcelCase) and is_listed(case, said.anomaly, words):
        message = f"The same was said before; its ticket {said.anomaly} is open."
        return 202, Filed(about=str(key), tickets=(said.anomaly,), message=message)
    known = "" if case else " Nothing else is known of such a parcel."
    message = _KNOWN if is_over else f"A ticket {said.anomaly} opens within a minute or two.{known}"
    return 202, Filed(about=str(key), tickets=(), message=message)


def _said_at(case: object, words: str, at: datetime | None, now: datetime) -> tuple[datetime, bool]:
    """Give when something was said, and whether a person has seen to it since.

    The same words without a time are what was said within the hour: a request that is sent again is no other filing.
    """
    if at and at > now + CLOCKS_DIFFER_MAX:
        raise MalformedMessage("invalid", f"at: {at.isoformat()} has not come yet.")
    known = known_at(case, words) if isinstance(case, ParcelCase) else None
    if at is None and known and now - known < SENT_AGAIN_WITHIN:
        at = known
    said_at = min(at or now, now)
    return said_at, isinstance(case, ParcelCase) and is_settled(case, words, said_at)


ROUTES: Mapping[str, Callable[[str, Question, Board], tuple[int, Record]]] = {
    "GET /v1/merchants/{merchant_id}/tickets": _tickets,
    "GET /v1/merchants/{merchant_id}/parcels/{carrier}/{waybill}": _parcel,
    "GET /v1/merchants/{merchant_id}/scores": _scores,
    "GET /v1/merchants/{merchant_id}/sources": _sources,
    "GET /v1/merchants/{merchant_id}/routing": _routing,
    "GET /v1/merchants/{merchant_id}/transfers": _transfers,
    "GET /v1/merchants/{merchant_id}/sessions/{channel}/{session_id}": _session,
    "POST /v1/merchants/{merchant_id}/tickets/{kind}/{case_id}/{anomaly}/take": _take,
    "POST /v1/merchants/{merchant_id}/parcels/{carrier}/{waybill}/answers": _answer,
    "POST /v1/merchants/{merchant_id}/parcels/{carrier}/{waybill}/troubles": _trouble,
}
"""As the API names them; all need a token, and `roles.ALLOWED` says which roles may use each."""


def _load(key: CaseKey, board: Board) -> tuple[object, Policy]:
    loaded = board.cases.load(key.merchant, [key])
    if loaded.policy is None:
        raise UnknownMerchant("no_policy", "The merchant has no policy yet.")
    return loaded.cases[key].case, loaded.policy


def _named(pattern: re.Pattern[str], question: Question, name: str) -> str:
    """Read a part of the path; only what can be part of a key."""
    value = question.path.get(name, "")
    if not pattern.fullmatch(value):
        raise MalformedMessage("invalid", f"{name}: {value[:64]!r} cannot be one.")
    return value


def _told(model: type[_R], question: Question) -> _R:
    if len(question.body) > BODY_MAX:
        raise MalformedMessage("invalid", f"The body is longer than {BODY_MAX} bytes.")
    return _read(model, question.body)


def _read(model: type[_R], told: Mapping[str, str] | bytes) -> _R:
    """Read what was told; whatever does not fit is named in one sentence."""
    try:
        return model.model_validate_json(told) if isinstance(told, bytes) else model.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            first["msg"] = f"is not known; known are {', '.join(model.model_fields)}"
        said = _MACHINE_WORDS.sub(r"\1", first["msg"])
        raise MalformedMessage("invalid", f"{place or 'body'}: {said}.") from None
