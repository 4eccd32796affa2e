"""Understand one chat message of a buyer: what it wants, in which tone, and why we think so.

What is said itself comes first: an intent's strongest phrase counts whole, further ones a little. A short message that
says little leans on what the session is about: 多久能到 after a refund asks for the money. What has neither is OTHER.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from shared.domain.chat import EVIDENCE_MAX, Intent, Tone, Understanding
from shared.rules.understanding.lexicon import VERSION, intents
from shared.rules.understanding.matching import Hit
from shared.rules.understanding.normalise import normalise
from shared.rules.understanding.spellings import HAILS, TAILS
from shared.rules.understanding.tones import mood

SHARES = (1.0, 0.2, 0.1)
"""What the strongest, second and third phrase of an intent add."""
HINT_MAX = 6.5
"""Phrases up to this weight are hints and yield to the session's subject."""
SUBJECT_SCORE = 6.6
"""How strongly a want that was named before is still heard."""
TOPIC_SCORE = 3.0
"""The same of the parcel, the goods and their faults, about which one asks many things."""
SUBJECT_FADES = 0.85
"""Per message since it was named."""
ELLIPTIC_MAX = 14
"""Characters of a message that can lean on the session."""
LOOK_BACK_MAX = 8
UNSAID = 2.0
"""How strongly a message without any phrase is OTHER."""
MERE_BLAME = 4.5
"""How strongly a message that blames is OTHER, whatever hints it has."""
DOUBT = 1.5
IMPATIENT_SURE = 0.6

CORE_MIN = 3
PARTICLES = ",呢呀啊哈哦吗嘛么哟"
_HAILS, _TAILS = tuple(HAILS.split()), tuple(TAILS.split())
_NUMBERS = re.compile(r"\^(?:订单|单号|编号|号|是|我|这个|的|[a-z0-9]|,|〔图〕)+\$")
_DIGITS = re.compile(r"[0-9]{6}")
_TALK = (Intent.OTHER, Intent.GREETING)
_TOPICS = (Intent.LOGISTICS, Intent.QUALITY, Intent.PRODUCT_QUESTION)


def understand(text: str, earlier: Sequence[Understanding] = ()) -> Understanding:
    """Understand a message, given how the buyer's earlier ones of this session were understood."""
    plain = normalise(text)
    core = _core(plain.text)
    only_number = _is_number(core)
    hits = [] if only_number else intents().hits(core)
    scores = {intent: _score(hits, intent) for intent in Intent}
    subject, heard = _subject(earlier)
    said = max(scores.values())
    if subject and said <= HINT_MAX and (only_number or len(core) <= ELLIPTIC_MAX):
        scores[subject] += heard
    tone = mood(plain, negative_lines(earlier))
    scores[Intent.OTHER] = max(scores[Intent.OTHER], MERE_BLAME if tone.tone.is_complaint else UNSAID)
    first, second = sorted(scores, key=lambda intent: -scores[intent])[:2]
    why = tuple(dict.fromkeys((*_texts(hits, first), *tone.evidence)))
    return Understanding(
        intent=first,
        confidence=_confidence(scores[first], scores[second], said),
        tone=tone.tone,
        tone_confidence=tone.confidence,
        evidence=why[:EVIDENCE_MAX],
        version=VERSION,
    )


def negative_lines(earlier: Iterable[Understanding]) -> int:
    """Count the lines that blame somebody, or clearly press."""
    return sum(
        line.tone.is_complaint or (line.tone is Tone.IMPATIENT and line.tone_confidence >= IMPATIENT_SURE)
        for line in earlier
    )


def _core(text: str) -> str:
    """Take the salutation and the particles off, unless there is nothing else."""
    words = text[1:-1]
    while hail := next(
        (hail for hail in _HAILS if words.startswith(hail) and words[len(hail) :].strip(PARTICLES)), None
    ):
        words = words[len(hail) :]
    while tail := next((tail for tail in _TAILS if words.endswith(tail) and len(words) - len(tail) >= CORE_MIN), None):
        words = words[: -len(tail)]
    return f"^{words}$"


def _is_number(core: str) -> bool:
    """Whether a message gives a number and nothing else: of an order, a parcel, a telephone."""
    return bool(_NUMBERS.fullmatch(core) and _DIGITS.search(core))


def _score(hits: Iterable[Hit], intent: Intent) -> float:
    by_text = {hit.text: hit.weight for hit in sorted(hits, key=lambda hit: hit.weight) if hit.sign == intent}
    return sum(share * weight for share, weight in zip(SHARES, sorted(by_text.values(), reverse=True), strict=False))


def _subject(earlier: Sequence[Understanding]) -> tuple[Intent | None, float]:
    """What the session is about, and how strongly that is still heard."""
    for ago, line in enumerate(islice(reversed(earlier), LOOK_BACK_MAX)):
        if line.intent not in _TALK:
            return line.intent, (TOPIC_SCORE if line.intent in _TOPICS else SUBJECT_SCORE) * SUBJECT_FADES**ago
    return None, 0.0


def _confidence(first: float, second: float, said: float) -> float:
    sure = first / (first + 0.8 * second + DOUBT)
    return round(sure if said > UNSAID else sure * 0.8, 2)


def _texts(hits: Iterable[Hit], intent: Intent) -> list[str]:
    ranked = sorted((hit for hit in hits if hit.sign == intent), key=lambda hit: (-hit.weight, hit.start))
    return list(dict.fromkeys(hit.text for hit in ranked if hit.text))[:3]
