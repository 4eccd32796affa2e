"""A result as one JSON document: the same bytes for the same input."""

import json

from infra.backtest.figures import figures_of
from infra.backtest.run import Result
from infra.backtest.timeline import lines_of


def as_json(result: Result, *, predict: bool) -> str:
    """Write a result for machines. Money is in fen, leads are in minutes, shares between 0 and 1."""
    document = figures_of(result, predict=predict)
    document["sample"] = [
        {"case": trace.story.name, "timeline": lines_of(trace, result.history.zone)} for trace in result.sample
    ]
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
