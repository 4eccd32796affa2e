"""Writes the golden files anew: `make golden`."""

import tempfile
from pathlib import Path

from tests.infra.deployments import CONTEXTS, stub_bundles, synthesize
from tests.infra.golden import FOLDER, text_of

with tempfile.TemporaryDirectory() as made:
    bundles = stub_bundles(Path(made))
    deployments = {name: synthesize(name, Path(made), bundles) for name in CONTEXTS}
    for name in deployments:
        (FOLDER / f"{name}.txt").write_text(text_of(name, deployments), "utf-8")
