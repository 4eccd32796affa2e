"""Find the phrases of a lexicon in a text. Linear in the text: no regular expressions, every gap is bounded.

A table has one weight and its phrases a line. In a phrase
    (a/b/)  is a or b or nothing,
    {name}  any word of the class `name`,
    ~       a gap of up to GAP_MAX characters within a clause, ~~ one of up to LEAP_MAX across clauses,
    #       a number in digits or Chinese numerals,
    [xy]    here comes neither x nor y,
    ^ and $ the beginning and the end of the message, a comma any punctuation.

The longest phrase owns its characters: a hit within the characters of a longer one is dropped, whatever it says. So
不用退款 keeps 退款 from counting, and 垃圾桶 is no insult.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

GAP_MAX = 6
LEAP_MAX = 14
NUMBER_MAX = 6
NUMERALS = frozenset("0123456789一二三四五六七八九十两几半百千万多.")

_PIECE = re.compile(r"\(([^()]*)\)|\{(\w+)\}|\[([^\[\]]+)\]|(~~)|(~)|(#)|([^(){}\[\]~#]+)")
_WRITTEN = re.compile(r"[(){}\[\]~#]")
_SPECIAL = re.compile(r"[\[{~#(]")
_HEADS_MAX = 3000  # of one phrase; a phrase that may begin in more ways is written wrongly


class Gap(NamedTuple):
    """Characters that do not matter."""

    size_max: int
    leaps: bool
    """Across punctuation."""


class Bar(NamedTuple):
    """What must not come here."""

    letters: str


class Number(NamedTuple):
    """Digits or Chinese numerals."""


class Words(NamedTuple):
    """Alternatives by their first letter, the longest first; an empty one stands under the empty letter."""

    by_letter: Mapping[str, tuple[str, ...]]


Piece = Gap | Bar | Number | Words


class Phrase(NamedTuple):
    """A phrase and what it stands for."""

    pieces: tuple[Piece, ...]
    sign: str
    weight: float
    needs: frozenset[str]
    """Letters of which one must be in the text; none if nothing is certain."""


class Hit(NamedTuple):
    """A phrase found: where, which characters are its own (bits from `start` on), and what they read."""

    sign: str
    weight: float
    start: int
    own: int
    text: str


class Matcher:
    """The phrases of some tables, indexed by how they begin."""

    def __init__(self, tables: Mapping[str, str], classes: Mapping[str, str]) -> None:
        """Read the tables: sign → lines of weight and phrases."""
        self._words = {name: _words(words.split()) for name, words in classes.items()}
        self._by_head: dict[str, list[Phrase]] = {}
        for sign, table in tables.items():
            for phrase in self._read(sign, table):
                for head in _heads(phrase.pieces):
                    self._by_head.setdefault(head, []).append(phrase)

    def _read(self, sign: str, table: str) -> Iterator[Phrase]:
        for line in table.splitlines():
            weight, *phrases = line.split() or [""]
            for phrase in (plain for written in phrases for plain in _without_nesting(written)):
                pieces = tuple(self._pieces(phrase)) if _WRITTEN.search(phrase) else (_words([phrase]),)
                yield Phrase(pieces, sign, float(weight), _needs(pieces))

    def _pieces(self, phrase: str) -> Iterator[Piece]:
        if _PIECE.sub("", phrase):
            raise ValueError(f"not a phrase: {phrase}")
        for choice, name, barred, leap, gap, number, plain in _PIECE.findall(phrase):
            if name:
                yield self._words[name]
            elif barred:
                yield Bar(barred)
            elif leap or gap:
                yield Gap(LEAP_MAX, leaps=True) if leap else Gap(GAP_MAX, leaps=False)
            elif number:
                yield Number()
            else:
                yield _words([plain] if plain else choice.split("/"))

    def hits(self, text: str) -> list[Hit]:
        """Give the phrases in a text that no longer phrase swallows, in the order of the text."""
        found: dict[tuple[str, int, int], Hit] = {}
        letters = set(text)
        for at in range(len(text)):
            for head in (text[at : at + 2], text[at]):
                for phrase in self._by_head.get(head, ()):
                    if phrase.needs and phrase.needs.isdisjoint(letters):
                        continue
                    own = _match(phrase.pieces, 0, text, at)
                    if own:
                        key = (phrase.sign, at, own)
                        if key not in found or found[key].weight < phrase.weight:
                            read = text[at : at + own.bit_length()].strip("^$,")
                            found[key] = Hit(phrase.sign, phrase.weight, at, own, read)
        return _unswallowed(found.values())


def _unswallowed(hits: Collection[Hit]) -> list[Hit]:
    """Keep the hits whose characters are not all owned by one longer hit."""
    owners: dict[int, list[Hit]] = {}
    for hit in hits:
        for offset in range(hit.own.bit_length()):
            if hit.own >> offset & 1:
                owners.setdefault(hit.start + offset, []).append(hit)
    return [hit for hit in hits if not any(_swallows(other, hit) for other in owners[hit.start])]


def _swallows(longer: Hit, hit: Hit) -> bool:
    offset = hit.start - longer.start  # not negative: the longer one owns the other's first character
    return longer.own != hit.own << offset and longer.own >> offset & hit.own == hit.own


def _without_nesting(phrase: str) -> Iterator[str]:
    """Write a phrase out whose alternatives are more than plain words."""
    if "(" not in phrase:
        yield phrase
        return
    depth, start, cuts = 0, 0, list[int]()
    for at, letter in enumerate(phrase):
        if letter == "(":
            depth += 1
            start, cuts = (at, [at]) if depth == 1 else (start, cuts)
        elif letter == "/" and depth == 1:
            cuts.append(at)
        elif letter == ")":
            depth -= 1
            if depth == 0 and _SPECIAL.search(phrase, start + 1, at):
                for begin, end in pairwise([*cuts, at]):
                    yield from _without_nesting(phrase[:start] + phrase[begin + 1 : end] + phrase[at + 1 :])
                return
    yield phrase


def _words(words: Iterable[str]) -> Words:
    by_letter: dict[str, tuple[str, ...]] = {}
    for word in sorted(words, key=len, reverse=True):
        by_letter[word[:1]] = (*by_letter.get(word[:1], ()), word)
    return Words(by_letter)


def _needs(pieces: tuple[Piece, ...]) -> frozenset[str]:
    """Give the first letters of the last words, which a text most rarely has."""
    for piece in reversed(pieces[1:]):
        if isinstance(piece, Words) and "" not in piece.by_letter:
            return frozenset(piece.by_letter)
    return frozenset()


def _heads(pieces: tuple[Piece, ...]) -> set[str]:
    """Give what the phrase can begin with: two characters, or one where anything but words follows."""
    heads, begun = set[str](), {""}
    for piece in pieces:
        if not isinstance(piece, Words):
            begun = set(NUMERALS) if isinstance(piece, Number) and begun == {""} else begun
            break
        words = [word for words in piece.by_letter.values() for word in words]
        grown = {(head + word)[:2] for head in begun for word in words}
        heads |= {head for head in grown if len(head) == 2}
        begun = {head for head in grown if len(head) < 2}
        if not begun:
            break
    if "" in begun or len(heads) > _HEADS_MAX:
        raise ValueError(f"a phrase that begins with nothing, or in too many ways: {pieces}")
    return heads | begun


def _match(pieces: tuple[Piece, ...], index: int, text: str, at: int) -> int | None:
    """Match the pieces from `index` on; give the characters they own as bits from `at` on."""
    if index == len(pieces):
        return 0
    piece = pieces[index]
    if isinstance(piece, Words):
        for letter in (text[at : at + 1], ""):
            for word in piece.by_letter.get(letter, ()):
                if text.startswith(word, at):
                    rest = _match(pieces, index + 1, text, at + len(word))
                    if rest is not None:
                        return (1 << len(word)) - 1 | rest << len(word)
        return None
    if isinstance(piece, Gap):
        return _after_gap(piece, pieces, index, text, at)
    if isinstance(piece, Bar):
        return None if at < len(text) and text[at] in piece.letters else _match(pieces, index + 1, text, at)
    return _after_number(pieces, index, text, at)


def _after_gap(gap: Gap, pieces: tuple[Piece, ...], index: int, text: str, at: int) -> int | None:
    for skipped in range(gap.size_max + 1):
        rest = _match(pieces, index + 1, text, at + skipped)
        if rest is not None:
            return rest << skipped
        if at + skipped >= len(text) or (text[at + skipped] == "," and not gap.leaps):
            return None
    return None


def _after_number(pieces: tuple[Piece, ...], index: int, text: str, at: int) -> int | None:
    length = 0
    while length < NUMBER_MAX and at + length < len(text) and text[at + length] in NUMERALS:
        length += 1
    rest = _match(pieces, index + 1, text, at + length) if length else None
    return None if rest is None else (1 << length) - 1 | rest << length
