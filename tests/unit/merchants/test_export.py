"""An export holds everything of one merchant and nothing of another, appears when it is whole, and can be continued."""

import base64
import hashlib
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from infra.deployed import Deployed
from infra.merchants.export import export
from infra.merchants.merchant_commands import _progress
from shared.adapters.dynamo_cases import DynamoCaseStore
from shared.adapters.dynamo_commands import DynamoCommandLedger
from shared.adapters.dynamo_leftovers import DynamoUnknownPushes
from shared.domain.events import MessagePosted
from shared.domain.keys import order_key
from shared.domain.merchant import Membership
from shared.domain.order import OrderCase
from shared.domain.policy import Policy
from shared.domain.why import Origin
from shared.ports import StoredCase
from tests.fakes import FakeClock
from tests.moto_aws import MotoAws
from tests.unit.merchants.conftest import JOINED, TABLE, Deployment, Run

BUCKET = "huhang-history"


@pytest.fixture
def full(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A deployment in which two merchants, one with the other's name as a beginning, have something of everything."""
    monkeypatch.setenv("HUHANG_HISTORY_BUCKET", BUCKET)
    s3: Any = Session().create_client("s3", region_name="cn-north-1")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "cn-north-1"})
    aws = MotoAws().dynamodb
    cases, pushes = DynamoCaseStore(aws, TABLE), DynamoUnknownPushes(aws, TABLE)
    ledger = DynamoCommandLedger(aws, TABLE, FakeClock(JOINED))
    deployment.policies.put_policy(Policy(merchant="acme-2", version=1))
    deployment.merchants.put(Membership(merchant="acme-2", since=JOINED))
    for merchant in ("acme", "acme-2"):
        order = OrderCase(platform="douyin", order_id=f"of-{merchant}", updated_at=JOINED, paid_fen=1990)
        before = StoredCase(order_key(merchant, "douyin", order.order_id))
        cases.save(before, order, outbox=(), due=JOINED + timedelta(days=1), draw=None, now=JOINED)
        until = JOINED + timedelta(minutes=1)
        ledger.claim(merchant, "c#1", JOINED, until)
        told = MessagePosted(merchant=merchant, group="desk", answers=f"{merchant}|digest|desk#1")
        ledger.record(merchant, "c#1", told)
        pushes.keep(merchant, "zto", "unknown_action", b'{"a": 1}', JOINED)
        for day in ("2026-11-01", "2026-11-02"):
            s3.put_object(Bucket=BUCKET, Key=f"history/{merchant}/{day}/0-abc.jsonl.gz", Body=merchant.encode())
    deployment.policies.put_policy(Policy(merchant="acme", version=2, tries_max=9), Origin(by="li", at=JOINED))
    return deployment


def _lines(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.usefixtures("full")
def test_an_export_holds_everything_that_is_stored(run: Run, tmp_path: Path) -> None:
    to = tmp_path / "export"
    assert f"exported to {to}" in run("export", "acme", "--to", to)
    [case] = _lines(to, "cases")
    assert (case["kind"], case["id"], case["v"], case["body"]["paid_fen"]) == ("order", "douyin:of-acme", 1, 1990)
    assert {(one["id"], one["body"].get("tries_max")) for one in _lines(to, "policies")} == {
        ("-", 9), ("00000001", None), ("00000002", 9),
    }  # fmt: skip
    assert [one["origin"]["by"] for one in _lines(to, "policies") if "origin" in one] == ["li"]
    [command] = _lines(to, "commands")
    assert (command["id"], command["state"], len(command["outbox"])) == ("c#1", "done", 1)
    [push] = _lines(to, "pushes")
    assert push["source"] == "zto"
    assert base64.b64decode(push["raw"])
    assert [one["membership"]["shops"] for one in _lines(to, "memberships")] == [["douyin:4012345"]]
    assert sorted(str(path.relative_to(to)) for path in to.glob("history/**/*.gz")) == [
        "history/2026-11-01/0-abc.jsonl.gz", "history/2026-11-02/0-abc.jsonl.gz",
    ]  # fmt: skip


@pytest.mark.usefixtures("full")
def test_nothing_of_a_merchant_with_a_longer_name_is_in_it(run: Run, tmp_path: Path) -> None:
    run("export", "acme", "--to", tmp_path / "export")
    for path in (tmp_path / "export").rglob("*"):
        assert not path.is_file() or b"acme-2" not in path.read_bytes()


@pytest.mark.usefixtures("full")
def test_the_manifest_counts_what_is_there(run: Run, tmp_path: Path) -> None:
    to = tmp_path / "export"
    manifest = json.loads(run("export", "acme", "--to", to, "--json"))
    assert manifest == json.loads((to / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["merchant"], manifest["history_objects"]) == ("acme", 2)
    for name, digest in manifest["files"].items():
        assert manifest["lines"][name] == len((to / name).read_text(encoding="utf-8").splitlines())
        assert digest == hashlib.sha256((to / name).read_bytes()).hexdigest()
    assert sorted(manifest["lines"]) == sorted(path.name for path in to.glob("*.jsonl"))


@pytest.mark.usefixtures("full")
def test_an_export_that_breaks_off_leaves_no_folder_and_is_continued(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "export"
    s3 = Deployed().client("s3")
    got: list[str] = []

    class Breaking:
        def __getattr__(self, name: str) -> Any:
            return getattr(s3, name)

        def get_object(self, **where: Any) -> Any:
            got.append(where["Key"])
            if len(got) == 2:
                raise KeyboardInterrupt
            return s3.get_object(**where)

    make = Deployed._make_client
    monkeypatch.setattr(Deployed, "_make_client", lambda self, name: Breaking() if name == "s3" else make(self, name))
    with pytest.raises(KeyboardInterrupt):
        export(Deployed(), "acme", to, lambda _: None)
    assert not to.exists()
    run("export", "acme", "--to", to)
    assert got == [f"history/acme/2026-11-0{day}/0-abc.jsonl.gz" for day in (1, 2, 2)]  # the first one was there
    assert not list(tmp_path.glob("*.part"))
    assert len(list(to.glob("history/*/*.gz"))) == 2


@pytest.mark.usefixtures("full")
def test_an_export_replaces_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert "is there already" in run("export", "acme", "--to", tmp_path / "mine", status=1)
    assert "no such merchant" in run("export", "nobody", "--to", tmp_path / "new", status=1)
    assert not (tmp_path / "new.part").exists()


@pytest.mark.usefixtures("full")
def test_only_its_owner_can_read_an_export(run: Run, tmp_path: Path) -> None:
    run("export", "acme", "--to", tmp_path / "export")
    assert (tmp_path / "export").stat().st_mode & 0o077 == 0


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_unless_it_is_not_wanted() -> None:
    shown, quiet, file = _Terminal(), _Terminal(), io.StringIO()
    _progress(shown, quiet=False)("half")
    _progress(quiet, quiet=True)("half")
    _progress(file, quiet=False)("half")
    assert (shown.getvalue().strip("\r\x1b[K"), quiet.getvalue(), file.getvalue()) == ("half", "", "")
