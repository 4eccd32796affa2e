"""What a function is told about its surroundings; the infrastructure writes it, the functions read it.

The webhook function reads it during its cold start: standard library only, and no dataclass, whose module would be a
sixth of that.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from shared.domain.credentials import OFFERED_PREFIX
from shared.domain.lanes import ASIDE, Lane

__all__ = ["ACCOUNTS_PREFIX", "OFFERED_PREFIX", "SettingMissing", "Settings", "queues_of"]


class SettingMissing(KeyError):
    """A function was deployed without a setting that it needs. Fix the stack, not the code."""


ACCOUNTS_PREFIX = "huhang/merchants/"
"""One secret per merchant: this and the merchant's id."""
OPERATORS = "huhang/operators"
"""The robots that tell alarms: one account per channel, as in a merchant's secret."""


class Settings(NamedTuple):
    """Names of the deployed resources. A function is given only those that it uses."""

    table_name: str = ""
    queue_urls: Mapping[Lane, str] = MappingProxyType({})
    history_bucket: str = ""
    clock: str = ""  # name of the function that looks at deadlines, with its alias if triggers call one
    base_url: str = ""  # of the HTTP API, as vendors and desktops reach it
    talking_sources: tuple[str, ...] = ()  # vendors whose silence for an hour of the day is a symptom
    classifier_model: str = ""  # in Amazon Bedrock, asked about lines that the lexicon is not sure of; none where empty

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings from environment variables; absent ones keep their defaults."""
        return cls(
            table_name=environment.get("HUHANG_TABLE", ""),
            queue_urls={lane: environment[lane.variable] for lane in Lane if lane.variable in environment},
            history_bucket=environment.get("HUHANG_HISTORY_BUCKET", ""),
            clock=environment.get("HUHANG_CLOCK", ""),
            base_url=environment.get("HUHANG_BASE_URL", ""),
            talking_sources=tuple(environment.get("HUHANG_TALKING_SOURCES", "").split()),
            classifier_model=environment.get("HUHANG_CLASSIFIER_MODEL", ""),
        )

    def to_environment(self) -> dict[str, str]:
        """Give the environment variables from which `from_environment` reads the same settings."""
        environment = {}
        if self.table_name:
            environment["HUHANG_TABLE"] = self.table_name
        if self.base_url:
            environment["HUHANG_BASE_URL"] = self.base_url
        if self.history_bucket:
            environment["HUHANG_HISTORY_BUCKET"] = self.history_bucket
        if self.clock:
            environment["HUHANG_CLOCK"] = self.clock
        if self.talking_sources:
            environment["HUHANG_TALKING_SOURCES"] = " ".join(self.talking_sources)
        if self.classifier_model:
            environment["HUHANG_CLASSIFIER_MODEL"] = self.classifier_model
        return environment | {lane.variable: url for lane, url in self.queue_urls.items()}

    def queue_url(self, lane: Lane) -> str:
        """Give the URL of a lane's queue.

        Raises:
            SettingMissing: this function was not given that queue.
        """
        if lane not in self.queue_urls:
            raise SettingMissing(lane.variable)
        return self.queue_urls[lane]

    def aside_url(self, lane: Lane) -> str:
        """Give the URL of a lane's second queue, whose name begins as the first one's.

        Raises:
            SettingMissing: this function was not given the lane.
        """
        return self.queue_url(lane) + ASIDE

    def require_table(self) -> str:
        """Give the table's name.

        Raises:
            SettingMissing: this function was not given the table.
        """
        if not self.table_name:
            raise SettingMissing("HUHANG_TABLE")
        return self.table_name

    def require_clock(self) -> str:
        """Give the name of the function that looks at deadlines.

        Raises:
            SettingMissing: this function was not given it.
        """
        if not self.clock:
            raise SettingMissing("HUHANG_CLOCK")
        return self.clock

    def require_history_bucket(self) -> str:
        """Give the name of the bucket in which history is kept.

        Raises:
            SettingMissing: this function was not given the bucket.
        """
        if not self.history_bucket:
            raise SettingMissing("HUHANG_HISTORY_BUCKET")
        return self.history_bucket


def queues_of(lanes: Iterable[Lane], urls: Mapping[Lane, str]) -> dict[Lane, str]:
    """Pick the queues that one function may use."""
    return {lane: urls[lane] for lane in lanes}
