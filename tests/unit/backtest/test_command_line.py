"""`python -m infra.backtest`: what it takes, what it prints, and what it says of inputs that it cannot read."""

import csv
import gzip
import json
from pathlib import Path

import pytest

from infra.backtest.__main__ import main
from infra.backtest.policies import wrong_cases
from shared.domain.packs import packs
from tests.unit.backtest.build import at, write_csv

POLICY = {"merchant": "shop", "version": 3}
ROWS = [("A1", 0, 30, 90), ("A2", 0, 60, 90), ("A3", 0, 3, 40)]


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy with the rule pack's limits."""
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY))
    return path


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """Three orders."""
    return write_csv(tmp_path / "orders.csv", ROWS)


def fails(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run, expect the end that says that an input is wrong, and give the message."""
    try:
        code = main([str(one) for one in arguments])
    except SystemExit as end:
        code = int(str(end.code))
    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    return told.err


def prints(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run, expect success, and give what was printed."""
    assert main([str(one) for one in arguments]) == 0
    return capsys.readouterr().out


def test_it_prints_a_report(capsys: pytest.CaptureFixture[str], policy: Path, orders: Path) -> None:
    text = prints(capsys, "--policy", policy, "--csv", orders)
    assert text.startswith(
        "回测 backtest：shop 的策略第 3 版；什么都没有发出 nothing was sent\n3 单 orders，2026-03-02 至"
    )


def test_gzip_and_plain_files_may_come_together(
    capsys: pytest.CaptureFixture[str], policy: Path, orders: Path, tmp_path: Path
) -> None:
    packed = tmp_path / "more.csv.gz"
    packed.write_bytes(gzip.compress(orders.read_bytes().replace(b"\nA", b"\nB")))
    document = json.loads(prints(capsys, "--policy", policy, "--json", "--csv", orders, packed))
    assert document["history"]["cases"] == 6
    assert document["rules"]["ship_48h"]["broken"] == 2


def test_columns_can_be_named(capsys: pytest.CaptureFixture[str], policy: Path, tmp_path: Path) -> None:
    header = ("订单号", "付款时间", "揽收时间", "签收时间", "商品", "运费")
    rows = [("A1", 0, 60, 90, "10", "2.50"), ("A2", 0, 3, 40, "10", "")]
    path = write_csv(tmp_path / "o.csv", rows, header)
    path.write_bytes(path.read_text().encode("gb18030"))
    columns = "order_id=订单号,paid_at=付款时间,picked_up_at=揽收时间,delivered_at=签收时间,paid=商品+运费"
    text = prints(capsys, "--policy", policy, "--json", "--encoding", "gbk", "--columns", columns, "--csv", path)
    assert json.loads(text)["rules"]["ship_48h"]["exposure_fen"] == 500


def test_a_byte_order_mark_is_no_part_of_a_columns_name(
    capsys: pytest.CaptureFixture[str], policy: Path, orders: Path
) -> None:
    orders.write_bytes(b"\xef\xbb\xbf" + orders.read_bytes())
    for encoding in ("utf-8", "UTF8", "utf-8-sig"):
        text = prints(capsys, "--policy", policy, "--json", "--encoding", encoding, "--csv", orders)
        assert json.loads(text)["history"]["cases"] == 3


def test_a_rule_that_never_rests_is_named_as_a_bug(
    capsys: pytest.CaptureFixture[str], policy: Path, orders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.backtest.replay._TICKS_MAX", 1)
    assert main(["--policy", str(policy), "--csv", str(orders)]) == 1
    assert "a rule never comes to rest: A1 had 1 decisions by 2026-03-" in capsys.readouterr().err


def test_a_preset_can_be_changed(capsys: pytest.CaptureFixture[str], policy: Path, tmp_path: Path) -> None:
    header = ("order_id", "paid_at", "handed_to_carrier_at", "delivered_at", "ship_by", "price", "freight", "status")
    rows = [("A1", 0, 60, 90, 72, "1", "1", "delivered")]
    path = write_csv(tmp_path / "o.csv", rows, (*header, "customer_state"))
    path.write_text(path.read_text().replace(",delivered\n", ",delivered,SP\n"))
    broken = [
        json.loads(prints(capsys, "--policy", policy, "--json", "--columns", columns, "--csv", path))["rules"]
        for columns in ("olist", "olist,ship_by=")
    ]
    assert broken[0]["platform_ship_by"]["broken"] == 0
    assert broken[1]["ship_48h"]["broken"] == 1


def test_rows_can_be_chosen(capsys: pytest.CaptureFixture[str], policy: Path, tmp_path: Path) -> None:
    header = ("order_id", "paid_at", "picked_up_at", "delivered_at", "kind")
    rows = [(*row, kind) for row, kind in zip(ROWS, ("a", "b", ""), strict=True)]
    path = write_csv(tmp_path / "o.csv", rows, header)
    for where, cases in ((("kind=a,b",), 2), (("kind!=",), 2), (("kind!=a", "kind!="), 1), (("kind=",), 1)):
        options = [option for one in where for option in ("--where", one)]
        text = prints(capsys, "--policy", policy, "--json", *options, "--csv", path)
        assert json.loads(text)["history"]["cases"] == cases


def test_every_case_that_changes_goes_to_a_file(
    capsys: pytest.CaptureFixture[str], policy: Path, orders: Path, tmp_path: Path
) -> None:
    limit = {"rule": "ship_48h", "span": "pay_to_ship", "breach": "PT24H", "lead": "PT6H"}
    stricter = tmp_path / "stricter.json"
    stricter.write_text(json.dumps(POLICY | {"version": 4, "watching": {"limits": [limit]}}))
    changes = tmp_path / "changes.csv"
    text = prints(capsys, "--policy", stricter, "--against", policy, "--changes", changes, "--csv", orders)
    assert "与第 3 版 version 3 相比，有变化的单 cases that change: 1" in text
    with changes.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["case"], row["broken"], row["lead_minutes"]) for row in rows] == [("A1", "newly", "360")]


