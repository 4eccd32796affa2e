"""The whole of huhang on this machine: `python -m infra.local.cloud up|down|status|logs|env|reset`.

No account, no Docker, no network: MiniStack plays AWS, the sandbox plays the vendors, the CDK app is the real one.
"""

import argparse
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.local import deployment, function_logs, ministack, sandbox_process
from infra.local.home import DEFAULT_HOME, Home, HomeRefused
from infra.local.operators_robot import seed_operators
from infra.local.processes import LOOPBACK, StartFailed, find_free_port, require_free
from infra.local.seed import seed
from infra.local.time_machine import LocalClock

DEFAULT_PORT = 4566
DEFAULT_SANDBOX_PORT = 4580
API_ID = "a0000001"  # see infra/constructs/webhook_api.py
DEMO_MERCHANT = "demo"
NOTHING_RUNS = "本机云没有运行 nothing runs: make up"


@dataclass(frozen=True, slots=True)
class LocalCloud:
    """One local cloud in its own folder with its own ports; 0 asks for any free port."""

    home: Home
    port: int | None = None
    sandbox_port: int | None = None
    with_sandbox: bool = True
    quiet: bool = False

    @property
    def clock(self) -> LocalClock:
        """Give the clock that the functions and the sandbox follow."""
        return LocalClock(self.home.clock)

    @property
    def endpoint(self) -> str:
        """Give the emulator's address after `up`."""
        return str(self.home.read_outputs()["CloudEndpoint"])

    def client(self, service: str) -> Any:
        """Make a boto3 client of this cloud."""
        return deployment.client(service, self.endpoint)

    def up(self) -> dict[str, Any]:
        """Start and deploy what is not there yet; give the outputs. Safe to repeat."""
        deployment.require_loopback(os.environ.get("AWS_ENDPOINT_URL") or f"http://{LOOPBACK}")
        self.home.claim()
        with self.home.alone():
            self.home.claim()  # again: a `reset` may have come between
            port = self._choose_port("CloudPort", self.port, DEFAULT_PORT)
            sandbox_port = self._choose_port("SandboxPort", self.sandbox_port, DEFAULT_SANDBOX_PORT)
            if self.with_sandbox and not sandbox_process.is_running(self.home):
                require_free(sandbox_port, "--sandbox-port")
            if not ministack.is_running(self.home):
                self._say(f"starting MiniStack on port {port} …")
                ministack.start(self.home, port)
            stack = deployment.deploy(self.home, f"http://localhost:{port}", self._say)
            outputs = stack | self._describe(port, sandbox_port)
            self.home.write_outputs(outputs)
            if self.with_sandbox and not sandbox_process.is_running(self.home):
                self._say(f"starting the sandbox on port {outputs['SandboxPort']} …")
                sandbox_process.start(self.home, outputs)
            if self.with_sandbox:
                seed(outputs)
                seed_operators(outputs, self.home.path / "operators.json")
        return outputs

    def down(self) -> None:
        """Stop both programs and keep their state."""
        if not self.home.is_ours:
            return
        with self.home.alone():
            if sandbox_process.stop(self.home):
                self._say("sandbox stopped")
            if ministack.stop(self.home):
                self._say("MiniStack stopped; its state is kept")
            self.home.clean()

    def reset(self) -> None:
        """Stop both programs and forget everything that they stored."""
        self.down()
        if not self.home.is_ours:
            return
        with self.home.alone():
            self.home.forget()
        self._say("everything is forgotten")

    def tick(self, function: str) -> dict[str, Any]:
        """Wake a scheduled function now and give its answer: a test does not wait for the minute to pass.

        Raises:
            RuntimeError: the function failed; the message is its own.
        """
        event = {"source": "aws.events", "detail-type": "Scheduled Event", "time": datetime.now(UTC).isoformat()}
        reply = self.client("lambda").invoke(
            FunctionName=f"{deployment.STACK}-{function}", Payload=json.dumps(event | {"detail": {}}).encode()
        )
        answer = json.loads(reply["Payload"].read() or b"null") or {}
        if reply.get("FunctionError"):
            raise RuntimeError(f"{function} failed: {answer}")
        return dict(answer)

    def _describe(self, port: int, sandbox_port: int) -> dict[str, Any]:
        """Say where everything is. The path form of the webhooks' address needs no name resolution."""
        return {
            "WebhookBaseUrl": f"http://localhost:{port}/_aws/execute-api/{API_ID}",
            "CloudEndpoint": f"http://localhost:{port}",
            "CloudPort": port,
            "SandboxUrl": f"http://{LOOPBACK}:{sandbox_port}",
            "SandboxPort": sandbox_port,
            "MerchantId": DEMO_MERCHANT,
            "MerchantSecretsFile": str(self.home.path / "demo-merchant.json"),
            "ClockFile": str(self.home.clock),
            "Region": ministack.REGION,
        }

    def _choose_port(self, key: str, wanted: int | None, default: int) -> int:
        """Keep the port of the last run: queue addresses in the saved state hold it.

        Raises:
            StartFailed: another port is wanted than the saved state knows.
        """
        known = self.home.read_outputs().get(key)
        if known and wanted not in {None, 0, known}:
            raise StartFailed(f"this home knows port {known}; `reset` it, or use another --home, for port {wanted}")
        return int(known or (find_free_port() if wanted == 0 else wanted or default))

    def _say(self, text: str) -> None:
        if not self.quiet:
            sys.stderr.write(f"cloud: {text}\n")


