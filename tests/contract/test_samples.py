"""Every sample of the outside world behaves as it says, and every vendor has some."""

from pathlib import Path

import pytest

from tests.contract.samples import Sample, load_samples, run_call, run_push

SAMPLES = load_samples()
SHARED = Path(__file__).parents[2] / "shared"
VENDORS = sorted(
    (kind, path.stem)
    for kind in ("platforms", "couriers", "erps", "channels")
    for path in (SHARED / kind).glob("*.py")
    if path.stem != "__init__"
)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.kind}/{sample.vendor}/{sample.name}")
def test_a_sample_behaves_as_it_says(sample: Sample) -> None:
    assert sample.source
    assert (run_push(sample) if "headers" in sample.given else run_call(sample)) == sample.expect


@pytest.mark.parametrize(("kind", "vendor"), VENDORS)
def test_every_vendor_has_samples(kind: str, vendor: str) -> None:
    assert any((sample.kind, sample.vendor) == (kind, vendor) for sample in SAMPLES)


@pytest.mark.parametrize(("kind", "vendor"), VENDORS)
@pytest.mark.parametrize("behaviour", ["accepted", "refused_", "account_with", "http_5"])
def test_every_vendor_checks_an_account(kind: str, vendor: str, behaviour: str) -> None:
    """An account is taken, refused, found incomplete, or cannot be tried now."""
    names = [sample.name for sample in SAMPLES if (sample.kind, sample.vendor) == (kind, vendor)]
    assert [name for name in names if name.startswith("check_") and behaviour in name]


def test_no_sample_is_of_an_unknown_vendor() -> None:
    assert {(sample.kind, sample.vendor) for sample in SAMPLES} <= set(VENDORS)
