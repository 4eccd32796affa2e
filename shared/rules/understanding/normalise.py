"""Bring a chat message into the one spelling that the lexicon is written in, and count how loud it was.

Width, case, spaces, traditional characters, slips of the input method, pinyin, abbreviations, emoji and drawn-out
letters all go; what is left begins with ^, ends with $ and has one comma for any punctuation.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from shared.rules.understanding.spellings import FACES, KAOMOJI, LATIN, SLIPS, SMILES
from shared.rules.understanding.traditional import SIMPLIFIED, TRADITIONAL

LENGTH_MAX = 2000
LATIN_WORDS_MAX = 4  # that are one word together: ni hao, zen me tui huo is four
PICTURE, NUMBER = "〔图〕", "9"

_LINK = re.compile(r"(?:https?://|www\.)[!-~]+|(?<![a-z])[a-z]{1,20}id_\d+|#e-[a-z]\d{0,4}|/:[!-~]{2,4}")
_BRACKET = re.compile(r"#?(?:e-[a-z])?[\[【〔<]{1,2}([^\[\]【】〔〕<>]{1,12})[\]】〕>]{1,2}")
_HAN = "\u4e00-\u9fff〔〕"
_SPACES = re.compile(r"\s+")
_SPACE = re.compile(rf" (?=[{_HAN}])|(?<=[{_HAN}]) ")
_LETTERS = re.compile(r"(?<![a-z0-9])[a-z](?: [a-z]){1,4}(?![a-z0-9])")
_WORDS = re.compile(r"(?<![a-z0-9])[a-z]+(?: [a-z]+)*(?![a-z0-9])")
_STRETCH = re.compile(r"([^\W\d_])\1{2,}")
_ME = re.compile(r"(?<![什怎这那多要])么(?=[^\w]|$)")
_MARKS = re.compile(r"(?:[^\w〔〕#%+.]|(?<!\d)\.|\.(?!\d)|_)+")
_LAUGHS = frozenset("哈嘿呵嘻呀w")


class Plain(NamedTuple):
    """A message in plain spelling, between ^ and $, and how loud it was."""

    text: str
    asks: int
    shouts: int
    stretches: int


def normalise(raw: str) -> Plain:
    """Bring a message into plain spelling; what is beyond 2,000 characters is not read."""
    text = unicodedata.normalize("NFKC", raw[:LENGTH_MAX])[:LENGTH_MAX].lower().translate(_characters())
    text = _BRACKET.sub(_face, _LINK.sub(PICTURE, text))
    text = _replaced(text, _kaomoji())
    asks, shouts = text.count("?"), text.count("!")
    text = _SPACE.sub("", _SPACES.sub(" ", text))
    drawn_out = [found[1] for found in _STRETCH.finditer(text)]
    text = _STRETCH.sub(r"\1\1", text)
    text = _LETTERS.sub(lambda found: found[0].replace(" ", ""), text)
    text = _SPACE.sub("", _WORDS.sub(_in_chinese, text))
    text = _ME.sub("吗", _replaced(text, _slips()))
    text = _MARKS.sub(",", text).strip(",")
    return Plain(f"^{text}$", asks, shouts, sum(letter not in _LAUGHS for letter in drawn_out))


def _face(found: re.Match[str]) -> str:
    inside = found[1]
    mood = _faces().get(inside)
    if mood:
        return mood
    if any(word in inside for word in ("数字", "金额", "时间", "日期")):
        return NUMBER
    if any(word in inside for word in ("编号", "单号", "电话", "地址", "姓名", "站点", "号码")):
        return ""
    return f",{inside},"


def _in_chinese(found: re.Match[str]) -> str:
    words, known = found[0].split(" "), _latin()
    read: list[str] = []
    while words:
        for size in range(min(LATIN_WORDS_MAX, len(words)), 0, -1):
            meant = known.get("".join(words[:size]))
            if meant or size == 1:
                read.append(meant or words[0])
                del words[:size]
                break
    return " ".join(read)


def _replaced(text: str, variants: Mapping[str, list[tuple[str, str]]]) -> str:
    read: list[str] = []
    at = 0
    while at < len(text):
        for variant, right in variants.get(text[at], ()):
            if text.startswith(variant, at):
                read.append(right)
                at += len(variant)
                break
        else:
            read.append(text[at])
            at += 1
    return "".join(read)


def _by_first_letter(pairs: Iterator[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for variant, right in sorted(pairs, key=lambda pair: -len(pair[0])):
        found.setdefault(variant[0], []).append((variant, right))
    return found


def _pairs(table: str) -> Iterator[tuple[str, str]]:
    for line in table.split("\n"):
        right, *variants = line.split() or [""]
        for variant in variants:
            yield variant, right


@cache
def _characters() -> dict[int, str]:
    moods = {smile: f"〔{mood}〕" for mood, smiles in SMILES.items() for smile in smiles}
    return str.maketrans({**dict(zip(TRADITIONAL, SIMPLIFIED, strict=True)), **moods, "\ufe0f": "", "\u200d": ""})


@cache
def _faces() -> dict[str, str]:
    return {face: f"〔{mood}〕" for mood, faces in FACES.items() for face in faces.split()} | {
        mood: f"〔{mood}〕" for mood in FACES
    }


@cache
def _kaomoji() -> dict[str, list[tuple[str, str]]]:
    return _by_first_letter((face, f"〔{mood}〕") for mood, faces in KAOMOJI.items() for face in faces.split())


@cache
def _latin() -> dict[str, str]:
    return dict(_pairs(LATIN))


@cache
def _slips() -> dict[str, list[tuple[str, str]]]:
    return _by_first_letter(_pairs(SLIPS))
