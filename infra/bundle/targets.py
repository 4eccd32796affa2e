"""Which machine a bundle is for: this one (the local cloud) or Lambda on one of its two architectures."""

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass

LAMBDA_PYTHON = "3.13"  # the `Runtime` of every function
_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}


@dataclass(frozen=True, slots=True)
class Target:
    """A Python version and a platform. The name is the folder under `.build/`."""

    name: str
    python: str  # minor version, "3.13"
    machine: str | None = None  # None: the interpreter and platform that run now

    @property
    def pip_options(self) -> list[str]:
        """Give pip's options that choose the wheels; Lambda's Amazon Linux 2023 takes all of these platforms."""
        if self.machine is None:
            return []
        platforms = [f"{kind}_{self.machine}" for kind in ("manylinux_2_28", "manylinux_2_17", "manylinux2014")]
        chosen = [option for platform in platforms for option in ("--platform", platform)]
        return ["--python-version", self.python, "--implementation", "cp", *chosen]


def local_target() -> Target:
    """Give the target of MiniStack, which runs functions in the interpreter that runs now."""
    return Target("local", f"{sys.version_info.major}.{sys.version_info.minor}")


def lambda_target(architecture: str) -> Target:
    """Give the target of AWS Lambda, `architecture` being `arm64` or `x86_64`."""
    return Target(f"lambda-{architecture}", LAMBDA_PYTHON, _MACHINES[architecture])


def machine_architecture() -> str:
    """Give this machine's architecture in Lambda's words."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def find_compiler(python: str) -> str | None:
    """Find an interpreter of that minor version; `HUHANG_PYTHON` names one that is not on the path."""
    candidates = [sys.executable, os.environ.get("HUHANG_PYTHON", ""), shutil.which(f"python{python}") or ""]
    return next((candidate for candidate in candidates if candidate and _version_of(candidate) == python), None)


def _version_of(interpreter: str) -> str:
    """Ask an interpreter for its minor version; a broken one has none."""
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run(  # noqa: S603  # the interpreter that the developer named
            [interpreter, "-S", "-c", question], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.strip()
