"""What a command answers: for programs, and for people."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from infra.merchants.stores import Stores


class Answer(NamedTuple):
    """What `--json` prints, what a person reads, and with what the process ends."""

    document: Any
    lines: Sequence[str]
    status: int = 0


Command = Callable[[argparse.Namespace, Stores], Answer]
