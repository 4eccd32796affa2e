"""A deployment while pushes come in: whatever was accepted is handled, by the version before or by the one after it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import httpx
import pytest

from infra.local.demo.inside import parcels_of
from infra.local.demo.play import Stage
from infra.local.deployment import STACK
from infra.local.ministack import ACCOUNT, REGION
from shared.domain.lanes import Lane
from tests.e2e.door import Door
from tests.e2e.patience import wait_until
from tests.e2e.test_dead_letters import Queues
from tests.e2e.test_door import history, scan

PUSHERS, EACH_S = 2, 0.2
BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"  # a template of this size comes from a bucket
MORE_MIB = 64
TRIED_AGAIN_S = 10  # what a stopped worker had taken comes back so soon, a dozen times as soon as it would
RECEIVES_MAX = 60  # and so it may come a dozen times as often: the emulator stands still while it deploys


class Pusher(threading.Thread):
    """Tells of one parcel after the other, of each again until it is accepted, as vendors do."""

    def __init__(self, stage: Stage, mine: int) -> None:
        super().__init__(daemon=True)
        self.accepted: list[str] = []
        self._door = Door(stage)
        self._mine = mine
        self._over = threading.Event()

    def run(self) -> None:
        """Push until it is over."""
        for number in count():
            waybill = f"YT8{self._mine}{number:08d}"
            while not self._push(waybill):
                if self._over.wait(EACH_S):
                    return
            self.accepted.append(waybill)
            if self._over.wait(EACH_S):
                return

    def _push(self, waybill: str) -> bool:
        try:
            return self._door.kuaidi100(history(waybill, scan(self._door, 2))).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """Finish what is being pushed."""
        self._over.set()
        self.join()
        self._door.close()


@pytest.fixture
def hurried(stage: Stage) -> Iterator[None]:
    """A queue on which nobody waits for minutes until a stopped worker's messages come back."""
    with Queues(stage, Lane.PARCELS).hurried(TRIED_AGAIN_S, RECEIVES_MAX):
        yield


@contextmanager
def pushing(stage: Stage) -> Iterator[list[Pusher]]:
    """Let several push, before, during and after what is done meanwhile."""
    pushers = [Pusher(stage, mine) for mine in range(PUSHERS)]
    for pusher in pushers:
        pusher.start()
    try:
        _wait_for_more(pushers)
        yield pushers
        _wait_for_more(pushers)
    finally:
        for pusher in pushers:
            pusher.stop()


def _wait_for_more(pushers: list[Pusher]) -> None:
    wanted = [len(pusher.accepted) + 1 for pusher in pushers]
    wait_until(lambda: all(len(one.accepted) >= many for one, many in zip(pushers, wanted, strict=True)))


def deploy_with(stage: Stage, more_mib: int) -> None:
    """Deploy the stack again, every function with so much more memory, as `cdk deploy` asks CloudFormation to."""
    cloudformation = stage.cloud.client("cloudformation")
    template = cloudformation.get_template(StackName=STACK)["TemplateBody"]
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["MemorySize"] += more_mib
    stage.cloud.client("s3").put_object(Bucket=BUCKET, Key="again.json", Body=json.dumps(template).encode())
    url = f"{stage.cloud.endpoint}/{BUCKET}/again.json"
    cloudformation.update_stack(StackName=STACK, TemplateURL=url, Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_update_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})


def memory_of(stage: Stage) -> dict[str, int]:
    """The memory of every function."""
    functions = stage.cloud.client("lambda").list_functions()["Functions"]
    return {function["FunctionName"]: function["MemorySize"] for function in functions}


@pytest.mark.usefixtures("hurried")
def test_everything_that_is_accepted_during_a_deployment_ends_as_it_would_have_without_one(stage: Stage) -> None:
    before = memory_of(stage)
    with pushing(stage) as pushers:
        deploy_with(stage, MORE_MIB)
    assert memory_of(stage) == {name: mib + MORE_MIB for name, mib in before.items()}
    accepted = {waybill for pusher in pushers for waybill in pusher.accepted}
    wait_until(lambda: accepted <= set(parcels_of(stage.inside.cases())))
    stage.flow.settle()
    assert stage.inside.dead_letters() == {}
