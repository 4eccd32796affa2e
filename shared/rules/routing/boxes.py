"""Conditions as alternatives: sets of facts that can be met, joined and taken from each other without a guess.

A dimension is a field, or a word that a set has or lacks. Its values are bits: the words and the stretches of numbers
that the document's tests tell apart, and one bit for all the words that it never names.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from shared.domain.conditions import FIELDS, RANGES, VALUES, AllOf, AnyOf, Condition, FieldKind, Not, Test

BOXES_MAX = 32
"""How many alternatives a condition may have, or what is left of one."""

STEPS_MAX = 30_000
"""How much is computed about one document."""

_LACKS, _HAS = 0b01, 0b10

Box = dict[int, int]
"""By dimension, the bits of the values that are left; what is not named may have any."""


class TooLong(Exception):
    """There are too many alternatives to say anything."""


class Space:
    """All values that the conditions of one document tell apart."""

    def __init__(self, conditions: Iterable[Condition]) -> None:
        self._dims: dict[tuple[str, str], int] = {}
        self._full: list[int] = []
        self._fields: list[str] = []
        self._words: dict[str, dict[str, int]] = {field: _numbered(words) for field, words in VALUES.items()}
        cuts: dict[str, set[int]] = {}
        for test in (test for condition in conditions for test in _tests(condition)):
            match FIELDS[test.field]:
                case FieldKind.WORD:
                    known = self._words.setdefault(test.field, {"": 0})  # all that nobody names
                    for word in test.words:
                        known.setdefault(word, len(known))
                case FieldKind.NUMBER:
                    least, most = RANGES[test.field]
                    begin, end = _bounds(test)
                    cuts.setdefault(test.field, {least, most + 1}).update((begin, end + 1))
        self._cuts = {field: sorted(found) for field, found in cuts.items()}
        self._steps = STEPS_MAX
        self.clashes: dict[str, None] = {}
        """The fields of which tests excluded each other; whoever asks for boxes clears it."""

    # ---- what a condition leaves ---------------------------------------------------------------------------------

    def boxes(self, condition: Condition, holds: bool = True) -> list[Box]:
        """Give the alternatives in which a condition holds, or does not; together they are exactly it.

        Raises:
            TooLong: there are too many.
        """
        match condition:
            case Test():
                return self._of_test(condition, holds)
            case Not():
                return self.boxes(condition.not_, not holds)
            case AllOf():
                parts, every = condition.all, holds
            case AnyOf():
                parts, every = condition.any, not holds
        found = [self.boxes(part, holds) for part in parts]
        return self._meet(found) if every else self._join(found)

    def left(self, box: Box, others: Iterable[Box]) -> list[Box]:
        """Give what is left of a box when others are taken from it.

        Raises:
            TooLong: it falls into too many pieces.
        """
        pieces = [box]
        for other in others:
            pieces = [rest for piece in pieces for rest in self._without(piece, other)]
            self.spend(1 + len(pieces))
            if not pieces:
                break
            if len(pieces) > BOXES_MAX:
                raise TooLong
        return pieces

    def full(self, dim: int) -> int:
        """Give the bits of all values of a dimension."""
        return self._full[dim]

    def spend(self, steps: int) -> None:
        """Count what was computed.

        Raises:
            TooLong: that was enough.
        """
        self._steps -= steps
        if self._steps < 0:
            raise TooLong

    # ---- inside --------------------------------------------------------------------------------------------------

    def _of_test(self, test: Test, holds: bool) -> list[Box]:
        if FIELDS[test.field] is FieldKind.WORDS:
            dims = [self._dim(test.field, word, _LACKS | _HAS) for word in test.words]
            return [{dim: _HAS} for dim in dims] if holds else [dict.fromkeys(dims, _LACKS)]
        bits, full = self._bits(test)
        left = bits if holds else full & ~bits
        if left == full:
            return [{}]
        return [{self._dim(test.field, "", full): left}] if left else []

    def _bits(self, test: Test) -> tuple[int, int]:
        """Give the bits of the values with which a test holds, and those of all values."""
        match FIELDS[test.field]:
            case FieldKind.FLAG:
                return (0b10 if test.is_ else 0b01), 0b11
            case FieldKind.NUMBER:
                cuts = self._cuts[test.field]
                begin, end = _bounds(test)
                stretch = (1 << bisect_left(cuts, end + 1)) - (1 << bisect_left(cuts, begin))
                return stretch, (1 << (len(cuts) - 1)) - 1
            case _:
                known = self._words[test.field]
                return sum(1 << known[word] for word in set(test.words)), (1 << len(known)) - 1

    def _dim(self, field: str, word: str, full: int) -> int:
        dim = self._dims.setdefault((field, word), len(self._full))
        if dim == len(self._full):
            self._full.append(full)
            self._fields.append(field)
        return dim

    def _meet(self, parts: Sequence[Sequence[Box]]) -> list[Box]:
        """Give the boxes in which all parts hold."""
        found: list[Box] = [{}]
        for boxes in sorted(parts, key=len):
            self.spend(len(found) * len(boxes))
            met = (self._common(one, other) for one in found for other in boxes)
            found = [box for box in met if box is not None]
            if len(found) > BOXES_MAX:
                raise TooLong
        return found

    def _common(self, one: Box, other: Box) -> Box | None:
        both = {**one, **other}
        for dim in one.keys() & other.keys():
            both[dim] = one[dim] & other[dim]
            if not both[dim]:
                self.clashes[self._fields[dim]] = None
                return None
        return both

    def _join(self, parts: Iterable[Sequence[Box]]) -> list[Box]:
        """Give the boxes in which some part holds; those of the same one dimension become one."""
        alone: Box = {}
        others: list[Box] = []
        for box in (box for boxes in parts for box in boxes):
            self.spend(1)
            if len(box) == 1:
                [(dim, bits)] = box.items()
                alone[dim] = alone.get(dim, 0) | bits
            elif box not in others:
                others.append(box)
            if len(others) > BOXES_MAX:
                raise TooLong
        if {} in others or any(bits == self._full[dim] for dim, bits in alone.items()):
            return [{}]
        found = [{dim: bits} for dim, bits in alone.items()] + others
        if len(found) > BOXES_MAX:
            raise TooLong
        return found

    def _without(self, piece: Box, other: Box) -> Iterator[Box]:
        """Give what is left of a box outside of another one, in boxes that do not overlap."""
        if any(not piece.get(dim, bits) & bits for dim, bits in other.items()):
            yield piece
            return
        for dim, bits in other.items():
            whole = piece.get(dim, self._full[dim])
            if rest := whole & ~bits:
                yield {**piece, dim: rest}
            piece = {**piece, dim: whole & bits}


def _tests(condition: Condition) -> Iterator[Test]:
    match condition:
        case Test():
            yield condition
        case Not():
            yield from _tests(condition.not_)
        case AllOf():
            for part in condition.all:
                yield from _tests(part)
        case AnyOf():
            for part in condition.any:
                yield from _tests(part)


def _bounds(test: Test) -> tuple[int, int]:
    """Give the least and the greatest number with which a test holds."""
    least, most = RANGES[test.field]
    return (least if test.from_ is None else test.from_), (most if test.to is None else test.to)


def _numbered(words: Iterable[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words)}
