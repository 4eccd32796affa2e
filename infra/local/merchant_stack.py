"""Launches, changes and deletes merchants' stacks in the local cloud, as a merchant does in the console.

The emulator has one account and does not know the resource that shares a secret with another one: that part of the
template is left out here.
"""

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from infra.local import deployment
from infra.local.home import ROOT
from infra.local.ministack import ACCOUNT

TEMPLATE = ROOT / "docs" / "merchant-template.yaml"
WAIT_S = 120.0
_POLL_S = 0.05


class Ended(NamedTuple):
    """How an operation on a stack ended. `reasons` are what its events say of what failed, the first one first."""

    status: str
    reasons: tuple[str, ...]
    outputs: Mapping[str, str]

    @property
    def succeeded(self) -> bool:
        """Whether the stack is as it was wished."""
        return self.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE")


@cache
def _template() -> str:
    text = TEMPLATE.read_text("utf-8")
    for block in (r"^  Sharing:\n(    .*\n)+", r"^      SharedBy: .*\n(      - .*\n)+"):
        text, found = re.subn(block, "", text, flags=re.MULTILINE)
        if found != 1:
            raise ValueError(f"the template is not as expected: {block}")
    return text


def stack_name(merchant: str) -> str:
    """Name a merchant's stack."""
    return f"huhang-merchant-{merchant}"


class MerchantStacks:
    """The merchants' stacks of one local cloud; `beside` are further resources in their template."""

    def __init__(self, endpoint: str, beside: str = "") -> None:
        self._cloud = deployment.client("cloudformation", endpoint)
        self._template = _template().replace("\nOutputs:\n", f"\n{beside}Outputs:\n")

    def launch(self, merchant: str, accounts: object, stack: str = "", **parameters: str) -> Ended:
        """Create a merchant's stack and wait for its end."""
        return self._do("create_stack", merchant, accounts, stack or stack_name(merchant), parameters)

    def change(self, merchant: str, accounts: object, stack: str = "", **parameters: str) -> Ended:
        """Update a merchant's stack and wait for its end."""
        return self._do("update_stack", merchant, accounts, stack or stack_name(merchant), parameters)

    def delete(self, merchant: str) -> Ended:
        """Delete a merchant's stack and wait for its end."""
        name = stack_name(merchant)
        found = self._find(name)
        if found is None:
            return Ended("DELETE_COMPLETE", (), {})
        since = self._newest_event(found["StackId"])
        self._cloud.delete_stack(StackName=name)
        return self._wait(found["StackId"], since)

    def put(self, merchant: str, accounts: object, **parameters: str) -> Ended:
        """Create a merchant's stack or change what has changed; one that has failed to be created is made anew."""
        found = self._find(stack_name(merchant))
        if found is None:
            return self.launch(merchant, accounts, **parameters)
        known = {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}
        same = Ended(found["StackStatus"], (), {})
        if same.succeeded and parameters.items() <= known.items():
            return same
        if same.succeeded or same.status == "UPDATE_ROLLBACK_COMPLETE":
            return self.change(merchant, accounts, **parameters)
        self.delete(merchant)
        return self.launch(merchant, accounts, **parameters)

    def _do(self, call: str, merchant: str, accounts: object, name: str, parameters: Mapping[str, str]) -> Ended:
        text = accounts if isinstance(accounts, str) else json.dumps(accounts, ensure_ascii=False)
        values = {"Huhang": ACCOUNT, "Merchant": merchant, "Accounts": text, **parameters}
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
        before = self._find(name)
        since = self._newest_event(before["StackId"]) if before else ""
        try:
            stack_id = getattr(self._cloud, call)(StackName=name, TemplateBody=self._template, Parameters=given)
        except ClientError as error:
            return Ended("REFUSED", (str(error),), {})
        return self._wait(stack_id["StackId"], since)

    def _find(self, name: str) -> Any:
        with suppress(ClientError):
            return self._cloud.describe_stacks(StackName=name)["Stacks"][0]
        return None

    def _newest_event(self, stack_id: str) -> str:
        return str(self._cloud.describe_stack_events(StackName=stack_id)["StackEvents"][0]["EventId"])

    def _wait(self, stack_id: str, since: str) -> Ended:
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            stack = self._find(stack_id)
            status = str(stack["StackStatus"]) if stack else "DELETE_COMPLETE"
            if not status.endswith("_IN_PROGRESS"):
                outputs = {one["OutputKey"]: one["OutputValue"] for one in (stack or {}).get("Outputs", [])}
                return Ended(status, self._reasons(stack_id, since), outputs)
            time.sleep(_POLL_S)
        return Ended("TIMED_OUT", self._reasons(stack_id, since), {})

    def _reasons(self, stack_id: str, since: str) -> tuple[str, ...]:
        reasons = []
        with suppress(ClientError):  # a deleted stack may have no events any more
            for event in self._cloud.describe_stack_events(StackName=stack_id)["StackEvents"]:
                if event["EventId"] == since:
                    break
                if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason"):
                    reasons.append(str(event["ResourceStatusReason"]))
        return tuple(reversed(reasons))
