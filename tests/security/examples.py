"""How many examples the security tests try: a bounded number every day, more where somebody asks for them."""

import os

MORE = "HUHANG_EXAMPLES"


def examples(every_day: int) -> int:
    """Give the number of examples; `HUHANG_EXAMPLES=20` tries twenty times as many."""
    return every_day * int(os.environ.get(MORE, "1"))
