"""Where is history kept? Objects in one S3 bucket, over our one way to call AWS. `archive_history` calls it.

Amazon S3 API Reference (2006-03-01): PutObject. Each request names the hash of its body, so what was damaged on the way
is refused.
"""

import hashlib
from collections.abc import Mapping
from urllib.parse import quote

from shared.adapters.signed_aws import Service, SignedAws, endpoint_of, region_of


def bucket_url(bucket: str, environment: Mapping[str, str]) -> str:
    """Give a bucket's base URL: by path in the local cloud if the environment names one, else by its own host."""
    endpoint = endpoint_of(Service("s3", region_of(environment)), environment)
    if environment.get("AWS_ENDPOINT_URL"):
        return f"{endpoint}/{bucket}"
    return endpoint.replace("https://", f"https://{bucket}.", 1)


class S3Archive:
    """The objects of one bucket, named by its base URL."""

    def __init__(self, aws: SignedAws, url: str) -> None:
        self._aws = aws
        self._url = url

    def put(self, name: str, data: bytes) -> None:
        """Store an object; it is durable when this returns.

        Raises:
            Retryable: it may not have been stored; storing it again is harmless.
        """
        headers = {"content-type": "application/gzip", "x-amz-content-sha256": hashlib.sha256(data).hexdigest()}
        self._aws.request("s3", f"{self._url}/{quote(name)}", headers, data, "PUT")
