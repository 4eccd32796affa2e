"""The sandbox signs as the vendors do: every published or independently computed vector."""

import pytest

from infra.local.sandbox.signatures import (
    dingtalk_sign,
    douyin_api_sign,
    douyin_event_sign,
    jushuitan_sign,
    kuaidi100_call_sign,
    kuaidi100_push_sign,
    kuaidi100_query_sign,
    standard_webhook_matches,
    standard_webhook_signature,
    zto_digest,
)

APP_KEY, APP_SECRET = "7000000000000000001", "6e7c2f1a-1111-4222-8333-9d0a0b0c0d0e"
SAMPLE = (
    '[{"tag":"200","msg_id":"6959844832937886759:200:1772328600","data":"{\\"aftersale_id\\":7012345678901234567,'
    '\\"aftersale_type\\":1,\\"refund_amount\\":1990,\\"shop_id\\":4463798}"}]'
)


@pytest.mark.parametrize(
    ("body", "sign"),
    [
        (SAMPLE, "5928db47172c82691991d221976a12b3"),
        ('[{"tag":"0","msg_id":"0","data":"2026-03-01 09:30:00"}]', "6cdc17a7e493eb3eb172355b441ababd"),
        (
            '[{"tag":"113","msg_id":"m-中文-1","data":"{\\"remark\\":\\"加急拦截\\"}"}]',
            "cdcb7ccd6aec27ad163896dcf95d6552",
        ),
    ],
    ids=["after_sale", "probe", "chinese"],
)
def test_douyin_pushes_are_signed_over_their_raw_bytes(body: str, sign: str) -> None:
    assert douyin_event_sign(APP_KEY, body.encode(), APP_SECRET) == sign


@pytest.mark.parametrize(
    ("sign_method", "sign"),
    [
        ("hmac-sha256", "ef03d2563a48807eaf9c19312c298ea341a2d95961d8f344f78fb408e179891a"),
        ("md5", "7c4746cbed2c32e4c16ee528aa562622"),
    ],
)
def test_douyin_calls_are_signed_over_five_fields(sign_method: str, sign: str) -> None:
    param = (
        '{"after_sale_id":7012345678901234567,"intercept_targets":'
        '[{"company_code":"zhongtong","tracking_no":"75888800001111"}],"op_from":1}'
    )
    method = "afterSale.applyLogisticsIntercept"
    assert douyin_api_sign(APP_KEY, APP_SECRET, method, param, "1772328600", sign_method) == sign


@pytest.mark.parametrize(
    ("content", "digest"),
    [
        ('{"billCode":"75000000000017","requestId":"hh-0001","destinationType":"2"}', "pheuUHrpHsmUV1d2q2AOdg=="),
        (
            '{"billCode":"75000000000017","action":"RETURN_SCAN","actionTime":"2026-01-01 09:30:00"}',
            "w3w8DaujglPCRLs5yo3Cow==",
        ),
    ],
    ids=["request", "push"],
)
def test_zto_signs_requests_and_pushes_alike(content: str, digest: str) -> None:
    assert zto_digest(content.encode(), "HhZtoSecret01") == digest


def test_kuaidi100_signs_queries_over_param_key_and_customer() -> None:
    param = '{"com":"zhongtong","num":"75000000000017","phone":"0017","resultv2":"4","show":"0","order":"desc"}'
    assert kuaidi100_query_sign(param, "HhTestKey001", "HHCUSTOMER01") == "002962767867785490D0F923F9697B6C"


@pytest.mark.parametrize(
    ("salt", "sign"),
    [("huhang-salt", "49FC66630C1C688DF51E8DDA3181570A"), ("", "58B77058DC43E15F0ECCE4C30A6ED1B5")],
)
def test_kuaidi100_signs_pushes_with_the_salt(salt: str, sign: str) -> None:
    last = '{"state":"3","ischeck":"1","com":"zhongtong","nu":"75000000000017","data":[]}'
    param = f'{{"status":"polling","message":"","lastResult":{last}}}'
    assert kuaidi100_push_sign(param, salt) == sign


def test_kuaidi100_signs_label_calls_over_param_time_key_and_secret() -> None:
    param = (
        '{"kuaidicom":"zhongtong","kuaidinum":"75000000000017","interceptType":"RETURN_SEND_ADDR","reason":"买家退款"}'
    )
    sign = kuaidi100_call_sign(param, "1767225600000", "HhTestKey001", "HhSecret001")
    assert sign == "867F6086234E91E4CCFEBF75846ADD54"


def test_jushuitan_signs_the_sorted_fields_behind_the_secret() -> None:
    biz = '{"o_ids":[9349705],"cancel_type":"售后取消","remark":"huhang R-20260101-0007"}'
    fields = {
        "access_token": "tok_5f1e",
        "app_key": "ak_huhang",
        "charset": "utf-8",
        "timestamp": "1767225600",
        "version": "2",
        "biz": biz,
        "sign": "not signed itself",
    }
    assert jushuitan_sign("as_huhang", fields) == "246995076466248eac490af8b505bd5f"


def test_dingtalk_signs_timestamp_and_secret() -> None:
    secret = "SECf3a1c0ffee5eed00112233445566778899aabbccddeeff00112233445566778"
    assert dingtalk_sign(secret, "1767225600000") == "OyXdu/DMPUOb0jiaG0u33rDvYGcjYH3L9tL4SfOMS6o="


def test_standard_webhooks_accept_any_signature_of_the_list() -> None:
    secret = "whsec_aHVoYW5nLXN0YW5kYXJkLXdlYmhvb2sta2V5LTAwMDE="
    body = b'{"type":"refund.created","timestamp":"2026-03-01T01:30:00Z","data":{"refund_id":"R1","amount_fen":1990}}'
    ours = standard_webhook_signature(secret, "msg_huhang0001", "1772328600", body)
    assert ours == "v1,oR1lkBPydEdVlzTfmxMNdrSqfTPUSmQOl9neHA1diYQ="
    assert standard_webhook_matches(secret, "msg_huhang0001", "1772328600", body, f"v1,AAAA {ours}")
    assert not standard_webhook_matches(secret, "msg_huhang0002", "1772328600", body, ours)
