"""One measuring session: which interpreter and which bundles, copied so that nobody changes them meanwhile.

The session's name pins what moves counts by itself: the interpreter and the lock. It refuses to begin where something
foreign would be measured.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, which
from tempfile import TemporaryDirectory

from infra.bundle.build import ROOT, build_bundles
from infra.bundle.dependencies import refuse_startup_hooks
from infra.bundle.targets import local_target
from shared.domain.lanes import Lane
from tests.benchmarks.loopback import TABLE

HERE = Path(__file__).parent


class SessionRefused(RuntimeError):
    """What would be measured is not what is shipped. Repair the environment."""


@dataclass(frozen=True, slots=True)
class Session:
    """Where everything is. `name` stands in front of every result."""

    name: str
    python: Path
    webhook: Path
    worker: Path
    scratch: Path
    valgrind: str | None

    def environment(self, url: str, bundle: Path | None) -> dict[str, str]:
        """Give a function's environment, as small as Lambda's own."""
        queues = {lane.variable: f"{url}/000000000000/{lane}" for lane in Lane}
        return queues | {
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_REGION": "cn-north-1",
            "AWS_DEFAULT_REGION": "cn-north-1",
            "AWS_ENDPOINT_URL": url,
            "AWS_LAMBDA_FUNCTION_NAME": "huhang-bench",
            "HUHANG_TABLE": TABLE,
            "HOME": str(self.scratch),
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": str(bundle) if bundle else "",
        }

    def run(self, command: Sequence[str], environment: Mapping[str, str], tool: Sequence[str] = ()) -> str:
        """Run Python (under a tool) and give what it said on standard error.

        Raises:
            SessionRefused: it failed; what it said is in the message.
        """
        whole = [*tool, str(self.python), *command]
        done = subprocess.run(whole, env=environment, capture_output=True, text=True, check=False, timeout=900)
        if done.returncode:
            raise SessionRefused(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stderr


@contextmanager
def begin_session() -> Iterator[Session]:
    """Build the bundles, copy them, and make an interpreter's environment with nothing in it."""
    built = build_bundles(local_target())
    code = (built.worker.parent / "fingerprint").read_text()[:8]
    with TemporaryDirectory(prefix="benchmarks-", dir=ROOT / ".build") as folder:
        scratch = Path(folder)
        for bundle in (built.webhook, built.worker):
            refuse_startup_hooks(bundle)
            copytree(bundle, scratch / bundle.name, copy_function=os.link)
        base = getattr(sys, "_base_executable", sys.executable)
        subprocess.run([base, "-m", "venv", "--without-pip", str(scratch / "python")], check=True)
        lock = hashlib.sha256((ROOT / "requirements" / "functions.txt").read_bytes()).hexdigest()[:8]
        version = ".".join(map(str, sys.version_info[:3]))
        python = scratch / "python" / "bin" / "python"
        session = Session(
            name=f"python {version}, lock {lock}, code {code}",
            python=python,
            webhook=scratch / built.webhook.name,
            worker=scratch / built.worker.name,
            scratch=scratch,
            valgrind=which("valgrind"),
        )
        _refuse_foreign(session)
        yield session


def _refuse_foreign(session: Session) -> None:
    """Check that the interpreter starts with nothing but itself.

    Raises:
        SessionRefused: it does not.
    """
    check = (
        "import sys, site, glob\n"
        "hooks = [hook for place in sys.path + site.getsitepackages() for hook in glob.glob(place + '/*.pth')]\n"
        "sys.exit(f'start-up hooks: {hooks}' if hooks else 0)"
    )
    session.run(["-c", check], session.environment("http://127.0.0.1:9", session.worker))
