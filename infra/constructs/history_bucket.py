"""Where the states of cases are kept after the table has forgotten them: one bucket, written once, read by people."""

from typing import cast

from aws_cdk import CfnElement, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.suppression import accept_finding
from infra.options import Options

KEPT_FOR = Duration.days(1100)  # three years, in which a claim may still come (docs/data.md)
RARELY_READ_AFTER = Duration.days(60)
OBJECTS = "history/*"


class HistoryBucket(Construct):
    """A private bucket whose objects expire.

    Encrypted with S3's own keys: a key in KMS would add a request with its price to each object, and protect from
    nobody who may read the table. Not versioned: an object's name holds the hash of its lines, so nothing is ever
    overwritten with something else, and what has expired or was deleted for a buyer must be gone.
    """

    def __init__(self, scope: Construct, construct_id: str, options: Options) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            versioned=False,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="Expire",
                    expiration=KEPT_FOR,
                    transitions=[
                        s3.Transition(
                            storage_class=s3.StorageClass.INFREQUENT_ACCESS, transition_after=RARELY_READ_AFTER
                        )
                    ],
                )
            ],
            removal_policy=RemovalPolicy.DESTROY if options.local else RemovalPolicy.RETAIN,
        )
        accept_finding(self.bucket, "AwsSolutions-S1", "One function writes; CloudTrail's data events tell who reads.")

    def allow_writing(self, role: iam.Role) -> None:
        """Let a function add objects, and neither list, read nor delete any."""
        arn = self.bucket.arn_for_objects(OBJECTS)
        role.add_to_policy(iam.PolicyStatement(actions=["s3:PutObject"], resources=[arn]))
        bucket_id = Stack.of(self).get_logical_id(cast(CfnElement, self.bucket.node.default_child))
        found = f"Resource::<{bucket_id}.Arn>/{OBJECTS}"
        accept_finding(role, f"AwsSolutions-IAM5[{found}]", "Every batch is an object of its own.")
