"""What a merchant's stack wishes, and what it is told: the protocol of CloudFormation's custom resources.

CloudFormation User Guide, "Custom resource request objects" and "response objects". All properties arrive as text.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from shared.domain.credentials import OFFERED_PREFIX
from shared.domain.walls import is_merchant
from shared.errors import Permanent

BYTES_MAX = 4_000  # CloudFormation takes 4,096
_MORE = " …（更多问题请先处理以上各条 / and there is more）"

_SECRET = re.compile(r"(arn:aws(?:-cn)?):secretsmanager:([a-z0-9\-]+:\d{12}):secret:(.+)-[A-Za-z0-9]{6}")
_STACK = re.compile(r"(arn:aws(?:-cn)?):cloudformation:([a-z0-9\-]+:\d{12}):stack/[^/]+/[^/]+")


class Wish(StrEnum):
    """What is to become of the merchant. The value is CloudFormation's word."""

    JOIN = "Create"
    CHANGE = "Update"
    LEAVE = "Delete"


class JoinRefused(Permanent):
    """The merchant cannot join so: everything that is wrong, each in a sentence that it can act on."""

    def __init__(self, *sentences: str) -> None:
        self.sentences = sentences
        super().__init__("join_refused", "; ".join(sentences))


class Application(NamedTuple):
    """A wish as it was read."""

    wish: Wish
    request_id: str
    stack_id: str
    merchant: str
    secret_arn: str
    written_policy: str
    paused: bool

    @property
    def policy_digest(self) -> str:
        """Tell one written policy from another."""
        return hashlib.sha256(self.written_policy.encode()).hexdigest()[:16]


class Answer(NamedTuple):
    """What the stack is told. `data` are the attributes of the resource."""

    accepted: bool
    merchant: str
    reason: str = ""
    data: Mapping[str, str] = {}


def read_application(event: Mapping[str, Any]) -> Application:
    """Read CloudFormation's event.

    Raises:
        JoinRefused: the properties make no sense, or name what is another's.
    """
    told, old = event["ResourceProperties"], event.get("OldResourceProperties") or {}
    application = Application(
        wish=Wish(event["RequestType"]),
        request_id=str(event["RequestId"]),
        stack_id=str(event["StackId"]),
        merchant=str(told.get("Merchant", "")),
        secret_arn=str(told.get("SecretArn", "")),
        written_policy=str(told.get("Policy") or "{}"),
        paused=told.get("Status") == "paused",
    )
    problems = list(_problems(application, told, old)) if application.wish is not Wish.LEAVE else []
    if problems:
        raise JoinRefused(*problems)
    return application


def _problems(application: Application, told: Mapping[str, Any], old: Mapping[str, Any]) -> Sequence[str]:
    merchant = application.merchant
    if not is_merchant(merchant):
        return ["Merchant：商户号由小写字母、数字和连字符组成，最多 40 位 / use up to 40 of a-z, 0-9 and -"]
    problems = []
    if old.get("Merchant", merchant) != merchant:
        problems.append("Merchant：商户号不能修改，请新建堆栈 / it cannot be changed: launch another stack")
    if told.get("Status", "active") not in ("active", "paused"):
        problems.append("Status：只能是 active 或 paused / must be active or paused")
    if not _is_own_secret(application):
        name = OFFERED_PREFIX + merchant
        problems.append(f"SecretArn：必须是本堆栈所在账号中名为 {name} 的密钥 / must be the stack's own secret {name}")
    return problems


def _is_own_secret(application: Application) -> bool:
    """Whether the secret lies in the stack's account and region and has the merchant's name: no other one is read."""
    secret, stack = _SECRET.fullmatch(application.secret_arn), _STACK.fullmatch(application.stack_id)
    if secret is None or stack is None:
        return False
    return secret.groups() == (*stack.groups(), OFFERED_PREFIX + application.merchant)


def account_of(stack_id: str) -> str:
    """Give partition, region and AWS account of a stack; "" of something else."""
    found = _STACK.fullmatch(stack_id)
    return ":".join(found.groups()) if found else ""


def refusal(merchant: str, sentences: Sequence[str]) -> Answer:
    """Say no, with as many sentences as CloudFormation takes."""
    reason = "; ".join(sentences)
    while len(reason.encode()) > BYTES_MAX * 3 // 4:
        reason = reason[: len(reason) * 9 // 10].removesuffix(_MORE) + _MORE
    return Answer(accepted=False, merchant=merchant, reason=reason)


def write_answer(answer: Answer, event: Mapping[str, Any]) -> bytes:
    """Write the response object. The resource is named by the merchant, so that it is never replaced by itself."""
    document = {
        "Status": "SUCCESS" if answer.accepted else "FAILED",
        "Reason": answer.reason,
        "PhysicalResourceId": event.get("PhysicalResourceId") or answer.merchant or "nobody",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": dict(answer.data),
    }
    return json.dumps(document, ensure_ascii=False).encode()


def is_answerable(url: str, *, local: bool) -> bool:
    """Whether an address is one of CloudFormation's own; on a local cloud, of this machine's."""
    if local:
        return re.match(r"http://(localhost|127\.0\.0\.1):\d+/", url) is not None
    return re.match(r"https://[a-z0-9.\-]+\.amazonaws\.com(\.cn)?/", url) is not None
