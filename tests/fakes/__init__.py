"""The ports in memory: the same behaviour as the adapters (tests/integration proves it), thousands of times faster."""

from tests.fakes.archive import FakeArchive
from tests.fakes.calls import FakeCallTokens
from tests.fakes.due_index import FakeDueIndex
from tests.fakes.joining import FakeAnswers, FakeMerchantSecrets
from tests.fakes.ledger import FakeLedger
from tests.fakes.stores import (
    FakeCaseStore,
    FakeMerchants,
    FakePolicyChanges,
    FakePolicyStore,
    FakeRoutingReports,
    FakeScores,
    FakeWatermarks,
)
from tests.fakes.table import FakeTable, StreamRecord
from tests.fakes.world import FakeAccounts, FakeClock, FakeDeliveries, FakeHttp, FakeQueue

__all__ = [
    "FakeAccounts",
    "FakeAnswers",
    "FakeArchive",
    "FakeCallTokens",
    "FakeCaseStore",
    "FakeClock",
    "FakeDeliveries",
    "FakeDueIndex",
    "FakeHttp",
    "FakeLedger",
    "FakeMerchantSecrets",
    "FakeMerchants",
    "FakePolicyChanges",
    "FakePolicyStore",
    "FakeQueue",
    "FakeRoutingReports",
    "FakeScores",
    "FakeTable",
    "FakeWatermarks",
    "StreamRecord",
]
