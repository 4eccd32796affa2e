"""Runs a script and tells what its process has loaded by then.

    loaded.py <script> [its arguments]

Standard library only. The last line on standard error holds modules, files opened by Python, and peak memory.
"""

import sys

opened = [0]


def count(name: str, _: object) -> None:
    """Hear what the interpreter does."""
    opened[0] += name == "open"


sys.argv = sys.argv[1:]
with open(sys.argv[0], encoding="utf-8") as script:
    code = compile(script.read(), sys.argv[0], "exec")
sys.addaudithook(count)
exec(code, {"__name__": "__main__"})
files = opened[0]

import json  # noqa: E402  # not before the script had its chance

with open("/proc/self/status", encoding="ascii") as status:
    peak = next(line for line in status if line.startswith("VmHWM"))
counts = {"modules": len(sys.modules), "files": files, "peak_kib": int(peak.split()[1])}
sys.stderr.write(json.dumps(counts) + "\n")
