"""The answer to "why?", carried by every command and every ticket, and kept with every change that a person makes."""

from pydantic import Field

from shared.domain.record import Instant, Record


class Why(Record):
    """The rule, the policy it came from, what it saw and where it drew the line."""

    rule: str
    policy_version: int
    facts: dict[str, str | int | None] = Field(default_factory=dict)
    threshold: str = ""

    @property
    def sentence(self) -> str:
        """What a person reads under a ticket."""
        facts = "，".join(f"{name}={value}" for name, value in self.facts.items() if value not in (None, ""))
        seen = f"（{facts}）" if facts else ""
        limit = f"，阈值 {self.threshold}" if self.threshold else ""
        return f"依据：{self.rule}{seen}{limit}，策略第 {self.policy_version} 版"


class Origin(Record):
    """Who changed something, when and why. `by` is who AWS says it was: a person's role, or a stack."""

    by: str
    at: Instant
    why: str = ""

    @property
    def sentence(self) -> str:
        """What a person reads in a history."""
        return f"{self.at:%Y-%m-%d %H:%M} UTC  {self.by}  {self.why}".rstrip()
