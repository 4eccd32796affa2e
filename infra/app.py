"""The CDK app: `python -m infra.app`, run by the CDK CLI (see cdk.json)."""

import os

from aws_cdk import App

from infra.bundle.build import Bundles, build_bundles
from infra.options import Options, read_options, require_emulator
from infra.stack import HuhangStack


def make_app(options: Options, bundles: Bundles, outdir: str | None = None) -> tuple[App, HuhangStack]:
    """Compose the app for one deployment."""
    app = App(outdir=outdir, analytics_reporting=False)
    return app, HuhangStack(app, options, bundles)


def main() -> None:
    """Read the context, bundle the code and write the cloud assembly."""
    context = App(analytics_reporting=False).node.try_get_context
    region = context("region") or os.environ.get("CDK_DEFAULT_REGION")
    account = context("account") or os.environ.get("CDK_DEFAULT_ACCOUNT")
    options = read_options(context, region, account)
    require_emulator(options, os.environ.get("AWS_ENDPOINT_URL", ""))
    app, _ = make_app(options, build_bundles(options.target))
    app.synth()


if __name__ == "__main__":
    main()
