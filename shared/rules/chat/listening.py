"""What is kept of a buyer's words: their meaning and two digests."""

from hashlib import blake2b

from shared.domain.chat import Intent, Tone, Understanding, Understands
from shared.domain.chat_events import LineReceived, LineSaid
from shared.domain.session import Holder, SessionCase
from shared.rules.understanding.normalise import normalise
from shared.rules.understanding.understand import negative_lines, understand

_DIGEST_BYTES = 6


def understand_line(said: LineSaid, session: SessionCase | None = None) -> LineReceived:
    """Understand a line in the light of the session's earlier ones; the words themselves end here."""
    return event_of(said, reading_of(said, session))


def reading_of(said: LineSaid, session: SessionCase | None, understands: Understands = understand) -> Understanding:
    """Say what a line means, given the earlier ones of its session."""
    return understands(said.text, _earlier(session))


def event_of(said: LineSaid, reading: Understanding) -> LineReceived:
    """Keep what was understood of a line, and two digests."""
    name = f"{said.merchant}|{said.channel}:{said.session_id}"
    return LineReceived(
        merchant=said.merchant,
        channel=said.channel,
        session_id=said.session_id,
        at=said.at,
        line=digest(said.message_id, name),
        words=digest(normalise(said.text).text, name),
        intent=reading.intent,
        tone=reading.tone,
        negative=bool(negative_lines([reading])),
        shopper=said.shopper,
        order_ids=said.order_ids,
        refund_ids=said.refund_ids,
        item=said.item,
        live_room=said.live_room,
    )


def digest(text: str, session: str) -> str:
    """Give a short digest that says nothing outside of its session."""
    return blake2b(f"{session}\n{text}".encode(errors="replace"), digest_size=_DIGEST_BYTES).hexdigest()


def _earlier(session: SessionCase | None) -> list[Understanding]:
    """Give what was understood before, as sure as it was counted."""
    return [
        Understanding(
            intent=Intent(heard.intent),
            confidence=1,
            tone=Tone(heard.tone),
            tone_confidence=1 if heard.negative else 0,
            version="",
        )
        for heard in (session.heard if session and session.holder is not Holder.CLOSED else ())
    ]
