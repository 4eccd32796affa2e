"""What the tutorials add up to: boto3, Powertools, pydantic and httpx, each used as its own documentation shows.

    naive.py <events.json>

The same job as `floor.py`, idempotent by Powertools. No tracer: it would cost a third more while switched off.
"""

import hashlib
import hmac
import json
import os
import sys
from datetime import datetime
from typing import Any

import boto3
import httpx
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.parser import BaseModel, parse

logger = Logger(service="webhook")
metrics = Metrics(namespace="shop", service="webhook")
app = APIGatewayHttpResolver()
sqs = boto3.client("sqs")
secrets = boto3.client("secretsmanager")
table = boto3.resource("dynamodb").Table(os.environ["HUHANG_TABLE"])
client = httpx.Client()
idempotency = DynamoDBPersistenceLayer(table_name=os.environ["HUHANG_TABLE"])


class Refund(BaseModel):
    """What a refund message holds."""

    aftersale_id: int
    aftersale_type: int
    p_id: int
    s_id: int
    refund_amount: int
    update_time: datetime


class Element(BaseModel):
    """One message of a push."""

    tag: str
    msg_id: str
    data: str


@idempotent_function(
    data_keyword_argument="element",
    persistence_store=idempotency,
    config=IdempotencyConfig(event_key_jmespath="msg_id"),
)
def take(element: dict[str, Any], merchant: str) -> dict[str, str]:
    """Queue one message."""
    refund = Refund.model_validate_json(element["data"])
    url = os.environ["HUHANG_QUEUE_REFUNDS"]
    sqs.send_message(QueueUrl=url, MessageBody=refund.model_dump_json(), MessageGroupId=merchant)
    return {"status": "queued"}


@app.post("/webhooks/douyin/<merchant>")
def receive(merchant: str) -> dict[str, int | str]:
    """Verify and take a push."""
    text = secrets.get_secret_value(SecretId=f"huhang/merchants/{merchant}")["SecretString"]
    account = json.loads(text)["douyin"]
    body = app.current_event.body or ""
    signed = hashlib.md5((account["app_key"] + body + account["app_secret"]).encode()).hexdigest()
    if not hmac.compare_digest(signed, app.current_event.headers["event-sign"]):
        raise SystemExit("bad signature")
    for element in parse(event=json.loads(body), model=list[Element]):
        take(element=element.model_dump(), merchant=merchant)
    logger.info("webhook", extra={"merchant": merchant})
    metrics.add_metric(name="Webhooks", unit="Count", value=1)
    return {"code": 0, "msg": "success"}


@metrics.log_metrics
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer an HTTP API request."""
    return app.resolve(event, context)  # type: ignore[arg-type]


with open(sys.argv[1], encoding="utf-8") as file:
    [given] = json.load(file)
answer = handler(given, None)
if answer["statusCode"] != 200:
    raise SystemExit(str(answer))
