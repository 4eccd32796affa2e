"""Places of items in memory, in pages."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from shared.ports import Place

PAGE = 10


class FakeRemains:
    """Behaves as DynamoRemains does. `between` is called after each page: whatever happens meanwhile."""

    def __init__(self, places: Iterable[Place], between: Callable[[], None] = lambda: None) -> None:
        self.places = list(places)
        self.between = between

    def pages(self) -> Iterator[list[Place]]:
        """Give the places of all items, as they are when their page is read."""
        everything = list(self.places)
        for start in range(0, len(everything), PAGE):
            yield everything[start : start + PAGE]
            self.between()

    def erase(self, places: Sequence[Place]) -> None:
        """Delete these items."""
        gone = set(places)
        self.places = [place for place in self.places if place not in gone]
