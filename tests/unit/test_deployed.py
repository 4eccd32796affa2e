"""What operators' commands say where AWS, or the local cloud, cannot be asked."""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

from infra.deployed import Deployed, explained


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (NoRegionError(), "set AWS_REGION, or give --local"),
        (NoCredentialsError(), "set AWS_PROFILE, or give --local"),
        (EndpointConnectionError(endpoint_url="http://localhost:4566/"), "nothing answers at http://localhost:4566/"),
        (ClientError({"Error": {"Code": "Throttled", "Message": "slowly"}}, "GetItem"), "(Throttled)"),
    ],
)
def test_what_aws_cannot_be_asked_for_is_told_with_what_to_do(problem: Exception, told: str) -> None:
    assert told in explained(problem)


def test_the_region_is_the_one_that_the_pages_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """boto3 by itself knows AWS_DEFAULT_REGION only, unlike the command line and the CDK."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_REGION", "cn-northwest-1")
    assert Deployed().client("sqs").meta.region_name == "cn-northwest-1"
