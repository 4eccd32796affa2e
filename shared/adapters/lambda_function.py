"""How does one function wake another? It asks Lambda, and does not wait for what the other does.

AWS Lambda API Reference (2015-03-31): Invoke, with the invocation type `Event`.
"""

from collections.abc import Mapping
from urllib.parse import quote

from shared.adapters.signed_aws import Service, SignedAws, endpoint_of, region_of

_EVENT = {"content-type": "application/json", "x-amz-invocation-type": "Event"}


class LambdaFunction:
    """Another function, by its name, with its alias after a colon if it has one."""

    def __init__(self, aws: SignedAws, name: str, environment: Mapping[str, str]) -> None:
        endpoint = endpoint_of(Service("lambda", region_of(environment)), environment)
        self._aws = aws
        self._url = f"{endpoint}/2015-03-31/functions/{quote(name, safe='')}/invocations"

    def wake(self) -> None:
        """Let it run soon; Lambda has taken note of it when this returns.

        Raises:
            AwsRefused: there is no such function, or this one may not wake it.
            Retryable: Lambda could not be reached or was busy; waking twice is harmless.
        """
        self._aws.request("lambda", self._url, _EVENT, b"{}")
