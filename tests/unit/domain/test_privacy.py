"""What is kept of an unknown push finds no person, and says as much as before."""

import json
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.privacy import MASK, masked
from tests.contract.samples import MERCHANT, Sample, load_samples

PUSHES = [one for one in load_samples() if "headers" in one.given and not hasattr(one.module, "redact")]
PHONE, NAME, ADDRESS = "13800138000", "示例买家", "示例路1号1单元"
PERSON = {
    "receiver_name": NAME,
    "receiverPhone": PHONE,
    "mobile": int(PHONE),
    "post_addr": ADDRESS,
    "expressSigner": NAME,
}


@pytest.mark.parametrize("sample", PUSHES, ids=lambda sample: f"{sample.vendor}-{sample.name}")
def test_masking_changes_nothing_that_a_translator_reads(sample: Sample) -> None:
    raw = sample.given["body"].encode()
    parse = sample.module.parse_push
    assert parse(MERCHANT, masked(raw), {}) == parse(MERCHANT, raw, {})
    assert masked(masked(raw)) == masked(raw)


def test_a_person_is_not_found_in_fields_texts_or_nested_documents() -> None:
    text = f"【杭州】已签收，签收人：{NAME}，派件员: 王师傅(138 0013 8000)，如有疑问请致电0571-12345678"
    data = {
        "order_id": "6917845678901234567",
        **PERSON,
        "desc": text,
        "list": [{"tel": PHONE, "note": f"联系人:{NAME}"}],
    }
    for raw in (
        json.dumps(data, ensure_ascii=False).encode(),
        json.dumps([{"tag": "x", "data": json.dumps(data)}]).encode(),
        urlencode({"sign": "AB", "param": json.dumps(data)}).encode(),
        urlencode({"sign": "AB", "phone": PHONE, "text": text}).encode(),
        text.encode(),
    ):
        kept = str(parse_qs(masked(raw).decode())) if b"sign=" in raw else masked(raw).decode()
        for found in (PHONE, NAME, ADDRESS, "王师傅", "138 0013 8000", "0571-12345678"):
            assert found not in kept
            assert json.dumps(found)[1:-1] not in kept
        assert MASK in kept
    assert "6917845678901234567" in masked(json.dumps(data).encode()).decode()


@pytest.mark.parametrize("name", ["billCode", "order_id", "p_id", "nu"])
def test_a_number_that_names_something_stays_although_it_looks_like_a_phone(name: str) -> None:
    for value in (PHONE, int(PHONE)):
        assert json.loads(masked(json.dumps({name: value}).encode())) == {name: value}


@settings(max_examples=300, deadline=None)
@given(raw=st.binary(max_size=80) | st.text(alphabet='{}[]":,=&%\\ab1\ud83d退', max_size=60).map(
    lambda text: text.encode("utf-8", "surrogatepass")))  # fmt: skip
def test_whatever_comes_is_masked_without_an_exception(raw: bytes) -> None:
    assert masked(masked(raw)) == masked(raw)


def test_deep_documents_are_kept_as_they_are() -> None:
    for raw in (b"[" * 100_000, b"[" * 5_000 + b"]" * 5_000, json.dumps(json.dumps(json.dumps([1]))).encode()):
        assert masked(raw) == raw
