"""The answer to "why?", carried by every command and every ticket."""

from pydantic import Field

from shared.domain.record import Record


class Why(Record):
    """The rule, the policy it came from, what it saw and where it drew the line."""

    rule: str
    policy_version: int
    facts: dict[str, str | int | None] = Field(default_factory=dict)
    threshold: str = ""
