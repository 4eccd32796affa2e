"""Builds `.build/<target>/worker` and `.build/<target>/webhook`, the code assets of the stack.

The webhook's bundle is thin: our own code and one verifier, since it only checks a signature and queues the bytes. All
other functions share the worker bundle. The same inputs give the same bytes; what has not changed is not built again.
"""

import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.bundle.dependencies import compile_bytecode, install_dependencies
from infra.bundle.sbom import SBOM, describe_bundle
from infra.bundle.targets import Target, find_compiler

ROOT = Path(__file__).resolve().parents[2]
THIN_FUNCTION = "receive_webhook"
THIN_PACKAGES = ("standardwebhooks",)
THIN_WORKFLOWS = ("__init__.py", "receive_push.py", "count_pushes.py")


@dataclass(frozen=True, slots=True)
class Bundles:
    """The two folders that become Lambda assets, and the list of what is inside."""

    webhook: Path
    worker: Path
    sbom: Path
    has_bytecode: bool


def build_bundles(target: Target, *, root: Path = ROOT, build: Path | None = None) -> Bundles:
    """Build both bundles, or find them built already. Safe to call from several processes."""
    build = build or root / ".build"
    compiler = find_compiler(target.python)
    if compiler is None:
        _say(f"no Python {target.python} here: the bundles carry no .pyc files, so every cold start compiles.")
        _say("install it, or name it in HUHANG_PYTHON, and build again.")
    with _only_one_builder(build):
        packages = _dependencies(target, compiler, root, build)
        code = [path for folder in ("shared", "functions") for path in _code_files(root / folder)]
        fingerprint = _hash_of([*code], root, packages.name)
        result = build / target.name
        if _read(result / "fingerprint") != fingerprint:
            _assemble(packages, code, compiler, root, build / f"{target.name}.new")
            contents = describe_bundle(root / "requirements" / "functions.txt", packages)
            (build / f"{target.name}.new" / SBOM).write_text(contents)
            (build / f"{target.name}.new" / "fingerprint").write_text(fingerprint)
            shutil.rmtree(result, ignore_errors=True)
            (build / f"{target.name}.new").rename(result)
    return Bundles(result / "webhook", result / "worker", result / SBOM, has_bytecode=compiler is not None)


def _dependencies(target: Target, compiler: str | None, root: Path, build: Path) -> Path:
    """Install the dependencies unless they are there for this lock, target and version of the bundler."""
    lock = root / "requirements" / "functions.txt"
    tools = sorted((ROOT / "infra" / "bundle").glob("*.py"))
    key = _hash_of([lock, *tools], root, f"{target} {compiler is not None}")
    packages = build / "packages" / f"{target.name}-{key[:16]}"
    if not packages.exists():
        _say(f"installing the functions' dependencies for {target.name} …")
        for stale in (build / "packages").glob(f"{target.name}-*"):
            shutil.rmtree(stale)
        unfinished = packages.with_suffix(".new")
        install_dependencies(lock, target, unfinished)
        if compiler:
            compile_bytecode(compiler, [unfinished])
        unfinished.rename(packages)
    return packages


def _assemble(packages: Path, code: list[Path], compiler: str | None, root: Path, into: Path) -> None:
    """Put packages and our code together, for each bundle what it needs."""
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(packages, into / "worker", copy_function=os.link)
    for package in THIN_PACKAGES:
        for folder in packages.glob(f"{package}*"):
            shutil.copytree(folder, into / "webhook" / folder.name, copy_function=os.link)
    for path in code:
        relative = path.relative_to(root)
        for bundle in _bundles_of(relative):
            copy = into / bundle / relative
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    if compiler:
        ours = [into / bundle / folder for bundle in ("worker", "webhook") for folder in ("shared", "functions")]
        for folder in filter(Path.exists, ours):
            compile_bytecode(compiler, [folder])


def _bundles_of(relative: Path) -> tuple[str, ...]:
    """Say which bundles a source file belongs to."""
    if relative.parts[0] == "functions" and len(relative.parts) > 2:
        return ("webhook",) if relative.parts[1] == THIN_FUNCTION else ("worker",)
    if relative.parts[:2] == ("shared", "rules"):
        return ("worker",)  # nothing is decided at the door
    if relative.parts[:2] == ("shared", "adapters") and relative.name.startswith("dynamo_"):
        return ("worker",)  # and no table is touched
    if relative.parts[:2] == ("shared", "workflows") and relative.name not in THIN_WORKFLOWS:
        return ("worker",)
    return ("webhook", "worker")


def _code_files(folder: Path) -> Iterator[Path]:
    """List the files of a source tree in a fixed order."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
            yield path


def _hash_of(files: Iterable[Path], root: Path, *more: str) -> str:
    """Hash names and contents."""
    digest = hashlib.sha256(repr(more).encode())
    for path in files:
        name = path.relative_to(root) if path.is_relative_to(root) else path.name
        digest.update(f"\0{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _say(text: str) -> None:
    sys.stderr.write(f"bundle: {text}\n")


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


@contextmanager
def _only_one_builder(build: Path) -> Iterator[None]:
    """Hold a lock: `make up` and a test run may build at the same time."""
    build.mkdir(parents=True, exist_ok=True)
    with (build / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
