"""History is private, expires, outlives its stack, and is only ever added to."""

import json
from typing import Any

import pytest
from aws_cdk import App, Stack

from infra.constructs.history_bucket import HistoryBucket
from infra.options import Options
from tests.infra.deployments import Deployment, listed, logical_id
from tests.unit.workflows.test_archive_history import change, kept


def bucket_of(deployed: Deployment) -> tuple[str, dict[str, Any]]:
    """The one bucket, as a resource."""
    [found] = [(key, r) for key, r in deployed.template["Resources"].items() if r["Type"] == "AWS::S3::Bucket"]
    return found


def test_the_bucket_is_private_and_encrypted(deployed: Deployment) -> None:
    properties = bucket_of(deployed)[1]["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    [rule] = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_the_bucket_refuses_plain_connections(deployed: Deployment) -> None:
    [policy] = deployed.all("AWS::S3::BucketPolicy").values()
    [statement] = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert policy["Bucket"] == {"Ref": bucket_of(deployed)[0]}


def test_objects_become_cheaper_and_then_expire_for_good(deployed: Deployment) -> None:
    properties = bucket_of(deployed)[1]["Properties"]
    [rule] = properties["LifecycleConfiguration"]["Rules"]
    assert rule == {
        "Id": "Expire",
        "Status": "Enabled",
        "ExpirationInDays": 1100,
        "Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 60}],
    }
    assert "VersioningConfiguration" not in properties


def test_one_function_may_add_objects_and_nobody_anything_else(deployed: Deployment) -> None:
    key = bucket_of(deployed)[0]
    for name, function in deployed.functions().items():
        about = [s for s in deployed.statements(function["Role"]) if key in json.dumps(s)]
        if name != "archive_history":
            assert about == [], name
            continue
        [statement] = about
        assert listed(statement["Action"]) == ["s3:PutObject"]
        assert statement["Resource"] == {"Fn::Join": ["", [{"Fn::GetAtt": [key, "Arn"]}, "/history/*"]]}
        assert logical_id(function["Environment"]["Variables"]["HUHANG_HISTORY_BUCKET"]) == key


def test_what_may_be_written_is_where_the_workflow_writes() -> None:
    [name] = kept(change(0)).objects
    assert name.startswith("history/")


@pytest.mark.parametrize(("local", "policy"), [(False, "Retain"), (True, "Delete")])
def test_the_bucket_outlives_its_stack_but_not_a_local_cloud(local: bool, policy: str) -> None:
    app = App(analytics_reporting=False)
    stack = Stack(app, "try")
    HistoryBucket(stack, "History", Options(local=local))
    resources = app.synth().get_stack_by_name("try").template["Resources"].values()
    [bucket] = [resource for resource in resources if resource["Type"] == "AWS::S3::Bucket"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == (policy, policy)
