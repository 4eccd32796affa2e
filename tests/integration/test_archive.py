"""The archive, in memory and on moto's S3: objects come back as they were stored, and are found by their names."""

from typing import Any

import pytest

from shared.adapters import s3_archive
from shared.adapters.s3_archive import S3Archive
from shared.adapters.signed_aws import AwsRefused
from shared.errors import TooMuch
from tests.fakes import FakeArchive


@pytest.fixture(params=["memory", "s3"])
def archive(request: pytest.FixtureRequest) -> Any:
    """Both, one after the other."""
    return FakeArchive() if request.param == "memory" else request.getfixturevalue("s3")


# ---- both ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["history/a/1", "a b", "a+b=c&d?e#f%20", "包裹/~-_.!*'()"])
@pytest.mark.parametrize("data", [b"", bytes(range(256)) * 4000])
def test_an_object_comes_back_as_it_was_stored_under_any_name(archive: Any, name: str, data: bytes) -> None:
    archive.put(name, data)
    assert list(archive.names("")) == [name]
    assert archive.get(name) == data


def test_storing_twice_leaves_one_object(archive: Any) -> None:
    archive.put("x", b"1")
    archive.put("x", b"1")
    assert (list(archive.names("x")), archive.get("x")) == (["x"], b"1")


def test_names_are_those_with_the_prefix_in_order(archive: Any) -> None:
    for name in ("h/shop-a/2", "h/shop/9", "h/shop-a/1", "h/shop/10", "other"):
        archive.put(name, b"")
    assert list(archive.names("h/shop/")) == ["h/shop/10", "h/shop/9"]
    assert list(archive.names("h/shop-a/")) == ["h/shop-a/1", "h/shop-a/2"]
    assert list(archive.names("h/s")) == ["h/shop-a/1", "h/shop-a/2", "h/shop/10", "h/shop/9"]
    assert list(archive.names("nobody/")) == []


# ---- S3 ------------------------------------------------------------------------------------------------------------


def test_names_are_read_page_by_page(s3: S3Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_archive, "PAGE_MAX", 2)
    wanted = [f"h/{number}" for number in range(5)]
    for name in wanted:
        s3.put(name, b"")
    assert list(s3.names("h/")) == wanted


def test_more_names_than_are_listed_at_once_are_refused_and_not_cut_off(
    s3: S3Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_archive, "PAGE_MAX", 1)
    monkeypatch.setattr(s3_archive, "PAGES_MAX", 2)
    s3.put("h/1", b"")
    s3.put("h/2", b"")
    assert list(s3.names("h/")) == ["h/1", "h/2"]
    s3.put("h/3", b"")
    with pytest.raises(TooMuch, match="more than 2 names"):
        list(s3.names("h/"))


def test_an_absent_object_is_refused_by_name(s3: S3Archive) -> None:
    with pytest.raises(AwsRefused, match="404 NoSuchKey") as caught:
        s3.get("nothing")
    assert caught.value.code == "NoSuchKey"
