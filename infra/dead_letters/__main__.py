"""Shows and repairs what failed: `python -m infra.dead_letters list|show|redrive|discard|unknown|replay`.

Nothing is changed without --yes. Everything may be repeated: events are idempotent, commands are carried out once.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from infra.catalog import FUNCTIONS, LOST_TICKS, UNANSWERED
from infra.dead_letters.command_line import SAMPLE_MAX, make_parser
from infra.dead_letters.reasons import reasons_of, short
from infra.dead_letters.shelf import KINDS, Letter, Send, Shelf
from infra.dead_letters.stream import Forgotten, HandlingFailed, hand_over
from infra.dead_letters.unknown import NotReplayable, UnknownPushes
from infra.deployed import Deployed, NotDeployed, Problems, explained
from infra.terminal import write_lines
from shared.adapters.clock import SystemClock

_OVER = {
    LOST_TICKS: "a lost tick is not repeated: the next one has done its work",
    UNANSWERED: "a stack that was not answered has gone back by itself: the merchant launches or updates it again",
}
_REFUSALS = (NotDeployed, Forgotten, HandlingFailed, NotReplayable, *Problems)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; 1 where it cannot be done, 2 where it makes no sense."""
    asked = make_parser(__doc__ or "").parse_args(arguments)
    try:
        answer, lines = _COMMANDS[asked.command](asked, Deployed(asked.stack, asked.local))
    except _REFUSALS as problem:
        sys.stderr.write(f"dead_letters: {explained(problem)}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    if asked.json:
        lines = [json.dumps(answer, ensure_ascii=False, indent=2, default=str)]
    write_lines(lines)
    return 0


Answer = tuple[Any, list[str]]
"""What a program reads, and what a person reads."""


def _list(asked: argparse.Namespace, deployed: Deployed) -> Answer:
    found, lines = [], []
    for kind in asked.kind or KINDS:
        shelf = Shelf(deployed, kind)
        depth = shelf.depth()
        letters = shelf.look(min(asked.sample, depth)) if depth else []
        why = reasons_of(letters, deployed)
        groups = Counter((one.what, short(why[one.id])) for one in letters)
        oldest = min((one.sent_at for one in letters), default=None)
        found.append(
            {
                "kind": kind,
                "function": KINDS[kind],
                "messages": depth,
                "sampled": len(letters),
                "oldest_sent_at": oldest,
                "failures": [{"what": what, "why": why, "count": n} for (what, why), n in groups.most_common()],
                "merchants": dict(Counter(one.merchant for one in letters).most_common()),
            }
        )
        lines.append(f"{kind:<16} {depth:>6}  {_age(oldest)}" if depth else f"{kind:<16} {depth:>6}")
        lines += [f"    {n:>4} × {what}: {why}" for (what, why), n in groups.most_common()]
        if depth > len(letters):
            lines.append(f"    ({len(letters)} looked at; --sample for more)")
    return found, lines


def _show(asked: argparse.Namespace, deployed: Deployed) -> Answer:
    letters = [one for one in Shelf(deployed, asked.kind).look(asked.sample) if asked.id in (None, one.id)]
    why = reasons_of(letters, deployed)
    found = [
        {"id": one.id, "merchant": one.merchant, "what": one.what, "sent_at": one.sent_at, "why": why[one.id]}
        | ({"body": one.body} if asked.body else {})
        for one in letters
    ]
    lines = []
    for one in letters:
        lines += [f"{one.id}  {one.merchant or '-'}  {one.what}  {_age(one.sent_at)}", *_indent(why[one.id])]
        lines += _indent(one.body) if asked.body else []
    return found, lines or [f"no such message among {asked.sample} of {asked.kind}"]


def _redrive(asked: argparse.Namespace, deployed: Deployed) -> Answer:
    if asked.kind in _OVER:
        raise NotReplayable(f"{_OVER[asked.kind]}; `discard` it")
    shelf = Shelf(deployed, asked.kind)
    of_stream = {spec.changes.dead_letters for spec in FUNCTIONS if spec.changes}
    send: Send = (lambda letter: hand_over(letter, deployed)) if asked.kind in of_stream else shelf.send_to_queue
    return _move(asked, shelf, send, "back to work")


def _discard(asked: argparse.Namespace, deployed: Deployed) -> Answer:
    return _move(asked, Shelf(deployed, asked.kind), lambda letter: None, "thrown away")


def _move(asked: argparse.Namespace, shelf: Shelf, send: Send, done: str) -> Answer:
    def wanted(letter: Letter) -> bool:
        return asked.id in (None, letter.id) and asked.merchant in (None, letter.merchant)

    depth = shelf.depth()
    if not asked.yes:
        sample = [one for one in shelf.look(min(depth, SAMPLE_MAX)) if wanted(one)]
        told = f"{len(sample)} of the first {min(depth, SAMPLE_MAX)}" if depth > SAMPLE_MAX else str(len(sample))
        line = f"{shelf.kind}: {told} would go {done}; nothing was changed: add --yes"
        return {"kind": shelf.kind, "messages": depth, "wanted": len(sample), "moved": 0, "dry_run": True}, [line]
    moved = 0
    for moved, _ in enumerate(shelf.put_back(wanted, send, asked.max), start=1):
        if moved % 100 == 0:
            sys.stderr.write(f"{shelf.kind}: {moved} of about {depth} {done} …\n")
    result = {"kind": shelf.kind, "messages": depth, "moved": moved, "dry_run": False}
    return result, [f"{shelf.kind}: {moved} {done}, about {max(depth - moved, 0)} left"]


def _unknown(asked: argparse.Namespace, deployed: Deployed) -> Answer:
    pushes = list(UnknownPushes(deployed).of(asked.merchant))
    found = [
        one._asdict() | {"raw": one.raw.decode(errors="replace") if asked.body else f"{len(one.raw)} bytes"}
        for one in pushes
    ]
    lines = []
    for one in pushes:
        lines.append(f"{one.id}  {one.at}  {one.reason}")
        lines += _indent(one.raw.decode(errors="replace")) if asked.body else []
    return found, lines or [f"nothing is kept for {asked.merchant}"]


def _replay(asked: argparse.Namespace, deployed: Deployed) -> Answer:
    shelf = UnknownPushes(deployed)
    chosen = [one for one in shelf.of(asked.merchant) if one.id.startswith(asked.id)]
    if not chosen:
        raise NotReplayable(f"no push of {asked.merchant} is kept whose id begins with {asked.id!r}")
    if not asked.yes:
        line = f"{len(chosen)} would be tried again; nothing was changed: add --yes"
        return {"wanted": [one.id for one in chosen], "moved": 0, "dry_run": True}, [line]
    sent = {one.id: shelf.replay(one) for one in chosen}
    lines = [f"{name}: on the lane {lane}" for name, lane in sent.items()]
    return {"moved": sent, "dry_run": False}, [*lines, "what is still unknown is kept again under its id"]


_COMMANDS: dict[str, Callable[[argparse.Namespace, Deployed], Answer]] = {
    "list": _list,
    "show": _show,
    "redrive": _redrive,
    "discard": _discard,
    "unknown": _unknown,
    "replay": _replay,
}


def _indent(text: str) -> list[str]:
    return [f"    {line}" for line in text.splitlines()]


def _age(at: datetime | None) -> str:
    if at is None:
        return ""
    passed = SystemClock().now() - at
    return f"since {at:%m-%d %H:%M} UTC ({timedelta(seconds=int(passed.total_seconds()))} ago)"


if __name__ == "__main__":
    sys.exit(main())
