"""Which vendors there are, by the files that speak to them. Nothing is imported: their code is not infrastructure."""

from pathlib import Path

from shared.domain.lanes import Lane

_SHARED = Path(__file__).parent.parent / "shared"
KINDS: dict[str, Lane] = {
    "platforms": Lane.PLATFORM_CALLS,
    "couriers": Lane.COURIER_CALLS,
    "erps": Lane.ERP_CALLS,
    "channels": Lane.NOTIFICATIONS,
}
"""Kinds of vendors, and the lane on which each is called."""


def vendors_of(kind: str) -> list[str]:
    """Give the vendors of a kind."""
    return sorted(path.stem for path in (_SHARED / kind).glob("*.py") if path.stem != "__init__")


def vendors() -> list[str]:
    """Give all vendors."""
    return [name for kind in KINDS for name in vendors_of(kind)]


def polled() -> list[str]:
    """Give the vendors that are asked what is new."""
    files = [path for kind in KINDS for path in sorted((_SHARED / kind).glob("*.py"))]
    return [path.stem for path in files if "\ndef list_events(" in path.read_text("utf-8")]


def sources() -> list[str]:
    """Give the vendors that push."""
    files = [path for kind in KINDS for path in sorted((_SHARED / kind).glob("*.py"))]
    return [path.stem for path in files if "\ndef verify_push(" in path.read_text("utf-8")]
