"""Run the sandbox: `python -m infra.local.sandbox --port 4600 --home .local --webhook-base http://localhost:4566/...`."""

import argparse
import asyncio
import logging
from pathlib import Path

import httpx
import uvicorn

from infra.local.sandbox.app import build_app
from infra.local.sandbox.store import Store
from infra.local.sandbox.world import World
from infra.local.time_machine import LocalClock


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.sandbox",
        description="The outside world on loopback: Douyin, ZTO, Kuaidi100, Jushuitan, DingTalk, a self-built shop",
    )
    parser.add_argument("--port", type=int, default=4600, help="port on 127.0.0.1 (default: 4600)")
    parser.add_argument(
        "--home",
        type=Path,
        default=Path(".local"),
        help="folder of the state (sandbox.sqlite) and of the clock's offset in seconds (clock); default: .local",
    )
    parser.add_argument(
        "--webhook-base",
        default="",
        help="huhang's base URL; pushes go to {base}/webhooks/{vendor}/{merchant}. A merchant's own webhook_base wins",
    )
    return parser.parse_args()


def main() -> None:
    """Serve until told to stop; the state is on disk after every request."""
    arguments = _arguments()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    home: Path = arguments.home
    home.mkdir(parents=True, exist_ok=True)
    store = Store(home / "sandbox.sqlite")
    world = World(LocalClock(home / "clock").now, store)
    app = build_app(world, arguments.webhook_base, httpx.AsyncClient(trust_env=False))
    config = uvicorn.Config(app, host="127.0.0.1", port=arguments.port, access_log=False, log_level="warning")
    print(f"sandbox on http://127.0.0.1:{arguments.port}/", flush=True)
    try:
        asyncio.run(uvicorn.Server(config).serve())
    finally:
        store.close()


if __name__ == "__main__":
    main()
