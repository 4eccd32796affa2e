"""What DynamoDB counts: the size of an item, and the units of a write or a read."""

from collections.abc import Mapping
from typing import Any

WRITE_UNIT = 1024
READ_UNIT = 4096
Item = Mapping[str, Mapping[str, Any]]


def item_size(item: Item) -> int:
    """DynamoDB's sizing rule: names and texts in UTF-8 bytes, a number half a byte per digit and one more."""
    total = 0
    for name, value in item.items():
        ((kind, content),) = value.items()
        total += len(name.encode())
        match kind:
            case "S":
                total += len(content.encode())
            case "N":
                total += (len(content.lstrip("-")) + 1) // 2 + 1
            case "B":
                total += len(content)
            case _:
                total += 1
    return total


def units(size: int, unit: int) -> int:
    """Give the units of so many bytes, at least one."""
    return max(1, -(-size // unit))
