"""A few cases to look at, chosen by what they are called: the same ones whatever the order of the files."""

import hashlib
import heapq
from typing import Generic, TypeVar

_Kept = TypeVar("_Kept")


class Smallest(Generic[_Kept]):
    """Keeps those whose names have the smallest digests: as good as drawn by lot, and the same every time."""

    def __init__(self, kept_max: int) -> None:
        self._kept_max = kept_max
        self._heap: list[tuple[int, str, _Kept]] = []

    def add(self, name: str, one: _Kept) -> None:
        """Consider one more. Names must differ."""
        if not self._kept_max:
            return
        rank = -int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())
        heapq.heappush(self._heap, (rank, name, one))
        if len(self._heap) > self._kept_max:
            heapq.heappop(self._heap)

    def kept(self) -> list[_Kept]:
        """Give those kept, in the order of their names."""
        return [one for _, _, one in sorted(self._heap, key=lambda item: item[1])]
