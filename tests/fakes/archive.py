"""The archive in memory."""

from collections.abc import Iterable


class FakeArchive:
    """Behaves as S3Archive does. `puts` names every object that was stored, repetitions too."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.puts: list[str] = []

    def put(self, name: str, data: bytes) -> None:
        """Store an object."""
        self.puts.append(name)
        self.objects[name] = data

    def names(self, prefix: str) -> Iterable[str]:
        """Give the names with this beginning, in order."""
        return sorted(name for name in self.objects if name.startswith(prefix))

    def get(self, name: str) -> bytes:
        """Give an object."""
        return self.objects[name]