def test_a_pack_is_compared_with_the_policy_itself(
    capsys: pytest.CaptureFixture[str], policy: Path, orders: Path, tmp_path: Path
) -> None:
    pack = packs()[0].model_dump(mode="json") | {"name": "june", "since": at(-1), "limits": [], "cases": []}
    path = tmp_path / "june.json"
    path.write_text(json.dumps(pack))
    text = prints(capsys, "--policy", policy, "--pack", path, "--csv", orders)
    assert "与现行规则包 the pack in force相比，有变化的单 cases that change: 2" in text


def test_every_pack_gets_its_own_cases_right_and_has_one_for_every_clock() -> None:
    for pack in packs():
        assert wrong_cases(pack) == []
        assert {case.span for case in pack.cases} == {limit.span for limit in pack.limits}


def test_a_pack_that_fails_its_own_cases_is_refused_and_they_are_named(
    capsys: pytest.CaptureFixture[str], policy: Path, orders: Path, tmp_path: Path
) -> None:
    pack = packs()[0].model_dump(mode="json") | {"name": "june"}
    pack["limits"] = [limit for limit in pack["limits"] if limit["rule"] != "stalled_48h"]
    path = tmp_path / "june.json"
    path.write_text(json.dumps(pack))
    assert main(["--policy", str(policy), "--pack", str(path), "--csv", str(orders)]) == 2
    told = capsys.readouterr().err
    assert "stagnation 浙江省: stalled_48h 48 h, but the limits say stalled_remote_96h 96 h" in told


def test_until_ends_the_history_in_its_own_zone(capsys: pytest.CaptureFixture[str], policy: Path, orders: Path) -> None:
    text = prints(
        capsys, "--policy", policy, "--json", "--until", "2026-03-02T17:00", "--zone", "Asia/Shanghai", "--csv", orders
    )
    assert json.loads(text)["history"]["until"] == "2026-03-02T09:00:00+00:00"


def test_the_help_names_every_field_and_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert "order_id=订单号" in text
    assert "delivered_at         delivered to the buyer" in text
    assert "--against" in text


