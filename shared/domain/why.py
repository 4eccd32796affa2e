"""The answer to "why?", carried by every command and every ticket."""

from pydantic import Field

from shared.domain.record import Record


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