@contextmanager
def running_cloud(folder: Path, *, with_sandbox: bool = True) -> Iterator[LocalCloud]:
    """Run a cloud of its own on free ports for as long as the block lasts; for tests."""
    cloud = LocalCloud(Home(folder), port=0, sandbox_port=0, with_sandbox=with_sandbox, quiet=True)
    try:
        cloud.up()
        yield cloud
    finally:
        cloud.down()


def main() -> int:
    """Do what the command line asks for."""
    arguments = _parse()
    cloud = LocalCloud(Home(arguments.home.resolve()), arguments.port, arguments.sandbox_port, not arguments.no_sandbox)
    try:
        _COMMANDS[arguments.command](cloud, arguments)
    except (StartFailed, HomeRefused, deployment.DeployFailed, deployment.NotLoopback) as problem:
        sys.stderr.write(f"cloud: {problem}\n")
        return 1
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return 0


def _parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.cloud", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("command", choices=sorted(_COMMANDS), help="what to do")
    parser.add_argument("function", nargs="?", choices=function_logs.names(), metavar="FUNCTION", help="logs: of this")
    parser.add_argument("--case", default="", help="logs: only what has to do with this order, refund or waybill")
    parser.add_argument("-f", "--follow", action="store_true", help="logs: wait for more")
    parser.add_argument("--home", type=Path, default=DEFAULT_HOME, help="folder of this cloud (default: .local)")
    parser.add_argument("--port", type=port_number, help=f"MiniStack's port, 0 for any (default: {DEFAULT_PORT})")
    parser.add_argument("--sandbox-port", type=port_number, help=f"the sandbox's (default: {DEFAULT_SANDBOX_PORT})")
    parser.add_argument("--no-sandbox", action="store_true", help="up: without the sandbox")
    return parser.parse_args()


def port_number(text: str) -> int:
    """Read a port."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 0 to 65535")
    return int(text)


def _up(cloud: LocalCloud, _: argparse.Namespace) -> None:
    began = time.monotonic()
    outputs = cloud.up()
    sys.stdout.write(
        f"huhang is up after {time.monotonic() - began:.1f} s\n"
        f"  webhooks  {outputs['WebhookBaseUrl']}/webhooks/{{source}}/{outputs['MerchantId']}\n"
        f"  sandbox   {outputs['SandboxUrl']}\n"
        f"  details   {cloud.home.outputs}\n"
    )


def _status(cloud: LocalCloud, _: argparse.Namespace) -> None:
    running = {"MiniStack": ministack.is_running(cloud.home), "sandbox": sandbox_process.is_running(cloud.home)}
    outputs = cloud.home.read_outputs()
    addresses = {"MiniStack": outputs.get("CloudEndpoint", ""), "sandbox": outputs.get("SandboxUrl", "")}
    for name, runs in running.items():
        sys.stdout.write(f"{name:<10} {'runs on ' + addresses[name] if runs else 'stopped'}\n")
    sys.stdout.write(f"clock      {cloud.clock.now():%Y-%m-%d %H:%M:%S} UTC, {cloud.clock.offset} ahead\n")
    if running["MiniStack"]:
        for name, waiting in deployment.queue_depths(cloud.endpoint).items():
            sys.stdout.write(f"queue      {name:<28} {waiting}\n")


def _logs(cloud: LocalCloud, arguments: argparse.Namespace) -> None:
    if not ministack.is_running(cloud.home):
        raise StartFailed(NOTHING_RUNS)
    chosen = [arguments.function] if arguments.function else function_logs.names()
    read = function_logs.follow if arguments.follow else function_logs.lines
    found = False
    for line in read(cloud.endpoint, chosen, arguments.case):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        found = True
    if not found:
        of = arguments.case or arguments.function or "anything"
        sys.stderr.write(f"cloud: 日志里没有 there is no line in the logs of {of}\n")


def _env(cloud: LocalCloud, _: argparse.Namespace) -> None:
    """Say where the demo merchant's board is, in the words of a shell."""
    outputs = cloud.home.read_outputs()
    if not outputs or not ministack.is_running(cloud.home):
        raise StartFailed(NOTHING_RUNS)
    secrets = Path(outputs["MerchantSecretsFile"])
    accounts = json.loads(secrets.read_text()) if secrets.exists() else {}
    if "board" not in accounts:
        raise StartFailed("演示商户还没有看板 the demo merchant has no board yet: make up")
    settings = {
        "HUHANG_URL": outputs["WebhookBaseUrl"],
        "HUHANG_MERCHANT": outputs["MerchantId"],
        "HUHANG_TOKEN": accounts["board"]["token"],
    }
    for name, value in settings.items():
        sys.stdout.write(f"export {name}={shlex.quote(str(value))}\n")


def _down(cloud: LocalCloud, _: argparse.Namespace) -> None:
    cloud.down()


def _reset(cloud: LocalCloud, _: argparse.Namespace) -> None:
    cloud.reset()


_COMMANDS: dict[str, Callable[[LocalCloud, argparse.Namespace], None]] = {
    "up": _up,
    "down": _down,
    "status": _status,
    "logs": _logs,
    "env": _env,
    "reset": _reset,
}

if __name__ == "__main__":
    sys.exit(main())
