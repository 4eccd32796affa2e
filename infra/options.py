"""What may differ from one deployment to another, read from the CDK context (`-c key=value` or cdk.json)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from infra.bundle.targets import Target, lambda_target, local_target, machine_architecture

Egress = Literal["direct", "nat"]


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
    operators_email: str | None = None  # who reads the alarms; None: subscribe to the topic by hand

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
    return Options(
        stack_name=str(context("stack_name") or "huhang"),
        local=local,
        region=region,
        account=account,
        architecture=_choice(context, "architecture", default, ("arm64", "x86_64")),
        webhook_concurrency=int(reserved) if reserved else 8 if local else None,
        vendor_egress="nat" if _choice(context, "vendor_egress", "direct", ("direct", "nat")) == "nat" else "direct",
        operators_email=context("operators_email"),
    )


def _choice(context: Callable[[str], Any], key: str, default: str, allowed: tuple[str, ...]) -> str:
    """Read a value that must be one of a few."""
    value = str(context(key) or default)
    if value not in allowed:
        raise OptionRefused(f"{key} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def _flag(context: Callable[[str], Any], key: str) -> bool:
    """Read a yes or no; the command line gives text, cdk.json a boolean."""
    return _choice(context, key, "false", ("true", "false", "True", "False")).lower() == "true"
