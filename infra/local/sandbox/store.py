"""Tables in memory, written through to one SQLite file, so that the world survives a restart."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

from infra.local.sandbox.records import Record

R = TypeVar("R", bound=Record)


class Table(Generic[R]):
    """Rows of one kind by key, oldest first; beyond `rows_max` the oldest are forgotten."""

    def __init__(self, kind: str, model: type[R], rows_max: int | None = None) -> None:
        self.kind = kind
        self.model = model
        self.rows_max = rows_max
        self.changed: dict[str, None] = {}  # in order, so that rows are stored in the order of their birth
        self._rows: dict[str, R] = {}

    def get(self, key: str) -> R | None:
        return self._rows.get(key)

    def put(self, row: R) -> R:
        """Store a new or changed row. A row that was only changed in memory is lost on restart."""
        self._rows[row.key] = row
        self.changed[row.key] = None
        while self.rows_max is not None and len(self._rows) > self.rows_max:
            self.drop(next(iter(self._rows)))
        return row

    def drop(self, key: str) -> None:
        if self._rows.pop(key, None) is not None:
            self.changed[key] = None

    def clear(self) -> None:
        for key in list(self._rows):
            self.drop(key)

    def load(self, row: R) -> None:
        """Take a row from the file without marking it changed."""
        self._rows[row.key] = row

    def __iter__(self) -> Iterator[R]:
        return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)


class Store:
    """The SQLite file behind the tables; `:memory:` for tests."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS rows "
            "(place INTEGER PRIMARY KEY, kind TEXT, key TEXT, body TEXT, UNIQUE(kind, key))"
        )

    def load(self, table: Table[R]) -> None:
        """Fill a table with what the file knows, in the order in which the rows were first stored."""
        rows = self._db.execute("SELECT body FROM rows WHERE kind = ? ORDER BY place", (table.kind,))
        for (body,) in rows:
            table.load(table.model.model_validate_json(body))

    def save(self, table: Table[R]) -> None:
        """Write the rows that changed since the last time; `commit` makes them durable."""
        for key in table.changed:
            row = table.get(key)
            if row is None:
                self._db.execute("DELETE FROM rows WHERE kind = ? AND key = ?", (table.kind, key))
                continue
            self._db.execute(
                "INSERT INTO rows (kind, key, body) VALUES (?, ?, ?) "
                "ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
                (table.kind, key, row.model_dump_json()),
            )
        table.changed.clear()

    def commit(self) -> None:
        self._db.commit()

    def close(self) -> None:
        self._db.close()
