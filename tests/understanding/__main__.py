"""Scores the understanding of messages: `python -m tests.understanding [--part looked]`, all parts by default.

Only sums are printed, never a sentence: whoever reads sentences of the kept or held-out part has spoilt it.
"""

import argparse
import json
import sys
from pathlib import Path

from shared.domain.chat import Intent
from shared.rules.understanding.lexicon import VERSION
from shared.rules.understanding.understand import understand
from tests.understanding.rows import part
from tests.understanding.scores import Quality, Scores, score

PARTS = ("looked", "kept", "held")
RESULT = Path(__file__).parents[2] / ".build" / "understanding.json"


def main() -> int:
    """Score, print and keep."""
    parser = argparse.ArgumentParser(prog="python -m tests.understanding", description=__doc__)
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part; can be repeated")
    chosen = parser.parse_args().part or PARTS
    known = {name: score(rows, understand) for name in PARTS if name in chosen and (rows := part(name))}
    for name, scores in known.items():
        sys.stdout.write("\n".join(_told(name, scores)) + "\n\n")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"version": VERSION} | {name: _kept(s) for name, s in known.items()}, indent=2) + "\n")
    return 0


def _told(name: str, scores: Scores) -> list[str]:
    lines = [
        f"== {name}: {scores.rows} sentences, lexicon {VERSION}",
        f"accuracy {scores.accuracy:.3f}, macro F1 {scores.macro_f1:.3f} over all intents, "
        f"{scores.after_sales_f1:.3f} over the six of after-sales",
        *_table("intent", {intent.value: one for intent, one in scores.intents.items()}),
        *_table("tone", {tone.value: one for tone, one in scores.tones.items()}),
        *_table("complaint from", {f"{least:.1f}": one for least, one in scores.complaints.items()}),
        "",
        "meant (down), understood (across): " + ", ".join(f"{at}={name}" for at, name in enumerate(Intent)),
        "    " + "".join(f"{at:>5}" for at in range(len(Intent))),
    ]
    for at, meant in enumerate(Intent):
        counts = [scores.confusion[meant.value, understood.value] for understood in Intent]
        lines.append(f"{at:>4}" + "".join(f"{count or '.':>5}" for count in counts))
    return lines


def _table(title: str, found: dict[str, Quality]) -> list[str]:
    head = ["", f"{title:<18}{'precision':>10}{'recall':>8}{'F1':>8}{'rows':>7}"]
    return head + [
        f"{name:<18}{one.precision:>10.3f}{one.recall:>8.3f}{one.f1:>8.3f}{one.rows:>7}" for name, one in found.items()
    ]


def _kept(scores: Scores) -> dict[str, object]:
    def plain(found: dict[str, Quality]) -> dict[str, object]:
        return {name: one._asdict() | {"f1": one.f1} for name, one in found.items()}

    return {
        "rows": scores.rows,
        "accuracy": scores.accuracy,
        "macro_f1": scores.macro_f1,
        "after_sales_f1": scores.after_sales_f1,
        "intents": plain({intent.value: one for intent, one in scores.intents.items()}),
        "tones": plain({tone.value: one for tone, one in scores.tones.items()}),
        "complaints": plain({f"{least:.1f}": one for least, one in scores.complaints.items()}),
        "confusion": {f"{meant} as {said}": count for (meant, said), count in sorted(scores.confusion.items())},
    }


if __name__ == "__main__":
    sys.exit(main())
