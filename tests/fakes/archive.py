"""The archive in memory."""


class FakeArchive:
    """Behaves as S3Archive does. `puts` names every object that was stored, repetitions too."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.puts: list[str] = []

    def put(self, name: str, data: bytes) -> None:
        """Store an object."""
        self.puts.append(name)
        self.objects[name] = data
