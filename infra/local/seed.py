"""Makes the demo merchant: `python -m infra.local.seed [--home DIR]`, also called by `up`. Safe to repeat.

One set of random credentials per home, known to both sides: the control API for the sandbox, where each further
staff group is a merchant of its own with nothing but a robot, and then the template by which every merchant joins.
"""

import argparse
import base64
import hashlib
import json
import os
import secrets
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.local import deployment
from infra.local.home import DEFAULT_HOME, Home
from infra.local.merchant_stack import MerchantStacks
from infra.local.processes import StartFailed
from shared.domain.hours import BusinessHours, Weekday
from shared.domain.policy import Policy, Robot
from shared.domain.routing import Agent, Group, Mode, ModeWindow, Routing, Rule
from shared.domain.watching import Watching

Credentials = dict[str, dict[str, str]]
SPECIALIST, DIRECTOR = "specialist", "director"
URGED_BY_KUAIDI100 = ("yto", "yunda", "jt", "sto", "deppon")
CONTACT = {"contact_name": "售后组", "contact_phone": "020-00000017"}  # whom the courier's people call back
BOARD_TOKEN = "local-demo-board"  # of a cloud that only this machine reaches
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def seed(outputs: dict[str, Any]) -> None:
    """Make the demo merchant known to huhang and to the sandbox.

    Raises:
        StartFailed: the sandbox or huhang did not take the merchant.
    """
    merchant = str(outputs["MerchantId"])
    credentials = _credentials(Path(outputs["MerchantSecretsFile"]), outputs)
    tell_sandbox(outputs, merchant, credentials | {"webhook_base": outputs["WebhookBaseUrl"]})
    for group in (SPECIALIST, DIRECTOR):
        tell_sandbox(outputs, robot_of(merchant, group), {"dingtalk": credentials[f"dingtalk_{group}"]})
    _join(outputs, merchant, credentials)


def demo_policy(merchant: str) -> Policy:
    """The demo merchant's policy: huhang's defaults, three groups with robots, who is asked and urged, open 9 to 22."""
    return Policy(
        merchant=merchant,
        version=1,
        robots={
            "desk": Robot(channel="dingtalk", account="dingtalk"),
            **{group: Robot(channel="dingtalk", account=f"dingtalk_{group}") for group in (SPECIALIST, DIRECTOR)},
        },
        watching=Watching(
            hours=BusinessHours.model_validate({"week": dict.fromkeys(Weekday, ("09:00-22:00",))}),
            trackers={"zto": "zto"},
            urge_by={"zto": "zto", **dict.fromkeys(URGED_BY_KUAIDI100, "kuaidi100")},
        ),
        routing=demo_routing(),
    )


def demo_routing() -> Routing:
    """Where the demo merchant's chats go: three desks, one rule of its own, only the bot at night (`docs/chat.md`)."""
    agents = {"presale": ("xiaomei", "xiaolin"), "aftersale": ("anna", "bert"), "logistics": ("lena",)}
    groups = {
        name: Group(title=title, agents=tuple(Agent(agent=agent, seats=3) for agent in agents[name]))
        for name, title in (("presale", "售前"), ("aftersale", "售后"), ("logistics", "物流"))
    }
    vip = {
        "rule": "vip-refund",
        "when": {"all": [{"field": "intent", "is": ["refund", "return"]}, {"field": "buyer_tags", "has": ["vip"]}]},
        "then": {"agent": "anna", "priority": 2, "note": "VIP 退款：先致歉，再核对物流"},
    }
    night = BusinessHours.model_validate({"week": dict.fromkeys(Weekday, ("22:00-09:00",))})
    return Routing(
        groups=groups,
        rules=(Rule.model_validate(vip),),
        presale_group="presale",
        aftersale_group="aftersale",
        logistics_group="logistics",
        modes=(ModeWindow(mode=Mode.BOT_ONLY, hours=night),),
        push=True,
    )


def robot_of(merchant: str, group: str) -> str:
    """Name the merchant under which the sandbox keeps what a group's robot says."""
    return merchant if group == "desk" else f"{merchant}-{group}"


