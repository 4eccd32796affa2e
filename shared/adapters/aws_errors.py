"""What an AWS error means for the caller: overload and broken lines are retryable, everything else is a bug."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BrokenLine

from shared.errors import Retryable

RETRY_AFTER = timedelta(seconds=1)

_BUSY = frozenset(
    {
        "InternalServerError",
        "InternalFailure",
        "InternalError",
        "InternalServiceError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)


@contextmanager
def aws_errors() -> Iterator[None]:
    """Translate what repeating can cure; every call inside must be harmless to repeat.

    Raises:
        Retryable: AWS is busy, or the line broke.
    """
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        if code in _BUSY:
            raise Retryable(code, RETRY_AFTER) from error
        raise
    except (BrokenLine, HTTPClientError) as error:
        raise Retryable(type(error).__name__, RETRY_AFTER) from error


def error_code(error: ClientError) -> str:
    """The name of an AWS error."""
    return error.response.get("Error", {}).get("Code", "")
