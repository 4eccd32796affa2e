"""The archive on moto's S3: objects are kept as they were stored, under any name."""

from typing import Any

import pytest
from botocore.session import Session

from shared.adapters.s3_archive import S3Archive


def kept() -> dict[str, bytes]:
    """What the bucket holds."""
    client: Any = Session().create_client("s3", region_name="us-east-1")
    names = [entry["Key"] for entry in client.list_objects_v2(Bucket="huhang-history").get("Contents", [])]
    return {name: client.get_object(Bucket="huhang-history", Key=name)["Body"].read() for name in names}


@pytest.mark.parametrize("name", ["history/a/1", "a b", "a+b=c&d?e#f%20", "包裹/~-_.!*'()"])
@pytest.mark.parametrize("data", [b"", bytes(range(256)) * 4000])
def test_an_object_is_kept_as_it_was_stored_under_any_name(s3: S3Archive, name: str, data: bytes) -> None:
    s3.put(name, data)
    assert kept() == {name: data}


def test_storing_twice_leaves_one_object(s3: S3Archive) -> None:
    s3.put("x", b"1")
    s3.put("x", b"1")
    assert kept() == {"x": b"1"}
