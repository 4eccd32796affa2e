"""The wall between merchants: every key begins with one, and nothing of another's is read, written or said for one.

The stores ask here before they touch a case, so that no caller has to. Standard library only: the door asks as well.
"""

import re
from collections.abc import Iterable

from shared.errors import WrongMerchant

_MERCHANT = re.compile(r"[a-z0-9][a-z0-9\-]{0,39}")


def is_merchant(name: str) -> bool:
    """Whether a text can be a merchant's id; one that can holds nothing that separates the parts of a key."""
    return _MERCHANT.fullmatch(name) is not None


def keep_to(merchant: str, touched: Iterable[str]) -> None:
    """Let a merchant's work touch only what is this merchant's; `touched` are the merchants of what it would touch.

    Raises:
        WrongMerchant: something is another's, or the merchant is none. Nothing has been touched.
    """
    if not is_merchant(merchant) or any(other != merchant for other in touched):
        raise WrongMerchant
