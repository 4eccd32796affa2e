"""What the translators' calls look like: generators that yield requests, receive replies and return the outcome.

Nothing here is imported at run time, so that a vendor module stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Generator

    from shared.domain.messages import AnyEvent
    from shared.domain.wire import HttpReply, HttpRequest

Steps: TypeAlias = "Generator[HttpRequest, HttpReply, AnyEvent]"
"""One command carried out, in one or more requests."""

Finding: TypeAlias = "Generator[HttpRequest, HttpReply, AnyEvent | None]"
"""One command looked for: its outcome, or None when it certainly has not happened."""

Checking: TypeAlias = "Generator[HttpRequest, HttpReply, str]"
"""An account tried without any effect: the shop behind it as `vendor:name`, or nothing where there is no shop."""
