"""What may differ from one deployment to another, read from the CDK context (`-c key=value` or cdk.json)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from infra.bundle.targets import Target, lambda_target, local_target, machine_architecture
from infra.vendors import sources

Egress = Literal["direct", "nat"]
EMULATOR_ACCOUNT = "000000000000"
_MODEL = re.compile(r"[a-z0-9]+\.[A-Za-z0-9.:\-]{1,100}")
UPGRADES = ("at_once", "canary", "linear")


class OptionRefused(ValueError):
    """A context value is not one of those that the stack knows. Correct the command line."""


@dataclass(frozen=True, slots=True)
class Options:
    """One deployment. The defaults suit an AWS account outside China."""

    stack_name: str = "huhang"
    local: bool = False  # MiniStack: this machine's interpreter, nothing is retained
    region: str | None = None
    account: str | None = None
    architecture: str = "arm64"  # or x86_64
    webhook_concurrency: int | None = None  # reserved for receive_webhook; None: the account's pool
    vendor_egress: Egress = "direct"  # nat: vendors see two fixed addresses
    merchant_accounts: tuple[str, ...] = ()  # other AWS accounts whose stacks may let merchants join
    operators_email: str | None = None  # who reads the alarms; None: subscribe to the topic by hand
    upgrade: str = "at_once"  # canary, linear: a new version takes over step by step, and back if it fails
    domain_name: str | None = None  # of the HTTP API, with a certificate of the same region
    certificate_arn: str | None = None
    orders_per_day: int = 10_000  # of all merchants together; thresholds of alarms follow from it
    talking_sources: tuple[str, ...] = ()  # vendors whose silence for an hour of the day is an alarm
    classifier_model: str = ""  # a foundation model in Amazon Bedrock, for lines that the lexicon is not sure of
    tracing: bool = False  # X-Ray follows each invocation; not in AWS China
    runbooks: str = "docs/runbooks"  # where the alarms' links lead: a folder or an address
    table_arn: str | None = None  # a restored table that takes the place of the stack's own, with its stream
    table_stream_arn: str | None = None

    @property
    def target(self) -> Target:
        """Give the target that the code must be bundled for."""
        return local_target() if self.local else lambda_target(self.architecture)


def read_options(context: Callable[[str], Any], region: str | None, account: str | None) -> Options:
    """Read the options; `context` looks a key up and gives None for an absent one.

    Raises:
        OptionRefused: a value is not known; the message names the key and what it may be.
    """
    local = _flag(context, "local")
    in_china = (region or "").startswith("cn-")
    default = machine_architecture() if local else "x86_64" if in_china else "arm64"
    reserved = context("webhook_concurrency")
    _together(context, "domain_name", "certificate_arn")
    _together(context, "table_arn", "table_stream_arn")
    return Options(
        stack_name=str(context("stack_name") or "huhang"),
        local=local,
        region=region,
        account=account,
        architecture=_choice(context, "architecture", default, ("arm64", "x86_64")),
        webhook_concurrency=int(reserved) if reserved else 8 if local else None,
        vendor_egress="nat" if _choice(context, "vendor_egress", "direct", ("direct", "nat")) == "nat" else "direct",
        merchant_accounts=_accounts(context, "merchant_accounts"),
        operators_email=context("operators_email"),
        upgrade=_choice(context, "upgrade", "at_once", UPGRADES),
        domain_name=context("domain_name"),
        certificate_arn=context("certificate_arn"),
        orders_per_day=_count(context, "orders_per_day", 10_000),
        talking_sources=_sources(context, "talking_sources"),
        classifier_model=_model(context, "classifier_model", absent="AWS China" if in_china else "MiniStack" * local),
        tracing=_traced(context, "tracing", in_china=in_china),
        runbooks=str(context("runbooks") or "docs/runbooks").rstrip("/"),
        table_arn=context("table_arn"),
        table_stream_arn=context("table_stream_arn"),
    )


def _together(context: Callable[[str], Any], first: str, second: str) -> None:
    """Check that of two options both are given or neither."""
    if bool(context(first)) != bool(context(second)):
        raise OptionRefused(f"{first} and {second} are given together or not at all")


def is_loopback(endpoint: str) -> bool:
    """Tell whether an address is on this machine."""
    return urlsplit(endpoint).hostname in {"localhost", "127.0.0.1", "::1"}


def require_emulator(options: Options, endpoint: str) -> None:
    """Keep what is only for this machine out of real accounts: fewer guards, another interpreter, the sandbox.

    Raises:
        OptionRefused: the account is not the emulator's, or AWS's endpoint is not on this machine.
    """
    if not options.local:
        return
    if options.account != EMULATOR_ACCOUNT or not is_loopback(endpoint):
        raise OptionRefused(
            f"local=true is only for the emulator (account {EMULATOR_ACCOUNT}, AWS_ENDPOINT_URL on this machine), "
            f"not for account {options.account} at {endpoint or 'AWS'}: leave it out"
        )


def _choice(context: Callable[[str], Any], key: str, default: str, allowed: tuple[str, ...]) -> str:
    """Read a value that must be one of a few."""
    value = str(context(key) or default)
    if value not in allowed:
        raise OptionRefused(f"{key} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def _traced(context: Callable[[str], Any], key: str, *, in_china: bool) -> bool:
    """Read whether X-Ray is wanted, where there is one."""
    wanted = _flag(context, key)
    if wanted and in_china:
        raise OptionRefused(f"{key}: X-Ray does not follow functions in AWS China; leave it out")
    return wanted


def _count(context: Callable[[str], Any], key: str, default: int) -> int:
    """Read a number above zero."""
    value = str(context(key) or default)
    if not value.isdecimal() or int(value) < 1:
        raise OptionRefused(f"{key} must be a whole number above zero, not {value!r}")
    return int(value)


def _sources(context: Callable[[str], Any], key: str) -> tuple[str, ...]:
    """Read vendors that push, with commas between them."""
    wanted = tuple(part.strip() for part in str(context(key) or "").split(",") if part.strip())
    if unknown := set(wanted) - set(sources()):
        raise OptionRefused(f"{key}: {', '.join(sorted(unknown))} does not push; who does: {', '.join(sources())}")
    return wanted


def _accounts(context: Callable[[str], Any], key: str) -> tuple[str, ...]:
    """Read AWS account numbers, separated by commas."""
    found = tuple(filter(None, str(context(key) or "").replace(" ", "").split(",")))
    for account in found:
        if not re.fullmatch(r"[0-9]{12}", account):
            raise OptionRefused(f"{key} must be account numbers of 12 digits, separated by commas, not {account!r}")
    return found


def _model(context: Callable[[str], Any], key: str, absent: str) -> str:
    """Read the name of a model, where there are any."""
    model = str(context(key) or "")
    if model and absent:
        raise OptionRefused(f"{key}: {absent} has no Amazon Bedrock; leave it out, and the lexicon reads alone")
    if model and not _MODEL.fullmatch(model):
        raise OptionRefused(f"{key} must be the id of a foundation model such as vendor.model-v1:0, not {model!r}")
    return model


def _flag(context: Callable[[str], Any], key: str) -> bool:
    """Read a yes or no; the command line gives text, cdk.json a boolean."""
    return _choice(context, key, "false", ("true", "false", "True", "False")).lower() == "true"
