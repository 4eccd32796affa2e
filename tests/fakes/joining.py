"""What onboarding writes besides the table's lists, in memory."""

from shared.domain.credentials import Secret
from shared.domain.joining import Answer
from tests.fakes.table import FakeTable


class FakeMerchantSecrets:
    """Behaves as MerchantSecrets does; `table` counts its writes, so that a test can crash after each."""

    def __init__(self, table: FakeTable) -> None:
        self.table = table
        self.theirs: dict[str, str] = {}
        self.ours: dict[str, Secret] = {}
        self.changes: set[tuple[str, str]] = set()

    def offered(self, arn: str) -> str | None:
        """Give what a merchant's own secret says."""
        return self.theirs.get(arn)

    def kept(self, merchant: str) -> Secret | None:
        """Give what was taken."""
        return self.ours.get(merchant)

    def keep(self, merchant: str, secret: Secret, change: str) -> None:
        """Replace what was taken, once per change."""
        if (merchant, change) not in self.changes:
            self.changes.add((merchant, change))
            self.ours[merchant] = secret
        self.table.counted("secret")

    def drop(self, merchant: str) -> None:
        """Take it away."""
        self.ours.pop(merchant, None)
        self.table.counted("secret")


class FakeAnswers:
    """Behaves as DynamoAnswers does."""

    def __init__(self, table: FakeTable) -> None:
        self.table = table
        self.answers: dict[str, Answer] = {}

    def answer(self, request_id: str) -> Answer | None:
        """Give what was answered."""
        return self.answers.get(request_id)

    def keep(self, request_id: str, answer: Answer) -> None:
        """Store what is answered."""
        self.answers[request_id] = answer
        self.table.counted("answer")
