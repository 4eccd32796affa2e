"""Manages merchants and their policies: `python -m infra.merchants list|show|pause|resume|history|export|policy …`."""

import json
import sys
from collections.abc import Sequence

from infra.deployed import Deployed, NotDeployed, Problems, explained
from infra.merchants.command_line import make_parser
from infra.merchants.documents import Refusal
from infra.merchants.merchant_commands import MERCHANT_COMMANDS
from infra.merchants.policy_commands import POLICY_COMMANDS
from infra.merchants.stores import Stores
from infra.terminal import write_lines
from shared.errors import LostRace, Retryable

_TRY_AGAIN = "另一人刚刚改过，请看过再试 somebody else has just changed it: look again, then repeat"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; 1 where it cannot be done, 2 where it makes no sense."""
    asked = make_parser().parse_args(arguments)
    command = POLICY_COMMANDS[asked.subcommand] if asked.command == "policy" else MERCHANT_COMMANDS[asked.command]
    try:
        answer = command(asked, Stores(Deployed(asked.stack, asked.local)))
    except (NotDeployed, Refusal, *Problems) as problem:
        sys.stderr.write(f"merchants: {explained(problem)}\n")
        return 1
    except (LostRace, Retryable):
        sys.stderr.write(f"merchants: {_TRY_AGAIN}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    write_lines([json.dumps(answer.document, ensure_ascii=False, indent=2)] if asked.json else answer.lines)
    return answer.status


if __name__ == "__main__":
    sys.exit(main())
