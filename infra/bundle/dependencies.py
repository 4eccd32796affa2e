"""Installs the functions' locked dependencies for one target, trimmed and compiled, once per lock."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from infra.bundle.targets import Target

_NOISE_FOLDERS = ("__pycache__", "tests", "test", "bin")
_NOISE_FILES = ("RECORD", "INSTALLER", "REQUESTED", "WHEEL", "direct_url.json", "uv_cache.json", "py.typed")
_UNUSED_FOLDERS = (  # none of them is imported by what we use; the web console's script alone weighs a megabyte
    "aws_lambda_powertools/event_handler",
    *(
        f"aws_lambda_powertools/utilities/{name}"
        for name in ("idempotency", "feature_flags", "data_masking", "kafka", "streaming", "parameters", "validation")
    ),
)


class BundleRefused(RuntimeError):
    """The dependencies hold something that must not reach a function. Change the lock."""


def install_dependencies(lock: Path, target: Target, destination: Path) -> None:
    """Install the locked wheels into `destination` and strip what no function reads.

    By pip, since a mirror that the developer has set up for it is then used here too.

    Raises:
        BundleRefused: a package brings a `.pth` file, which would run at every interpreter start.
        subprocess.CalledProcessError: pip could not install; its message is on standard error.
    """
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", *target.pip_options]
    command += ["--target", str(destination), "-r", str(lock)]
    subprocess.run(command, check=True)  # noqa: S603  # our own words
    refuse_startup_hooks(destination)
    _strip(destination)


def refuse_startup_hooks(folder: Path) -> None:
    """Check that nothing in the folder runs by itself when Python starts.

    Raises:
        BundleRefused: there is a `.pth` file; the message names it.
    """
    hooks = sorted(path.name for path in folder.rglob("*.pth"))
    if hooks:
        raise BundleRefused(f"the dependencies bring start-up hooks: {', '.join(hooks)}")


def _strip(folder: Path) -> None:
    """Remove tests, scripts, type markers, installer records and unused parts; licences and metadata stay."""
    for name in _NOISE_FOLDERS:
        for path in sorted(folder.rglob(name)):
            if path.is_dir():
                shutil.rmtree(path)
    for name in _UNUSED_FOLDERS:
        shutil.rmtree(folder / name)
    for name in _NOISE_FILES:
        for path in folder.rglob(name):
            path.unlink()
    for path in [*folder.rglob("*.pyi"), *folder.glob(".lock")]:
        path.unlink()


def compile_bytecode(compiler: str, folders: Iterable[Path]) -> None:
    """Write `.pyc` files that are never checked against their source, so that no file time matters.

    One process in sorted order with a fixed hash seed: the same sources give the same bytes.
    """
    for folder in folders:
        command = [compiler, "-S", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
        command += ["-s", str(folder), "-p", "/var/task", str(folder)]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S603  # ours
