"""What functions are given: signed pushes of real size, and the forms in which AWS hands them over."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from infra.local.sandbox.clock import BEIJING, beijing_text
from infra.local.sandbox.signatures import douyin_event_sign, zto_digest
from shared.domain.commands import InterceptParcel
from shared.domain.events import ParcelShipped
from shared.domain.keys import parcel_key
from shared.domain.messages import write_message
from shared.domain.parcel import Content
from shared.domain.policy import Policy
from shared.domain.why import Why

MERCHANT = "demo-shop"
WAYBILL = "75399000000121"
REFUND, ORDER, LINE = 7312345678901234561, 6935000000000000011, 6935000000000000012
ACCOUNTS: dict[str, dict[str, str]] = {
    "douyin": {
        "app_key": "7110000000000000007",
        "app_secret": "dy-secret-0001",
        "access_token": "dy-token-0001",
        "shop_id": "4463798",
    },
    "zto": {"app_key": "zto-key", "app_secret": "ZtoSecret0001", "phone_tail": "4321"},
    "jushuitan": {"app_key": "jst-key", "app_secret": "jst-secret", "access_token": "jst-token"},
    "dingtalk": {"access_token": "ding-token", "secret": "SECding"},
}
POLICY = Policy(merchant=MERCHANT, version=1)
Event = dict[str, Any]


def douyin_refund(tag: str, at: datetime, amount_fen: int = 12_990) -> Event:
    """Give the request with which Douyin tells of a refund: 200 asked for, 208 changed."""
    data = {
        "aftersale_id": REFUND,
        "aftersale_status": 6,
        "aftersale_type": 1,
        "apply_time" if tag == "200" else "modify_time": int(at.timestamp()),
        "p_id": ORDER,
        "s_id": LINE,
        "reason_code": 4,
        "refund_amount": amount_fen,
        "refund_post_amount": 0,
        "refund_voucher_num": 0,
        "shop_id": 4463007,
        "store_id": 0,
        "update_time": at.astimezone(BEIJING).isoformat(timespec="seconds"),
    }
    element = {"tag": tag, "msg_id": f"{REFUND}:{tag}:{int(at.timestamp())}", "data": json.dumps(data)}
    body = json.dumps([element])
    account = ACCOUNTS["douyin"]
    sign = douyin_event_sign(account["app_key"], body.encode(), account["app_secret"])
    headers = {"app-id": account["app_key"], "event-sign": sign, "content-type": "application/json"}
    return http_event("douyin", headers, body)


def zto_scan(waybill: str, action: str, at: datetime) -> Event:
    """Give the request with which ZTO tells of a scan."""
    empty = ("facilityContactPhone", "nextNodeCode", "nextNodeName", "nextCity", "courier", "courierPhone")
    more = ("expressSigner", "comCode", "comName", "desc", "problemCode", "returnType", "returnUpdateType")
    scan = {"billCode": waybill, "action": action, "actionTime": beijing_text(at), "facilityCode": "57101"}
    scan |= {"facilityName": "杭州滨江网点", "city": "杭州市", "dist": "滨江区"} | dict.fromkeys((*empty, *more), "")
    data = json.dumps(scan, ensure_ascii=False)
    account = ACCOUNTS["zto"]
    digest = zto_digest(data.encode(), account["app_secret"])
    form = {"data": data, "data_digest": digest, "msg_type": "Traces", "company_id": account["app_key"]}
    return http_event("zto", {"content-type": "application/x-www-form-urlencoded"}, urlencode(form))


def http_event(source: str, headers: Mapping[str, str], body: str) -> Event:
    """Give an HTTP API request, payload format 2.0, as API Gateway fills it."""
    path = f"/webhooks/{source}/{MERCHANT}"
    return {
        "version": "2.0",
        "routeKey": "POST /webhooks/{source}/{merchant_id}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-length": str(len(body)), "host": "x.execute-api.cn-north-1.amazonaws.com.cn", **headers},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "x",
            "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7"},
            "requestId": "JKJaXmPLvHcESHA=",
            "stage": "$default",
            "timeEpoch": 1793000000000,
        },
        "pathParameters": {"source": source, "merchant_id": MERCHANT},
        "body": body,
        "isBase64Encoded": False,
    }


def queue_event(bodies: Sequence[str], attempt: int = 1) -> Event:
    """Give a batch of queue messages as the event source mapping hands it over."""
    return {
        "Records": [
            {
                "messageId": f"059f36b4-87a3-44ab-83d2-{number:012d}",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(attempt), "MessageGroupId": MERCHANT},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "awsRegion": "cn-north-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def stream_event(outboxes: Sequence[str]) -> Event:
    """Give changes of the table as its stream hands them over."""
    return {
        "Records": [
            {
                "eventID": str(number),
                "eventName": "MODIFY",
                "dynamodb": {"SequenceNumber": str(number), "NewImage": {"outbox": {"S": outbox}}},
            }
            for number, outbox in enumerate(outboxes)
        ]
    }


def intercept() -> str:
    """Give the queue message that asks ZTO to stop a parcel."""
    case = str(parcel_key(MERCHANT, "zto", WAYBILL))
    why = Why(rule="stop_parcel", policy_version=1, facts={"stage": "in_transit"})
    command = InterceptParcel(
        merchant=MERCHANT, command_id=f"{case}#1", reply_to=case, why=why, carrier="zto", waybill=WAYBILL
    )
    return write_message(command)


def shipped(waybill: str, at: datetime) -> str:
    """Give the queue message in which an order tells of its parcel."""
    content = Content(
        platform="douyin",
        order_id=str(ORDER),
        line_ids=(str(LINE),),
        paid_fen=12_990,
        paid_at=at - timedelta(hours=12),
        shipped_at=at,
        region="浙江省",
    )
    return write_message(ParcelShipped(merchant=MERCHANT, carrier="zto", waybill=waybill, content=content))


def real_now() -> datetime:
    """Give the machine's time: the functions measured here read it too."""
    return datetime.now(UTC)
