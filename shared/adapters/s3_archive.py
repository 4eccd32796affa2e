"""Where is history kept? Objects in one S3 bucket, over our one way to call AWS. The archive's workflows call it.

Amazon S3 API Reference (2006-03-01): PutObject, GetObject, ListObjectsV2. Each request names the hash of its body, so
what was damaged on the way is refused.
"""

import hashlib
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from shared.adapters.signed_aws import Service, SignedAws, endpoint_of, region_of
from shared.errors import TooMuch

PAGE_MAX = 1_000  # names that S3 gives at once
PAGES_MAX = 100
_EMPTY = hashlib.sha256(b"").hexdigest()
_XML = "{http://s3.amazonaws.com/doc/2006-03-01/}"


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
        self._aws.request("s3", self._url_of(name), headers, data, "PUT")

    def get(self, name: str) -> bytes:
        """Give an object's bytes.

        Raises:
            AwsRefused: there is none of this name (`NoSuchKey`), or reading is not allowed.
            Retryable: it could not be read now.
        """
        return self._get(self._url_of(name))

    def names(self, prefix: str) -> Iterator[str]:
        """Give the names with this beginning, page by page, in the order of their UTF-8 bytes.

        Raises:
            TooMuch: there are more than a hundred pages; ask for a longer beginning.
            Retryable: they could not be listed now.
        """
        token = ""
        for _ in range(PAGES_MAX):
            found, token = self._page(prefix, token)
            yield from found
            if not token:
                return
        raise TooMuch("archive_names", f"{prefix!r} begins more than {PAGES_MAX * PAGE_MAX} names")

    def _page(self, prefix: str, token: str) -> tuple[list[str], str]:
        """Give one page of names and what continues it, "" after the last."""
        from xml.etree import ElementTree  # what only writes does not pay for it

        asked = {"continuation-token": token} if token else {}
        asked |= {"list-type": "2", "max-keys": str(PAGE_MAX), "prefix": prefix}
        query = "&".join(f"{name}={quote(asked[name], safe='')}" for name in sorted(asked))
        page = ElementTree.fromstring(self._get(f"{self._url}/?{query}"))  # noqa: S314 - AWS's own answer
        names = [entry.findtext(f"{_XML}Key", "") for entry in page.iter(f"{_XML}Contents")]
        return names, page.findtext(f"{_XML}NextContinuationToken", "")

    def _get(self, url: str) -> bytes:
        return self._aws.request("s3", url, {"x-amz-content-sha256": _EMPTY}, method="GET")

    def _url_of(self, name: str) -> str:
        return f"{self._url}/{quote(name)}"
