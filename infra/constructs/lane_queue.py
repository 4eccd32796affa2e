"""A lane: its queue, a second one for what would hold the others up, and their dead-letter queue."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.suppression import accept_finding
from shared.domain.lanes import ASIDE, Lane

KEPT_FOR = Duration.days(14)  # the longest that SQS offers


class DeadLetters(Construct):
    """Where messages of one kind end that nobody could handle. Any message here means a bug or a long outage."""

    def __init__(self, scope: Construct, kind: str, *, stack_name: str) -> None:
        super().__init__(scope, f"{kind}-dead")
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"{stack_name}-{kind}-dead",
            retention_period=KEPT_FOR,
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
        )
        accept_finding(self.queue, "AwsSolutions-SQS3", "This is a dead-letter queue itself.")


class LaneQueue(Construct):
    """The two queues of one lane."""

    def __init__(
        self,
        scope: Construct,
        lane: Lane,
        *,
        stack_name: str,
        visibility: Duration,
        receives_max: int,
        dead: DeadLetters,
    ) -> None:
        super().__init__(scope, lane.value)
        name = f"{stack_name}-{lane}"

        def make_queue(construct_id: str, queue_name: str) -> sqs.Queue:
            return sqs.Queue(
                self,
                construct_id,
                queue_name=queue_name,
                visibility_timeout=visibility,
                retention_period=KEPT_FOR,
                enforce_ssl=True,
                encryption=sqs.QueueEncryption.SQS_MANAGED,
                dead_letter_queue=sqs.DeadLetterQueue(queue=dead.queue, max_receive_count=receives_max),
            )

        self.queue = make_queue("Queue", name)
        self.aside = make_queue("Aside", name + ASIDE)
        self.queues = (self.queue, self.aside)
