"""Which module speaks a vendor's language? A name in a URL or command finds its file; no list to keep.

Nothing is imported but what was asked for: a function starts with the vendors that it meets.
"""

import re
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Literal

from shared.errors import UnknownSource

VendorKind = Literal["platforms", "couriers", "erps", "channels"]

_PUSHING: tuple[VendorKind, ...] = ("platforms", "couriers", "erps", "channels")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def find_vendor(kind: VendorKind, name: str) -> ModuleType:
    """Import a vendor's module.

    Raises:
        UnknownSource: there is none of this name.
    """
    if not _NAME.fullmatch(name):
        raise UnknownSource("unknown_vendor")
    path = f"shared.{kind}.{name}"
    try:
        return import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise  # a vendor that imports what is not there: a bug
        raise UnknownSource("unknown_vendor", f"{kind}/{name}") from None


def find_source(name: str) -> ModuleType:
    """Import the module of a vendor that pushes to us.

    Raises:
        UnknownSource: no vendor of this name pushes.
    """
    for kind in _PUSHING:
        try:
            vendor = find_vendor(kind, name)
        except UnknownSource:
            continue
        if hasattr(vendor, "verify_push"):
            return vendor
    raise UnknownSource("unknown_source")


def vendor_names() -> dict[str, tuple[str, ...]]:
    """Give the names of all vendors by kind, and as `robots` those channels that only speak to staff groups."""
    names: dict[str, tuple[str, ...]] = {}
    for kind in _PUSHING:
        names[kind] = tuple(one.name for one in iter_modules(import_module(f"shared.{kind}").__path__))
    channels = {name: find_vendor("channels", name) for name in names["channels"]}
    names["robots"] = tuple(name for name, module in channels.items() if not hasattr(module, "verify_push"))
    return names