# ---- what cannot be read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either files of the archive or --csv FILE"),
        (["history", "--csv", "o.csv"], "give either files of the archive or --csv FILE"),
        (["history", "--pack", "p", "--against", "q"], "give one of the two"),
        (["history", "--changes", "c"], "--changes needs something to compare with"),
        (["history", "--sample", "-1"], "is no number from 0 to 1000"),
        (["history", "--until", "soon"], "is no time such as"),
        (["--csv", "o.csv", "--zone", "Mars"], "is no IANA time zone"),
        (["--csv", "o.csv", "--encoding", "runes"], "is no encoding"),
        (["nowhere"], "no such file, or no *.jsonl.gz in it"),
        (["--csv", "o.csv", "--platform", "抖店"], "'抖店' is no short code such as douyin or zto"),
        (["--csv", "nowhere.csv"], "nowhere.csv: No such file"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(
    capsys: pytest.CaptureFixture[str], policy: Path, arguments: list[str], message: str
) -> None:
    assert message in fails(capsys, "--policy", policy, *arguments)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("order_id\nA1\n", "there is no time that can be read: 没有时间列或没有行 no column of times"),
        ("order_id,paid_at\nA1,46280.57\nA2,46281.1\n", "2 × 时间是一个数字（表格的日期序号或时间戳）"),
        ("order_id,paid_at\nA1,2026/3/2\n", "1 × 只有日期没有时分，请带时分导出"),
        (
            "order_id,paid_at\nA1\n",
            "1 × 列数与表头不同，略去 a row with another number of columns: left out (o.csv, line 2)",
        ),
        ("order_id;paid_at\n", "columns are separated by commas, here by ';'"),
        (f"order_id,paid_at\n6.92179E+17,{at(0)}\n", "1 × 订单号已被表格四舍五入，请按文本导出"),
        ("id,paid_at\n", "line 1: no column is mapped to order_id; there are id, paid_at"),
        ("order_id,paid_at\nA1,2026-03-02 10:00:00\n", "line 2: '2026-03-02 10:00:00' names no time zone"),
        ('order_id,paid_at\nA1,"2026\n', "after line 2: unexpected end of data"),
        ("order_id,order_id,paid_at\n", "line 1: the column 'order_id' is there twice"),
        (f"order_id,paid_at\n,{at(0)}\n", "1 × 没有订单号，略去 no order number: left out (o.csv, line 2)"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(
    capsys: pytest.CaptureFixture[str], policy: Path, tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "o.csv"
    path.write_text(text)
    assert message in fails(capsys, "--policy", policy, "--csv", path)


def test_bytes_that_are_no_text_or_no_gzip_are_named(
    capsys: pytest.CaptureFixture[str], policy: Path, orders: Path
) -> None:
    text = orders.read_bytes()
    orders.write_bytes(text + "A4,付款".encode("gbk"))
    told = fails(capsys, "--policy", policy, "--csv", orders)
    assert "is not utf-8；表格软件常用 spreadsheets in China often write --encoding gb18030" in told
    orders.write_bytes(gzip.compress(text * 2000)[:-40])
    assert "orders.csv, after line" in fails(capsys, "--policy", policy, "--csv", orders)


@pytest.mark.parametrize(
    ("beginning", "message"),
    [
        (b"PK\x03\x04", "是 Excel 工作簿，请另存为「CSV UTF-8」"),
        (b"\xd0\xcf\x11\xe0", "is a workbook: save it as CSV UTF-8"),
        (b"\xff\xfe", "is UTF-16: give --encoding utf-16"),
    ],
)
def test_other_files_of_spreadsheets_are_told_how_to_become_one_that_can_be_read(
    capsys: pytest.CaptureFixture[str], policy: Path, orders: Path, beginning: bytes, message: str
) -> None:
    orders.write_bytes(beginning + orders.read_bytes())
    assert message in fails(capsys, "--policy", policy, "--csv", orders)


def test_orders_in_csv_are_not_taken_for_the_archive(
    capsys: pytest.CaptureFixture[str], policy: Path, orders: Path
) -> None:
    assert "orders in CSV: python -m infra.backtest --csv" in fails(capsys, "--policy", policy, orders)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--columns", "order_id=id"], "line 1: no column 'id' for order_id; there are order_id, paid_at"),
        (["--columns", "fancy"], "'fancy' is neither a preset (plain, olist) nor field=column"),
        (["--columns", "colour=red"], "there is no field 'colour'"),
        (["--where", "kind"], "'kind' is neither column=value nor column!=value"),
        (["--where", "kind=a"], "no column 'kind' for --where"),
        (["--weight-column", "w"], "no column 'w' for --weight-column"),
        (["--until", "2020-01-01T00:00Z"], "nothing is left to look at before 2020-01-01"),
    ],
)
def test_columns_that_are_not_there_are_named_beside_those_that_are(
    capsys: pytest.CaptureFixture[str], policy: Path, orders: Path, options: list[str], message: str
) -> None:
    assert message in fails(capsys, "--policy", policy, *options, "--csv", orders)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{\n nonsense", "this is no JSON: Expecting property name enclosed in double quotes at line 2"),
        (json.dumps(POLICY | {"merchant": "Shop!"}), "merchant: "),
        (json.dumps(POLICY | {"watching": {"limits": [{"rule": "r"}]}}), "watching.limits[0].span: 缺少这一项"),
        (json.dumps(POLICY | {"watch": {}}), "watch: 没有这一项 there is no key 'watch'; did you mean watching?"),
    ],
)
def test_a_policy_that_is_none_is_named_with_its_place(
    capsys: pytest.CaptureFixture[str], policy: Path, orders: Path, text: str, message: str
) -> None:
    policy.write_text(text)
    assert message in fails(capsys, "--policy", policy, "--csv", orders)
    policy.unlink()
    assert "policy.json: No such file" in fails(capsys, "--policy", policy, "--csv", orders)


def test_a_list_that_cannot_be_written_is_named(
    capsys: pytest.CaptureFixture[str], policy: Path, orders: Path, tmp_path: Path
) -> None:
    where = tmp_path / "no" / "changes.csv"
    told = fails(capsys, "--policy", policy, "--against", policy, "--changes", where, "--csv", orders)
    assert "changes.csv: No such file" in told


def test_a_policy_document_says_neither_its_merchant_nor_its_version(
    capsys: pytest.CaptureFixture[str], policy: Path, orders: Path
) -> None:
    policy.write_text("{}")
    text = prints(capsys, "--policy", policy, "--merchant", "acme", "--csv", orders)
    assert text.startswith("回测 backtest：acme 的策略第 1 版")
    assert prints(capsys, "--policy", policy, "--csv", orders)


def test_the_policies_of_two_merchants_are_not_compared(
    capsys: pytest.CaptureFixture[str], policy: Path, orders: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps(POLICY | {"merchant": "other"}))
    told = fails(capsys, "--policy", policy, "--against", other, "--csv", orders)
    assert "other.json:\n  merchant: 这是另一家商户的策略 this is the policy of 'other', not of shop" in told
