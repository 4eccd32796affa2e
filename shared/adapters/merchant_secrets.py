"""What has a merchant offered, and what was taken of it? Onboarding alone writes here.

A merchant's own secret is read once, when its stack asks. What was found good is kept in a secret of ours, from which
every function reads (`secret_accounts.py`).
"""

import hashlib

from shared.adapters.secret_accounts import parse_secret, write_secret
from shared.adapters.signed_aws import SECRETS, AwsRefused, SignedAws
from shared.domain.credentials import Secret

RECOVERY_DAYS = 30  # the longest that Secrets Manager offers
_GONE = ("ResourceNotFoundException", "InvalidRequestException")  # the latter: it is being deleted
_NOT_OURS = ("AccessDeniedException", "DecryptionFailure")


class MerchantSecrets:
    """The secrets of merchants, theirs and ours."""

    def __init__(self, aws: SignedAws, prefix: str) -> None:
        self._aws = aws
        self._prefix = prefix

    def offered(self, arn: str) -> str | None:
        """Give what a merchant's own secret says; None where it cannot be read: absent, or not shared with us.

        Raises:
            Retryable: it could not be read now.
        """
        try:
            return self._aws.secret_string(arn)
        except AwsRefused as error:
            if error.code in _NOT_OURS:
                return None
            raise

    def kept(self, merchant: str) -> Secret | None:
        """Give what was taken of the merchant.

        Raises:
            Retryable: it could not be read now.
        """
        text = self._aws.secret_string(self._prefix + merchant)
        return None if text is None else parse_secret(text)

    def keep(self, merchant: str, secret: Secret, change: str) -> None:
        """Replace what was taken; `change` names this change, and the same one again does nothing.

        Raises:
            Retryable: it could not be written now.
        """
        name, text = self._prefix + merchant, write_secret(secret)
        version = {"SecretString": text, "ClientRequestToken": hashlib.sha256(f"{change} {text}".encode()).hexdigest()}
        try:
            self._aws.call(SECRETS, "PutSecretValue", {"SecretId": name, **version})
        except AwsRefused as error:
            if error.code not in _GONE:
                raise
            if error.code == "ResourceNotFoundException":
                self._aws.call(SECRETS, "CreateSecret", {"Name": name, **version})
            else:
                self._aws.call(SECRETS, "RestoreSecret", {"SecretId": name})
                self._aws.call(SECRETS, "PutSecretValue", {"SecretId": name, **version})

    def drop(self, merchant: str) -> None:
        """Take away what was taken; people can restore it for 30 days.

        Raises:
            Retryable: it could not be done now.
        """
        try:
            wanted = {"SecretId": self._prefix + merchant, "RecoveryWindowInDays": RECOVERY_DAYS}
            self._aws.call(SECRETS, "DeleteSecret", wanted)
        except AwsRefused as error:
            if error.code not in _GONE:
                raise
