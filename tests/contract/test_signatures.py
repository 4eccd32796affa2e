"""Our signatures are the vendors': computed for published or independently checked inputs."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import ModuleType
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import pytest

from shared.channels import dingtalk
from shared.couriers import kuaidi100, sf, zto
from shared.domain.wire import Push
from shared.erps import jushuitan
from shared.errors import BadSignature, UnknownMerchant
from shared.platforms import douyin, selfbuilt
from tests.contract.samples import ACCOUNTS, NOW, command_of

DOUYIN = {"app_key": "7000000000000000001", "app_secret": "6e7c2f1a-1111-4222-8333-9d0a0b0c0d0e"}
DOUYIN_BODY = (
    '[{"tag":"200","msg_id":"6959844832937886759:200:1772328600","data":"{\\"aftersale_id\\":7012345678901234567,'
    '\\"aftersale_type\\":1,\\"refund_amount\\":1990,\\"shop_id\\":4463798}"}]'
)
INTERCEPT = (
    '{"after_sale_id":7012345678901234567,"intercept_targets":'
    '[{"company_code":"zhongtong","tracking_no":"75888800001111"}],"op_from":1}'
)


@pytest.mark.parametrize(
    ("body", "sign", "method"),
    [
        (DOUYIN_BODY, "5928db47172c82691991d221976a12b3", ""),
        (DOUYIN_BODY, "48ea7039298259a1fdc202da3ff0545e432d0ec9e50bc688a73db6e2669231f7", "hmac-sha256"),
        ('[{"tag":"0","msg_id":"0","data":"2026-03-01 09:30:00"}]', "6cdc17a7e493eb3eb172355b441ababd", "MD5"),
        (
            '[{"tag":"113","msg_id":"m-中文-1","data":"{\\"remark\\":\\"加急拦截\\"}"}]',
            "cdcb7ccd6aec27ad163896dcf95d6552",
            "",
        ),
    ],
)
def test_douyins_pushes_are_verified_by_its_vectors(body: str, sign: str, method: str) -> None:
    headers = {"app-id": DOUYIN["app_key"], "event-sign": sign} | ({"sign-method": method} if method else {})
    douyin.verify_push(Push(headers, {}, body.encode()), DOUYIN, NOW)


def test_douyins_calls_are_signed_as_its_vector() -> None:
    method = "afterSale.applyLogisticsIntercept"
    sign = douyin.sign_call(DOUYIN["app_key"], DOUYIN["app_secret"], method, INTERCEPT, "1772328600")
    assert sign == "ef03d2563a48807eaf9c19312c298ea341a2d95961d8f344f78fb408e179891a"


def test_a_douyin_call_is_signed_over_the_bytes_that_it_sends() -> None:
    refund = {"platform": "douyin", "refund_id": "1", "order_id": "2"}
    command = command_of({"type": "agree_refund", "amount_fen": 1, "version": 1772328590, **refund})
    account = ACCOUNTS["douyin"]
    request = next(douyin.carry_out(command, account, NOW))  # type: ignore[arg-type]
    query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
    body = '{"items":[{"aftersale_id":"1","update_time":1772328590}],"type":201}'
    assert request.body.decode() == body
    assert query.pop("sign") == douyin.sign_call(
        account["app_key"], account["app_secret"], "afterSale.operate", body, "1772328600"
    )
    assert query == {
        "app_key": account["app_key"],
        "method": "afterSale.operate",
        "access_token": account["access_token"],
        "timestamp": "1772328600",
        "v": "2",
        "sign_method": "hmac-sha256",
    }


def test_zto_is_signed_as_its_vectors() -> None:
    request = b'{"billCode":"75000000000017","requestId":"hh-0001","destinationType":"2"}'
    pushed = b'{"billCode":"75000000000017","action":"RETURN_SCAN","actionTime":"2026-01-01 09:30:00"}'
    assert zto.digest_of(request, "HhZtoSecret01") == "pheuUHrpHsmUV1d2q2AOdg=="
    assert zto.digest_of(pushed, "HhZtoSecret01") == "w3w8DaujglPCRLs5yo3Cow=="


def test_a_zto_call_is_signed_over_the_bytes_that_it_sends() -> None:
    command = command_of({"type": "intercept_parcel", "carrier": "zto", "waybill": "75399000000121"})
    request = next(zto.carry_out(command, ACCOUNTS["zto"], NOW))  # type: ignore[arg-type]
    assert request.headers["x-appKey"] == ACCOUNTS["zto"]["app_key"]
    assert request.headers["x-dataDigest"] == zto.digest_of(request.body, ACCOUNTS["zto"]["app_secret"])


def test_our_interception_number_is_stable_and_fits() -> None:
    assert zto.number_of("shop-7|parcel|zto:75399000000121#2") == "hhd9ab2894ddc65a9edd459cff6c035c"
    assert len(zto.number_of("x" * 500)) == 32


def test_sf_is_signed_as_its_vectors() -> None:
    """The second holds what URL encoders disagree about: a space, a star, a tilde."""
    plain = '{"language":"zh-CN","trackingType":"1","trackingNumber":["SF1000000000017"],"methodType":"1"}'
    odd = '{"waybillNo":"SF1000000000017","serviceCode":"2","role":"1","payMode":"4","remark":"退款 拦截*~"}'
    assert sf.digest_of(plain, "1767225600000", "HhCheckWord0001") == "+EcNP/9dsZ+ufWHf+8HOXQ=="
    assert sf.digest_of(odd, "1767225600000", "HhCheckWord0001") == "Vlp8aQcaYT6zLKTwQS6YVA=="


@pytest.mark.parametrize(
    ("fields", "service"),
    [
        ({"type": "intercept_parcel"}, "EXP_RECE_WANTED_INTERCEPT"),
        ({"type": "subscribe_tracking", "source": "sf"}, "EXP_RECE_REGISTER_ROUTE"),
        ({"type": "query_tracking", "source": "sf"}, "EXP_RECE_SEARCH_ROUTES"),
    ],
)
def test_an_sf_call_is_signed_over_the_text_that_it_sends(fields: dict[str, str], service: str) -> None:
    command = command_of({**fields, "carrier": "sf", "waybill": "SF1399000000121"})
    request = next(sf.carry_out(command, ACCOUNTS["sf"], NOW))  # type: ignore[arg-type]
    form = {name: values[0] for name, values in parse_qs(request.body.decode(), strict_parsing=True).items()}
    assert form.pop("msgDigest") == sf.digest_of(form["msgData"], form["timestamp"], ACCOUNTS["sf"]["checkword"])
    assert not set("*~") & set(form.pop("msgData"))
    assert str(UUID(form["requestID"])) == form.pop("requestID")
    assert form == {"partnerID": "HHPARTNER", "serviceCode": service, "timestamp": "1772328600000"}


def test_a_repeated_sf_interception_has_the_same_number_and_a_repeated_registration_or_question_another() -> None:
    """SF refuses a number that it has seen: that protects the one and would prevent the other."""

    def number(kind: str, at: datetime, **more: str) -> str:
        command = command_of({"type": kind, "carrier": "sf", "waybill": "SF1399000000121", **more})
        request = next(sf.carry_out(command, ACCOUNTS["sf"], at))  # type: ignore[arg-type]
        return parse_qs(request.body.decode())["requestID"][0]

    later = NOW + timedelta(seconds=60)
    assert {number("intercept_parcel", at) for at in (NOW, later)} == {"467a18d4-b6a9-5360-ae87-f271bdfc05c3"}
    for harmless in ("subscribe_tracking", "query_tracking"):
        assert number(harmless, NOW, source="sf") != number(harmless, later, source="sf")


KUAIDI100_PUSH = (
    '{"status":"polling","message":"","lastResult":{"state":"3","ischeck":"1","com":"zhongtong",'
    '"nu":"75000000000017","data":[]}}'
)


@pytest.mark.parametrize("change", [str, str.lower], ids=["upper", "lower"])
def test_kuaidi100s_pushes_are_verified_by_its_vector(change: Callable[[str], str]) -> None:
    sign = change("49FC66630C1C688DF51E8DDA3181570A")
    push = Push({}, {}, urlencode({"sign": sign, "param": KUAIDI100_PUSH}).encode())
    kuaidi100.verify_push(push, {"salt": "huhang-salt"}, NOW)


def test_a_push_of_kuaidi100_that_is_signed_without_a_salt_is_refused() -> None:
    sign = "58B77058DC43E15F0ECCE4C30A6ED1B5"
    assert kuaidi100.sign_of(KUAIDI100_PUSH, "") == sign
    push = Push({}, {}, urlencode({"sign": sign, "param": KUAIDI100_PUSH}).encode())
    with pytest.raises(BadSignature):
        kuaidi100.verify_push(push, {"salt": "huhang-salt"}, NOW)
    with pytest.raises(UnknownMerchant):
        kuaidi100.verify_push(push, {"salt": ""}, NOW)


def test_kuaidi100_is_signed_as_its_vectors() -> None:
    query = '{"com":"zhongtong","num":"75000000000017","phone":"0017","resultv2":"4","show":"0","order":"desc"}'
    order = (
        '{"kuaidicom":"zhongtong","kuaidinum":"75000000000017","interceptType":"RETURN_SEND_ADDR","reason":"买家退款"}'
    )
    assert kuaidi100.sign_of(query, "HhTestKey001", "HHCUSTOMER01") == "002962767867785490D0F923F9697B6C"
    signed = kuaidi100.sign_of(order, "1767225600000", "HhTestKey001", "HhSecret001")
    assert signed == "867F6086234E91E4CCFEBF75846ADD54"


@pytest.mark.parametrize(
    ("kind", "more", "signed", "unsigned"),
    [
        ("query_tracking", {}, ["param", "HhTestKey001", "customer"], ["customer", "param"]),
        (
            "urge_courier",
            {"anomaly": "stalled", "text": "在途停滞 +48 小时"},
            ["param", "t", "HhTestKey001", "HhSecret001"],
            ["key", "param", "t"],
        ),
    ],
)
def test_a_kuaidi100_call_is_signed_over_the_text_that_it_sends(
    kind: str, more: dict[str, str], signed: list[str], unsigned: list[str]
) -> None:
    parcel = {"source": "kuaidi100", "carrier": "yto", "waybill": "YT1000000000017"}
    command = command_of({"type": kind, **parcel, **more})
    request = next(kuaidi100.carry_out(command, ACCOUNTS["kuaidi100"], NOW))  # type: ignore[arg-type]
    form = {name: values[0] for name, values in parse_qs(request.body.decode(), strict_parsing=True).items()}
    assert form.pop("sign") == kuaidi100.sign_of(*(form.get(part, part) for part in signed))
    assert sorted(form) == unsigned


def test_jushuitan_is_signed_as_its_vectors() -> None:
    shared = {"app_key": "ak_huhang", "charset": "utf-8", "timestamp": "1767225600"}
    biz = '{"o_ids":[9349705],"cancel_type":"售后取消","remark":"huhang R-20260101-0007"}'
    call = {**shared, "access_token": "tok_5f1e", "version": "2", "biz": biz}
    refresh = {**shared, "grant_type": "refresh_token", "refresh_token": "rt_9c", "scope": "all"}
    assert jushuitan.sign_form(call, "as_huhang") == "246995076466248eac490af8b505bd5f"
    assert jushuitan.sign_form(refresh, "as_huhang") == "d7825694fafcdd5a0da51ee10663089b"


def test_a_jushuitan_call_signs_every_field_that_it_sends() -> None:
    order = {"erp": "jushuitan", "platform": "douyin", "refund_id": "1", "order_id": "2", "whole": True}
    account = ACCOUNTS["jushuitan"]
    request = next(jushuitan.carry_out(command_of({"type": "stop_order", **order}), account, NOW))  # type: ignore[arg-type]
    form = {name: values[0] for name, values in parse_qs(request.body.decode(), strict_parsing=True).items()}
    assert form["sign"] == jushuitan.sign_form(form, account["app_secret"])
    assert sorted(form) == ["access_token", "app_key", "biz", "charset", "sign", "timestamp", "version"]


def test_dingtalk_is_signed_as_its_vector() -> None:
    secret = "SECf3a1c0ffee5eed00112233445566778899aabbccddeeff00112233445566778"
    sign = dingtalk.sign("1767225600000", secret)
    assert sign == "OyXdu/DMPUOb0jiaG0u33rDvYGcjYH3L9tL4SfOMS6o="
    assert urlencode({"sign": sign}) == "sign=OyXdu%2FDMPUOb0jiaG0u33rDvYGcjYH3L9tL4SfOMS6o%3D"


def test_a_standard_webhook_is_verified_by_its_vector() -> None:
    body = b'{"type":"refund.created","timestamp":"2026-03-01T01:30:00Z","data":{"refund_id":"R1","amount_fen":1990}}'
    headers = {
        "webhook-id": "msg_huhang0001",
        "webhook-timestamp": "1772328600",
        "webhook-signature": "v1,oR1lkBPydEdVlzTfmxMNdrSqfTPUSmQOl9neHA1diYQ=",
    }
    account = {"secret": "whsec_aHVoYW5nLXN0YW5kYXJkLXdlYmhvb2sta2V5LTAwMDE="}
    selfbuilt.verify_push(Push(headers, {}, body), account, datetime.fromtimestamp(1772328600, UTC))


def test_a_call_to_a_self_built_shop_is_signed_so_that_the_shop_can_verify_it() -> None:
    refund = {"platform": "selfbuilt", "refund_id": "R-7", "order_id": "O-7"}
    command = command_of({"type": "agree_refund", "amount_fen": 1, "version": 1, **refund})
    second = "whsec_aHVoYW5nLXJvdGF0ZWQtc2VjcmV0LTAwMDAwMDAwMDI="
    both = ACCOUNTS["selfbuilt"] | {"secret": f"{ACCOUNTS['selfbuilt']['secret']} {second}"}
    request = next(selfbuilt.carry_out(command, both, NOW))  # type: ignore[arg-type]
    assert request.headers["webhook-id"] == command.command_id
    for secret in both["secret"].split():
        selfbuilt.verify_push(Push(request.headers, {}, request.body), {"secret": secret}, NOW)


@pytest.mark.parametrize("vendor", [douyin, zto, sf, kuaidi100, selfbuilt], ids=lambda module: module.__name__)
def test_an_account_without_a_secret_verifies_nobody(vendor: ModuleType) -> None:
    """An empty secret would make the signature something that everybody can compute."""
    key = "k"
    forged = {"app-id": key, "event-sign": hashlib.md5(key.encode() + b"[]").hexdigest()}
    headers = forged | {"webhook-id": "1", "webhook-timestamp": "1772328600", "webhook-signature": "v1,"}
    with pytest.raises((UnknownMerchant, BadSignature)):
        vendor.verify_push(Push(headers, {}, b"[]"), {"app_key": key, "app_secret": "", "secret": ""}, NOW)
    with pytest.raises((UnknownMerchant, BadSignature)):
        vendor.verify_push(Push(headers, {}, b"[]"), {}, NOW)
