"""Runs a function in a process of its own, as Lambda first does: import it, then give it each event of a file.

    probe.py <events.json> <function>

Standard library only, and little of it: what this script does is part of what is measured.
"""

import sys


def main() -> None:
    """Start the function and let it take its events."""
    path, name = sys.argv[1:]
    from importlib import import_module

    handler = import_module(f"functions.{name}.handler").handler
    import json

    with open(path, encoding="utf-8") as file:
        events = json.load(file)
    for event in events:
        failures = (handler(event, None) or {}).get("batchItemFailures")
        if failures:
            raise SystemExit(f"{name} failed: {failures}")


main()