def _credentials(file: Path, outputs: dict[str, Any]) -> Credentials:
    """Read this home's credentials, and invent those that it lacks; the addresses are always those of today."""
    sandbox, webhooks = str(outputs["SandboxUrl"]), f"{outputs['WebhookBaseUrl']}/webhooks"
    known: Credentials = json.loads(file.read_text()) if file.exists() else {}
    credentials = _invent() | known
    for vendor in ("douyin", "zto", "kuaidi100", "jushuitan", "dingtalk"):
        credentials[vendor]["base_url"] = f"{sandbox}/{vendor}"
    for group in (SPECIALIST, DIRECTOR):
        credentials[f"dingtalk_{group}"]["base_url"] = f"{sandbox}/dingtalk"
    credentials["board"] = {"token": BOARD_TOKEN}
    credentials["selfbuilt"]["api_url"] = f"{sandbox}/selfbuilt/commands"
    credentials["jushuitan"]["limits"] = "none"  # simulated time jumps, and queues wait in real seconds
    credentials["chat"]["api_url"] = f"{sandbox}/chat/sessions"
    credentials["kuaidi100"]["callback_url"] = f"{webhooks}/kuaidi100/{outputs['MerchantId']}"
    unfinished = file.with_suffix(".new")
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(credentials, indent=2) + "\n")
    unfinished.replace(file)
    return credentials


def _invent() -> Credentials:
    return {
        "douyin": {
            "app_key": str(7_000_000_000_000_000_000 + secrets.randbelow(10**17)),
            "app_secret": secrets.token_hex(16),
            "access_token": secrets.token_hex(16),
            "shop_id": str(4_000_000 + secrets.randbelow(900_000)),
        },
        "zto": {"app_key": secrets.token_hex(8), "app_secret": secrets.token_hex(16), **CONTACT},
        "jushuitan": {
            "app_key": secrets.token_hex(16),
            "app_secret": secrets.token_hex(16),
            "access_token": secrets.token_hex(16),
        },
        "kuaidi100": {
            "key": secrets.token_hex(8),
            "customer": secrets.token_hex(16).upper(),
            "secret": secrets.token_hex(16),
            "salt": secrets.token_hex(8),
            "work_order_type": "1",
        },
        **{name: invent_robot() for name in ("dingtalk", f"dingtalk_{SPECIALIST}", f"dingtalk_{DIRECTOR}")},
        **{name: {"secret": _invent_secret()} for name in ("selfbuilt", "chat")},
    }


def _invent_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def invent_robot() -> dict[str, str]:
    return {"access_token": secrets.token_hex(32), "secret": "SEC" + secrets.token_hex(32)}


def put_secret(endpoint: str, name: str, text: str) -> None:
    manager = deployment.client("secretsmanager", endpoint)
    try:
        if manager.get_secret_value(SecretId=name)["SecretString"] != text:
            manager.put_secret_value(SecretId=name, SecretString=text)
    except manager.exceptions.ResourceNotFoundException:
        manager.create_secret(Name=name, SecretString=text)


def _join(outputs: dict[str, Any], merchant: str, credentials: Credentials) -> None:
    """Let the merchant join by the template, or change what has changed since."""
    stacks = MerchantStacks(str(outputs["CloudEndpoint"]))
    document = demo_policy(merchant).model_dump_json(exclude_defaults=True, exclude={"merchant", "version"})
    revision = int(hashlib.sha256(json.dumps(credentials, sort_keys=True).encode()).hexdigest()[:8], 16)
    ended = stacks.put(merchant, credentials, Policy=document, AccountsRevision=str(revision))
    if not ended.succeeded:
        raise StartFailed(f"the demo merchant cannot join: {'; '.join(ended.reasons) or ended.status}")


def tell_sandbox(outputs: dict[str, Any], merchant: str, accounts: Mapping[str, object]) -> None:
    request = urllib.request.Request(
        f"{outputs['SandboxUrl']}/control/merchants/{merchant}",
        data=json.dumps(accounts).encode(),
        method="PUT",
        headers={"content-type": "application/json"},
    )
    try:
        with _NO_PROXY.open(request, timeout=10) as reply:
            reply.read()
    except OSError as error:
        raise StartFailed(f"the sandbox did not take the demo merchant: {error}") from error


def main() -> int:
    """Seed a local cloud that runs."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.seed", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--home", type=Path, default=DEFAULT_HOME, help="folder of the cloud (default: .local)")
    home = Home(parser.parse_args().home.resolve())
    outputs = home.read_outputs()
    if not outputs:
        sys.stderr.write("seed: nothing runs here: `up` first\n")
        return 1
    os.environ.pop("AWS_ENDPOINT_URL", None)  # the home says where its cloud is
    seed(outputs)
    sys.stdout.write(f"merchant {outputs['MerchantId']} is ready; its credentials: {outputs['MerchantSecretsFile']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
