"""Which carrier does a waybill number belong to? Asked where a number arrives without its carrier.

The carrier that the platform's order names always wins over what the number looks like.
Standard library only: this may be imported during a cold start.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

SURE_SCORE = 0.9
LEAD_MIN = 0.3
"""By how much the best must be ahead of the second."""
CLEAR_SCORE = 0.7
"""From here on a number that is said to be another carrier's needs a proof."""

# How much a pattern says about the carrier. Letters are printed by one carrier only, so they decide: 0.98 where the
# public sources agree, 0.95 where they differ about the length, 0.8 where only one knows the length at all.
# Digits alone never reach `SURE_SCORE`: no private carrier has a public check digit, ranges overlap and are assigned
# anew. There 0.7 is a range that its carrier uses today, 0.5 a wide or single-sourced one, 0.4 and less what old
# numbers looked like. A postal number of another country has 0.5: inside of China its parcel is usually with EMS.
_PATTERNS = (
    ("sf", r"SF[A-Z0-9]\d{12}", 0.98),
    ("sf", r"\d{12}", 0.5),
    ("yto", r"YT\d{13}", 0.98),
    ("yto", r"[A-Z0-9]{2}\d{10,13}", 0.2),
    ("jt", r"JT\d{13}", 0.95),
    ("jt", r"JT\d{12}", 0.8),
    ("jdl", r"JD[A-Z0-9]{2}\d{11}", 0.98),  # JDV?, JDX and JDK are among them
    ("zto", r"7[3-68]\d{12}", 0.7),
    ("zto", r"\d{14}", 0.3),
    ("sto", r"77\d{13}", 0.7),
    ("sto", r"(77|43)\d{12,15}", 0.5),
    ("sto", r"(268|888)\d{9,10}", 0.4),
    ("yunda", r"[34]\d{14}", 0.7),
    ("yunda", r"5\d{12}", 0.7),
    ("ems", r"[A-Z]{2}\d{9}CN", 0.98),  # S10: letters and a check digit
    ("ems", r"[A-Z]{2}\d{9}[A-Z]{2}", 0.5),
    ("ems", r"P[A-Z]\d{11}", 0.95),
    ("ems", r"[981]\d{12}", 0.5),
    ("deppon", r"DPK\d{12,13}", 0.95),
    ("cainiao", r"621\d{12}", 0.5),
)
_S10 = r"[A-Z]{2}(\d{8})(\d)[A-Z]{2}"
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


class Candidate(NamedTuple):
    """A carrier that may have given out the number, and how much speaks for it, from 0 to 1."""

    carrier: str
    score: float


def candidates(waybill: str) -> tuple[Candidate, ...]:
    """Give the carriers whose numbers look like this one, best first; case and blanks around it do not matter."""
    number = waybill.strip()
    if not number.isascii():  # before upper(), which makes ASCII of some letters that are none
        return ()
    number = number.upper()
    postal = re.fullmatch(_S10, number)
    if postal and s10_check_digit(postal[1]) != int(postal[2]):
        return ()
    scores: dict[str, float] = {}
    for carrier, pattern, score in _PATTERNS:
        if score > scores.get(carrier, 0) and re.fullmatch(pattern, number):
            scores[carrier] = score
    return tuple(sorted((Candidate(*item) for item in scores.items()), key=lambda one: (-one.score, one.carrier)))


def sure(found: Iterable[Candidate]) -> str | None:
    """Give the one carrier that is safe to use without asking anybody, if there is one."""
    ranked = sorted(found, key=lambda one: -one.score)
    if not ranked or ranked[0].score < SURE_SCORE:
        return None
    is_ahead = len(ranked) == 1 or ranked[0].score - ranked[1].score >= LEAD_MIN
    return ranked[0].carrier if is_ahead else None


def contradicts(found: Iterable[Candidate], carrier: str) -> bool:
    """Whether the number clearly looks like another carrier's than the one that somebody takes it for."""
    scores = dict(found)
    best = max(scores.values(), default=0)
    return best >= CLEAR_SCORE and best - scores.get(carrier, 0) >= LEAD_MIN


def s10_check_digit(serial: str) -> int:
    """Compute the ninth digit of a postal number (UPU S10) from its first eight."""
    rest = sum(int(digit) * weight for digit, weight in zip(serial, _S10_WEIGHTS, strict=True)) % 11
    return {0: 5, 1: 0}.get(rest, 11 - rest)
