"""The people behind orders and parcels, invented and always the same for the same number.

A shop sends more of its buyers than anybody asked for, and couriers write names and phones into their scans. Huhang
has to keep none of it; a test looks for all of them in everything that huhang leaves behind.
"""

import zlib
from typing import NamedTuple


class Person(NamedTuple):
    """Somebody with a phone and an address."""

    name: str
    phone: str
    address: str


def buyer_of(order_id: str) -> Person:
    """Give the buyer of an order."""
    return _person("买家", "139", f"buyer {order_id}")


def rider_of(waybill: str) -> Person:
    """Give who brings a parcel to the door."""
    return _person("骑手", "137", f"rider {waybill}")


def _person(kind: str, prefix: str, seed: str) -> Person:
    number = zlib.crc32(seed.encode()) % 10**8
    return Person(f"示例{kind}{number:08d}", f"{prefix}{number:08d}", f"示例路{number % 9973}号{number % 89}单元")
