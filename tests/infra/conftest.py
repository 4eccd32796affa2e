"""Synthesizes once per run; the code in the templates is a stub, since only its place matters here."""

import os
import sys
from pathlib import Path

import pytest

from infra.bundle.build import Bundles, build_bundles
from infra.bundle.targets import local_target
from tests.infra.deployments import CONTEXTS, Deployment, stub_bundles, synthesize

os.environ["PATH"] = (
    f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # CDK's Node is in the environment
)


@pytest.fixture(scope="session")
def deployments(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Deployment]:
    """All deployments by name."""
    folder = tmp_path_factory.mktemp("assemblies")
    bundles = stub_bundles(folder)
    return {name: synthesize(name, folder, bundles) for name in CONTEXTS}


@pytest.fixture(params=list(CONTEXTS))
def deployed(request: pytest.FixtureRequest, deployments: dict[str, Deployment]) -> Deployment:
    """Each deployment in turn."""
    return deployments[request.param]


@pytest.fixture(scope="session")
def bundles() -> Bundles:
    """The real bundles for this machine."""
    return build_bundles(local_target())
