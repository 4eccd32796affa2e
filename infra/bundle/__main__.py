"""`python -m infra.bundle local|arm64|x86_64` builds one target's bundles; prints their folders and sizes."""

import argparse
import sys
from pathlib import Path

from infra.bundle.build import build_bundles
from infra.bundle.targets import lambda_target, local_target


def main() -> None:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m infra.bundle", description=__doc__)
    parser.add_argument("target", choices=["local", "arm64", "x86_64"])
    chosen = parser.parse_args().target
    bundles = build_bundles(local_target() if chosen == "local" else lambda_target(chosen))
    for path in (bundles.webhook, bundles.worker):
        sys.stdout.write(f"{path}  {size_mib(path):.1f} MiB\n")
    sys.stdout.write(f"{bundles.sbom}  what is inside, as CycloneDX\n")


def size_mib(folder: Path) -> float:
    """Add up the sizes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


if __name__ == "__main__":
    main()
