"""The operators' command line for merchants and their policies."""

import argparse
from pathlib import Path

from infra.deployed import add_deployment_options

_ABOUT = """\
商户与策略 · Merchants and their policies, in the deployment that the AWS environment names, or in a local cloud.

A merchant joins and leaves by its own stack (docs/joining.md); here its policy is checked, compared, changed and
taken back, and the merchant itself is listed, paused, resumed and exported. Who did what, when and why is kept.
"""
_EXAMPLES = """\
examples:
  # is it right? needs no deployment
  python -m infra.merchants policy validate policy.json --accounts accounts.json

  # what would change, and for whom?
  python -m infra.merchants policy diff acme policy.json
  python -m infra.merchants policy diff acme:3 acme:4

  # which open orders and parcels would get other limits, by a policy or by a rule pack of another day?
  python -m infra.merchants policy impact acme policy.json
  python -m infra.merchants policy impact acme --pack june.json

  # put it in force, then take it back; without --yes both only say what they would do
  python -m infra.merchants policy put acme policy.json --reason "higher budget for 11.11" --yes
  python -m infra.merchants policy rollback acme 3 --reason "the promotion is over" --yes

  # stop everything that touches the outside, and go on
  python -m infra.merchants pause acme --reason "wrong refunds reported"
  python -m infra.merchants resume acme

  # all that is stored of a merchant, without credentials
  python -m infra.merchants export acme --to acme-export

ends with 0; with 1 where it cannot be done or a policy is refused (the message says why); with 2 where the command
makes no sense. --json prints the same for programs.
"""
FILE = "a policy document; - reads what is piped in"


def make_parser() -> argparse.ArgumentParser:
    """Describe the commands."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.merchants",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add(commands, "list", "所有商户 · all merchants")
    _with_merchant(_add(commands, "show", "一家商户 · one merchant"))
    _with_merchant(_add(commands, "history", "谁在何时做了什么 · who changed what, when and why"))
    paused = _with_merchant(_add(commands, "pause", "停止一切对外动作 · carry out nothing outside; nothing is lost"))
    paused.add_argument("--reason", required=True, help="why; the merchant's tickets and the history say it")
    resumed = _with_merchant(_add(commands, "resume", "恢复 · go on"))
    resumed.add_argument("--reason", default="", help="why")
    exported = _with_merchant(_add(commands, "export", "导出全部数据 · all that is stored, without credentials"))
    exported.add_argument("--to", required=True, metavar="DIR", help="a new folder; a started export is continued")
    exported.add_argument("--quiet", action="store_true", help="no progress on stderr")
    policy = commands.add_parser("policy", help="商户策略 · policies")
    _add_policy(policy.add_subparsers(dest="subcommand", required=True, metavar="COMMAND"))
    return parser


def _add_policy(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    _add(commands, "schema", "JSON Schema，供编辑器使用 · the JSON Schema, for editors")
    _add(commands, "fields", "全部字段的含义 · what every field means")
    checked = _add(commands, "validate", "检查策略文件 · is a policy right?")
    checked.add_argument("file", metavar="FILE", help=FILE)
    checked.add_argument("--accounts", metavar="FILE", help="the accounts (JSON); only their names are looked at")
    compared = _add(commands, "diff", "改了什么，影响谁 · what differs, and whom it concerns")
    for operand in ("old", "new"):
        compared.add_argument(operand, metavar=operand.upper(), help="FILE, MERCHANT or MERCHANT:VERSION")
    touched = _with_merchant(
        _add(commands, "impact", "在途的单会怎样 · which open orders and parcels get other limits")
    )
    touched.add_argument("new", nargs="?", metavar="NEW", help="FILE or MERCHANT:VERSION (default: as it is)")
    touched.add_argument("--pack", type=Path, metavar="FILE", help="a rule pack that is not in force yet (JSON)")
    shown = _with_merchant(_add(commands, "show", "生效的策略 · the policy in force, to be edited and put again"))
    shown.add_argument("--version", type=_version, metavar="N", help="an earlier one")
    put = _with_merchant(_add(commands, "put", "发布下一版 · put the next version in force"))
    put.add_argument("file", metavar="FILE", help=FILE)
    back = _with_merchant(
        _add(commands, "rollback", "回到旧版 · put an earlier version in force again, as the next one")
    )
    back.add_argument("version", type=_version, metavar="VERSION")
    for change in (put, back):
        change.add_argument("--reason", required=True, help="why; the history keeps it")
        change.add_argument("--yes", action="store_true", help="do it; without, say what would change")
    _with_merchant(_add(commands, "history", "历次版本 · every version there was"))


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, meaning: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=meaning, description=meaning)
    add_deployment_options(parser)
    parser.add_argument("--json", action="store_true", help="the answer for programs")
    return parser


def _with_merchant(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("merchant", metavar="MERCHANT", help="the merchant's id")
    return parser


def _version(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 10**8:
        raise argparse.ArgumentTypeError(f"{text!r} is no version: write a number from 1 on")
    return int(text)
