"""The tools of the local cloud: whom they talk to, what they touch, and how their clock reaches a real worker."""

import io
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local import deployment, ministack
from infra.local.cloud import LocalCloud
from infra.local.home import Home, HomeRefused
from infra.local.processes import StartFailed, find_free_port, running_pid, start_program, stop_program
from infra.local.time_machine import LocalClock, install_worker_clock

CALLED_LATE_S = 60  # so much may lie between two readings of clocks on a machine with much to do
TELL_TIME = """
import time, datetime
def handler(event, context):
    print("woken")
    real = datetime.datetime.now(datetime.timezone.utc).timestamp()
    return {"ahead": time.time() - real, "ahead_ns": time.time_ns() / 1e9 - real}
"""


@pytest.mark.parametrize(
    "endpoint", ["https://sqs.us-east-1.amazonaws.com", "http://localhost.example.com", "http://10.0.0.1"]
)
def test_another_machine_is_never_talked_to(endpoint: str) -> None:
    with pytest.raises(deployment.NotLoopback):
        deployment.client("sqs", endpoint)


def test_an_address_in_the_environment_must_be_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://dynamodb.cn-north-1.amazonaws.com.cn")
    with pytest.raises(deployment.NotLoopback):
        LocalCloud(Home(tmp_path / "home"), quiet=True).up()


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(HomeRefused):
        Home(tmp_path).claim()
    LocalCloud(Home(tmp_path), quiet=True).reset()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_reset_forgets_everything_in_its_own_folder(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.claim()
    home.write_outputs({"CloudPort": 1})
    LocalCloud(home, quiet=True).reset()
    assert home.is_ours
    assert home.read_outputs() == {}


def test_a_home_keeps_its_ports(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.claim()
    home.write_outputs({"CloudPort": 4999})
    with pytest.raises(StartFailed, match="4999"):
        LocalCloud(home, port=5000, quiet=True).up()


def test_a_recycled_process_id_is_not_taken_for_ours(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    pid = start_program(command, {}, tmp_path / "log", tmp_path / "pid")
    assert running_pid(tmp_path / "pid", "ministack") is None
    assert running_pid(tmp_path / "pid", "time.sleep") == pid
    assert stop_program(tmp_path / "pid", "time.sleep")
    assert not stop_program(tmp_path / "pid", "time.sleep")


def test_a_clock_runs_on_from_where_it_is_set(tmp_path: Path) -> None:
    clock = LocalClock(tmp_path / "clock")
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=CALLED_LATE_S)  # noqa: TID251 - the real clock is the measure
    singles_day = datetime(2026, 11, 11, tzinfo=UTC)
    clock.set(singles_day)
    clock.advance(timedelta(hours=48))
    assert timedelta() <= clock.now() - singles_day - timedelta(hours=48) < timedelta(seconds=CALLED_LATE_S)
    clock.reset()
    assert clock.offset == timedelta()


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Any]]:
    """An empty emulator with one function that tells the time."""
    home, port = Home(tmp_path_factory.mktemp("cloud") / "home"), find_free_port()
    home.claim()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("tell.py", TELL_TIME)
    try:
        ministack.start(home, port)
        functions = deployment.client("lambda", f"http://localhost:{port}")
        functions.create_function(
            FunctionName="tell",
            Runtime="python3.13",
            Handler="tell.handler",
            Role="arn:aws:iam::000000000000:role/any",
            Code={"ZipFile": archive.getvalue()},
        )
        yield home, functions
    finally:
        ministack.stop(home)


def ask(functions: Any) -> dict[str, float]:
    """Let the function tell how far ahead its clock is, in seconds."""
    answer: dict[str, float] = json.loads(functions.invoke(FunctionName="tell")["Payload"].read())
    return answer


def test_a_real_worker_follows_the_clock_at_once_and_back(emulator: tuple[Home, Any]) -> None:
    home, functions = emulator
    clock = LocalClock(home.clock)
    for ahead in (timedelta(), timedelta(days=2), timedelta(days=-1), timedelta()):
        clock.advance(ahead - clock.offset)
        told = ask(functions)
        assert told["ahead"] == pytest.approx(ahead.total_seconds(), abs=CALLED_LATE_S)
        assert told["ahead_ns"] == pytest.approx(ahead.total_seconds(), abs=CALLED_LATE_S)
    clock.reset()


def test_the_emulator_itself_stays_on_real_time(emulator: tuple[Home, Any]) -> None:
    home, functions = emulator
    LocalClock(home.clock).set(datetime(2030, 1, 1, tzinfo=UTC))
    functions.update_function_configuration(FunctionName="tell", Timeout=9)
    modified = datetime.fromisoformat(functions.get_function_configuration(FunctionName="tell")["LastModified"])
    assert abs(modified.timestamp() - time.time()) < CALLED_LATE_S  # noqa: TID251 - the real clock is the measure


def test_outside_of_a_worker_the_hook_does_nothing(emulator: tuple[Home, Any], tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("1000000")
    question = "import time, datetime; print(time.time() - datetime.datetime.now().timestamp())"
    python = install_worker_clock().parents[3] / "bin" / "python"
    environment = {"LOCAL_CLOCK_FILE": str(tmp_path / "clock")}
    told = subprocess.run([python, "-c", question], env=environment, capture_output=True, text=True, check=True)
    assert abs(float(told.stdout)) < CALLED_LATE_S
