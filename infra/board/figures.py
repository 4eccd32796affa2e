"""Figures as the terminal shows them."""

from datetime import datetime, timedelta


def share(part: int, whole: int) -> str:
    """Give a share in whole percent; a dash of nothing."""
    return f"{100 * part / whole:.0f}%" if whole else "–"


def yuan(amount_fen: int) -> str:
    """Give an amount in yuan."""
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


def length(seconds: int) -> str:
    """Give a time in minutes or hours."""
    return f"{seconds // 60}分" if seconds < 5400 else f"{seconds / 3600:.1f}时"


def wait(seconds: int | None) -> str:
    """Give a time that somebody waited, from seconds on; a dash where nobody did."""
    if seconds is None:
        return "–"
    return f"{seconds}秒" if seconds < 90 else length(seconds)


def moment(at: str) -> str:
    """Give an instant by the clock of this machine."""
    return f"{datetime.fromisoformat(at).astimezone():%m-%d %H:%M}"


def clock(at: str) -> str:
    """Give an instant by the clock of this machine, and how far that is from UTC: 11-23 23:32 UTC+8."""
    here = datetime.fromisoformat(at).astimezone()
    ahead_h = (here.utcoffset() or timedelta()) / timedelta(hours=1)
    return f"{here:%m-%d %H:%M} UTC" + (f"{ahead_h:+g}" if ahead_h else "")


def hours(left: float) -> str:
    """Give the hours that are left, or since a limit was broken."""
    return f"{round(left, 1) or 0:.1f}h"
