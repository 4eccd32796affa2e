"""What reaches a function: all it needs, compiled, small, and nothing that starts by itself."""

import shutil
import subprocess
from pathlib import Path

import pytest

from infra.bundle.__main__ import size_mib
from infra.bundle.build import Bundles, build_bundles
from infra.bundle.dependencies import BundleRefused, refuse_startup_hooks
from infra.bundle.targets import Target, local_target
from infra.catalog import FUNCTIONS
from infra.local.home import ROOT
from infra.local.time_machine import CLOUD_ENVIRONMENT

WORKERS = [spec.name for spec in FUNCTIONS if spec.name != "receive_webhook"]


def run_bare(folder: Path, code: str) -> str:
    """Run code with the bundle and the standard library only, as Lambda would."""
    python = str(CLOUD_ENVIRONMENT / "bin" / "python")
    setup = f"import sys; sys.path.insert(0, {str(folder)!r})\n"
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    done = subprocess.run(
        [python, "-S", "-c", setup + code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_bundles_are_small(bundles: Bundles) -> None:
    assert size_mib(bundles.worker) <= 25
    assert size_mib(bundles.webhook) <= 1.5


def test_every_source_file_is_compiled_and_not_checked_against_its_source(bundles: Bundles) -> None:
    for folder in (bundles.worker, bundles.webhook):
        for source in folder.rglob("*.py"):
            [compiled] = (source.parent / "__pycache__").glob(f"{source.stem}.cpython-*.pyc")
            assert compiled.read_bytes()[4:8] == b"\x01\0\0\0", source


def test_nothing_starts_by_itself_and_nothing_is_left_packed(bundles: Bundles) -> None:
    for folder in (bundles.worker, bundles.webhook):
        assert not list(folder.rglob("*.pth"))
        assert not list(folder.rglob("botocore/**/*.gz"))
        assert not list(folder.rglob("RECORD"))


def test_a_package_that_would_start_by_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sneaky.pth").write_text("import os")
    with pytest.raises(BundleRefused, match=r"sneaky\.pth"):
        refuse_startup_hooks(tmp_path)


def test_no_worker_carries_a_second_way_to_aws_or_to_vendors(bundles: Bundles) -> None:
    assert not [name for name in ("botocore", "boto3", "urllib3", "httpx") if (bundles.worker / name).exists()]


def test_the_door_needs_nothing_but_the_standard_library(bundles: Bundles) -> None:
    assert not [name for name in ("botocore", "boto3", "pydantic", "httpcore") if (bundles.webhook / name).exists()]
    loaded = run_bare(bundles.webhook, "import functions.receive_webhook.handler, sys; print(*sys.modules)").split()
    assert not {"botocore", "pydantic", "httpcore", "aws_lambda_powertools"} & set(loaded)


@pytest.mark.parametrize("name", WORKERS)
def test_every_worker_starts_from_the_bundle_alone(bundles: Bundles, name: str) -> None:
    assert run_bare(bundles.worker, f"from functions.{name}.handler import handler; print('ok')") == "ok"


def test_no_bundle_carries_the_other_functions(bundles: Bundles) -> None:
    assert {path.parent.name for path in bundles.webhook.glob("functions/*/handler.py")} == {"receive_webhook"}
    assert {path.parent.name for path in bundles.worker.glob("functions/*/handler.py")} == set(WORKERS)


def test_the_same_code_gives_the_same_bytes_and_other_code_others(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    for folder in ("shared", "functions"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "requirements").mkdir()
    shutil.copyfile(ROOT / "requirements" / "functions.txt", root / "requirements" / "functions.txt")
    packages = ROOT / ".build" / "packages"
    contents = []
    for place in ("one", "two", "three"):
        if place == "three":
            (root / "shared" / "errors.py").write_text("raise SystemExit\n")
        shutil.copytree(packages, tmp_path / place / "packages", ignore=shutil.ignore_patterns("lambda-*"))
        webhook = build_bundles(local_target(), root=root, build=tmp_path / place).webhook
        files = sorted(path for path in webhook.rglob("*") if path.is_file())
        contents.append([(str(path.relative_to(webhook)), path.read_bytes()) for path in files])
    assert contents[0] == contents[1] != contents[2]


def test_without_the_right_python_the_bundle_says_that_it_is_not_compiled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "infra.bundle.build.install_dependencies", lambda lock, target, destination: destination.mkdir(parents=True)
    )
    built = build_bundles(Target("elsewhere", "3.99", "x86_64"), build=tmp_path)
    assert not built.has_bytecode
    assert "no Python 3.99 here" in capsys.readouterr().err
