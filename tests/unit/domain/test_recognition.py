"""Letters decide which carrier a number belongs to, digits only suggest it, and when unsure nobody is named."""

from random import Random
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import recognition
from shared.domain.recognition import Candidate, candidates, contradicts, s10_check_digit, sure

CARRIERS = {"zto", "yto", "sto", "yunda", "sf", "jt", "jdl", "ems", "deppon", "cainiao"}
_numbers = st.from_regex(r"(SF|YT|JT|JD|JDV|DPK|P|R|77|43|268|621|[A-Z]{0,2})[0-9]{8,15}(CN|GB)?", fullmatch=True)


def names(waybill: str) -> list[str]:
    """The carriers in question, best first."""
    return [candidate.carrier for candidate in candidates(waybill)]


@pytest.mark.parametrize(
    ("waybill", "carrier"),
    [
        ("SF1385628716739", "sf"),
        ("SFA012345678901", "sf"),
        ("YT8962646785389", "yto"),
        ("JT5261988016578", "jt"),
        ("JDVA12345678901", "jdl"),
        ("JDX024407261700", "jdl"),
        ("JDK024407261700", "jdl"),
        ("JD0012345678901", "jdl"),
        ("DPK202252612836", "deppon"),
        ("DPK2022526128361", "deppon"),
        ("PA12345678901", "ems"),
        ("EA123456785CN", "ems"),
    ],
)
def test_letters_decide(waybill: str, carrier: str) -> None:
    assert sure(candidates(waybill)) == carrier


@pytest.mark.parametrize(
    ("waybill", "carriers"),
    [
        ("73610555582883", ["zto", "yto"]),
        ("79610555582883", ["zto", "yto"]),  # another range of ZTO's length
        ("773277027280336", ["sto", "yto"]),
        ("77327702728033", ["sto", "zto", "yto"]),
        ("433277027280336", ["yunda", "sto", "yto"]),
        ("463431409940372", ["yunda", "yto"]),
        ("5234567890123", ["yunda", "yto"]),
        ("1207119765021", ["ems", "yto"]),
        ("8881234567890", ["ems", "sto", "yto"]),
        ("268123456789", ["sf", "sto", "yto"]),
        ("621123456789012", ["cainiao", "yto"]),
        ("123456789012", ["sf", "yto"]),
        ("D12345678901", ["yto"]),
    ],
)
def test_digits_only_suggest(waybill: str, carriers: list[str]) -> None:
    assert names(waybill) == carriers
    assert sure(candidates(waybill)) is None


@pytest.mark.parametrize("waybill", ["JT526198801657", "RB123456785GB"])
def test_letters_with_little_behind_them_are_asked_about(waybill: str) -> None:
    assert candidates(waybill)
    assert sure(candidates(waybill)) is None


@pytest.mark.parametrize(("serial", "digit"), [("12345678", 5), ("47312482", 9), ("10000000", 3), ("00000001", 4)])
def test_a_postal_number_carries_its_check_digit(serial: str, digit: int) -> None:
    assert s10_check_digit(serial) == digit
    assert [last for last in range(10) if names(f"EA{serial}{last}CN")] == [digit]
    assert [last for last in range(10) if names(f"RB{serial}{last}GB")] == [digit]


@pytest.mark.parametrize(("serial", "digit"), [("00000000", 5), ("00000050", 0)])
def test_a_check_digit_that_would_have_two_digits_is_replaced(serial: str, digit: int) -> None:
    assert s10_check_digit(serial) == digit


_GARBAGE = ["", " ", "1", "SF", "快递", "'; --", "7" * 10_000, "SF12345", "SF13856\n28716739", "YTA962646785389X"]
_LOOKALIKES = ["ＳＦ1385628716739", "SF138562871673９", "ſf1385628716739"]  # full-width letters and digit, a long s


@pytest.mark.parametrize("waybill", _GARBAGE + _LOOKALIKES)
def test_what_is_no_number_has_no_candidates(waybill: str) -> None:
    assert candidates(waybill) == ()


def test_case_and_blanks_around_a_number_do_not_matter() -> None:
    assert candidates(" sf1385628716739\n") == candidates("SF1385628716739")


def test_a_good_candidate_that_is_hardly_ahead_is_not_sure() -> None:
    assert sure([Candidate("sf", 0.95), Candidate("jt", 0.7)]) is None
    assert sure([Candidate("sf", 0.95), Candidate("jt", 0.6)]) == "sf"
    assert sure([Candidate("sf", 0.85)]) is None


@given(st.one_of(st.text(), _numbers))
def test_whatever_is_asked_the_answer_is_in_order(waybill: str) -> None:
    found = candidates(waybill)
    assert list(found) == sorted(found, key=lambda one: (-one.score, one.carrier))
    assert len({one.carrier for one in found}) == len(found)
    assert all(one.carrier in CARRIERS and 0 < one.score <= 1 for one in found)
    assert sure(found) in (None, *(one.carrier for one in found[:1]))


@given(_numbers, st.randoms(use_true_random=False))
def test_neither_the_order_of_the_table_nor_that_of_the_candidates_matters(waybill: str, random: Random) -> None:
    found = candidates(waybill)
    table = random.sample(recognition._PATTERNS, len(recognition._PATTERNS))
    with patch.object(recognition, "_PATTERNS", table):
        assert candidates(waybill) == found
    assert sure(random.sample(found, len(found))) == sure(found)


@given(st.from_regex(r"[0-9]{1,40}", fullmatch=True))
def test_digits_alone_are_never_sure(waybill: str) -> None:
    assert sure(candidates(waybill)) is None


@pytest.mark.parametrize(
    ("waybill", "carrier", "is_contradicted"),
    [
        ("399000000000121", "yunda", False),
        ("399000000000121", "ems", True),  # the range is Yunda's
        ("399000000000121", "yto", True),
        ("433277027280336", "sto", False),  # 0.5 beside Yunda's 0.7: both are possible
        ("JT526198801657", "jt", False),
        ("JT526198801657", "yto", True),
        ("123456789012", "zto", False),  # so many digits say little
        ("1207119765021", "sf", False),
        ("X1", "zto", False),
    ],
)
def test_a_number_contradicts_only_where_it_clearly_looks_like_another_carrier_s(
    waybill: str, carrier: str, is_contradicted: bool
) -> None:
    assert contradicts(candidates(waybill), carrier) == is_contradicted


@given(_numbers)
def test_a_number_never_contradicts_the_carrier_that_it_looks_most_like(waybill: str) -> None:
    found = candidates(waybill)
    assert not any(contradicts(found, one.carrier) for one in found if one.score == found[0].score)
