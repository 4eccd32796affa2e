"""What is filed about a parcel: what couriers' people say unasked, and what no scan tells and people have found out.

    said ──▶ into the tickets that wait for it
      └────▶ kept, as a ticket of its own ──a person closes it──▶ remembered by its words and that moment

Copies and late comers in any order end in the same tickets: what was said up to the moment at which a person had seen
to the same words says nothing new, whereas she has not seen to what she had not heard of.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from shared.domain.events import CourierAnswered, TicketTaken, TroubleFiled
from shared.domain.parcel import ParcelCase
from shared.domain.tickets import ANSWER_MAX, SAID, Anomaly, Answer
from shared.rules.parcel_draft import ParcelDraft
from shared.rules.parcel_urging import fill, waits_for
from shared.rules.ticketing import Finding

_KEPT_MAX = 10
DROPPED = "answer_dropped"


def answered(draft: ParcelDraft, event: CourierAnswered) -> None:
    """An answer goes into the tickets that wait for it; one for which none does is kept until a person has seen it."""
    new = _read(draft, Anomaly.COURIER_ANSWER, event)
    if _is_copy(draft.case, new) or _passed_on(draft, event):
        return
    waiting = waits_for(draft.case.tickets, event.number)
    for ticket in waiting:
        fill(draft, ticket.anomaly, event.text, event.at, event.source)
    if waiting:
        _settle(draft, {new.words: new.at})
    else:
        _keep(draft, new)


def filed(draft: ParcelDraft, event: TroubleFiled) -> None:
    """What people say is wrong with a parcel is a ticket until a person closes it, whatever the parcel does."""
    new = _read(draft, event.anomaly, event)
    if not _is_copy(draft.case, new) and not _passed_on(draft, event):
        _keep(draft, new)


def _read(draft: ParcelDraft, anomaly: Anomaly, event: CourierAnswered | TroubleFiled) -> Answer:
    text = event.text[:ANSWER_MAX]
    return Answer(anomaly=anomaly, at=event.at, source=event.source, text=text, heard_at=draft.now)


def _passed_on(draft: ParcelDraft, event: CourierAnswered | TroubleFiled) -> bool:
    """Of a number that travels with another courier, what is said belongs there."""
    if draft.case.moved_to:
        draft.say(event.model_copy(update={"carrier": draft.case.moved_to}))
    return draft.case.moved_to is not None


# ---- what is known already ---------------------------------------------------------------------------------------


def known_at(case: ParcelCase, words: str) -> datetime | None:
    """Give when these words were said last, or a person had seen to them; None where they are new."""
    said = [one.at for one in case.unmatched if one.words == words]
    return max([*said, *filter(None, [case.settled.get(words)])], default=None)


def is_settled(case: ParcelCase, words: str, at: datetime) -> bool:
    """Whether a person has seen to these words since they were said."""
    return words in case.settled and at <= case.settled[words]


def is_listed(case: ParcelCase, anomaly: Anomaly, words: str) -> bool:
    """Whether a ticket is open in which these words stand already."""
    is_open = any(ticket.anomaly is anomaly for ticket in case.tickets)
    return is_open and any(one.words == words for one in case.unmatched)


def _is_copy(case: ParcelCase, new: Answer) -> bool:
    known = known_at(case, new.words)
    return known is not None and new.at <= known


def said_of(case: ParcelCase, anomaly: Anomaly) -> tuple[str, ...] | None:
    """Name what was said that a ticket is about; None where it is about something else."""
    return tuple(one.words for one in case.unmatched if one.anomaly is anomaly) if anomaly in SAID else None


# ---- kept, and seen to -------------------------------------------------------------------------------------------


def _keep(draft: ParcelDraft, new: Answer) -> None:
    """Keep the last ten of a kind, and count what that drops; the same words said later are no news to anybody."""
    mine = [one for one in draft.case.unmatched if one.anomaly is new.anomaly]
    same = next((one for one in mine if one.words == new.words), None)
    if same:
        new = new.model_copy(update={"heard_at": same.heard_at})
    kept = sorted((*(one for one in mine if one is not same), new), key=_by_time)
    others = [one for one in draft.case.unmatched if one.anomaly is not new.anomaly]
    draft.change(unmatched=tuple(sorted((*others, *kept[-_KEPT_MAX:]), key=_by_time)))
    draft.counts += [DROPPED] * (len(kept) - _KEPT_MAX)


def _by_time(one: Answer) -> tuple[datetime, Anomaly, str, str]:
    return one.at, one.anomaly, one.source, one.text


def seen_to(draft: ParcelDraft, event: TicketTaken) -> None:
    """A person has seen to what she was shown, all where that is not told: it is forgotten, but for its words.

    Of what is left, the clock opens another ticket.
    """
    if event.anomaly not in SAID:
        return
    kept = [one.words for one in draft.case.unmatched if one.anomaly is event.anomaly]
    _settle(draft, dict.fromkeys(kept if event.said is None else event.said, event.at or draft.now))
    left = tuple(one for one in draft.case.unmatched if not is_settled(draft.case, one.words, one.at))
    tickets = tuple(ticket for ticket in draft.case.tickets if not event.is_about(ticket))
    draft.change(unmatched=left, tickets=tickets)


def _settle(draft: ParcelDraft, words: Mapping[str, datetime]) -> None:
    """Remember the last ten words that somebody has seen to."""
    known = draft.case.settled
    both = {name: max(filter(None, (known.get(name), words.get(name)))) for name in {*known, *words}}
    last = sorted(both, key=lambda name: (both[name], name))[-_KEPT_MAX:]
    draft.change(settled={name: both[name] for name in last})


def unmatched(case: ParcelCase) -> Iterator[Finding]:
    """Give what was said and nobody has seen to, as one finding of a kind; a later word is trouble anew."""
    for anomaly in SAID:
        said = [one for one in case.unmatched if one.anomaly is anomaly]
        if said:
            newest = max(said, key=lambda one: (one.heard_at, *_by_time(one)))
            yield Finding(
                anomaly,
                anomaly.value,
                since=newest.heard_at,
                opened_at=newest.heard_at,
                breach_at=newest.heard_at,
                times=len(said),
                answer=newest,
            )
