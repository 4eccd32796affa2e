"""The least that Python needs for the webhook's job: read the secret, check the signature, send one message, say so.

    floor.py <events.json>

No checks, no second vendor, no retry, no error but a traceback: what a function cannot start below.
"""

import hashlib
import hmac
import http.client
import json
import os
import sys
import time


def call(connection: http.client.HTTPConnection, service: str, target: str, arguments: dict[str, str]) -> dict:
    """Sign and send one AWS call (Signature Version 4)."""
    body = json.dumps(arguments).encode()
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {"content-type": "application/x-amz-json-1.0", "host": connection.host}
    headers |= {"x-amz-date": stamp, "x-amz-target": target}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{stamp[:8]}/{os.environ['AWS_REGION']}/{service}/aws4_request"
    key = b"AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"].encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    who = f"Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, SignedHeaders={names}"
    headers["authorization"] = f"AWS4-HMAC-SHA256 {who}, Signature={hmac.digest(key, text.encode(), 'sha256').hex()}"
    connection.request("POST", "/", body, headers)
    return json.loads(connection.getresponse().read())


def take(connection: http.client.HTTPConnection, event: dict) -> None:
    """Verify one push and queue it: two AWS calls."""
    merchant = event["pathParameters"]["merchant_id"]
    secret = {"SecretId": f"huhang/merchants/{merchant}"}
    found = call(connection, "secretsmanager", "secretsmanager.GetSecretValue", secret)
    account = json.loads(found["SecretString"])["douyin"]
    signed = account["app_key"] + event["body"] + account["app_secret"]
    if not hmac.compare_digest(hashlib.md5(signed.encode()).hexdigest(), event["headers"]["event-sign"]):
        raise SystemExit("bad signature")
    message = {"QueueUrl": os.environ["HUHANG_QUEUE_REFUNDS"], "MessageBody": event["body"], "MessageGroupId": merchant}
    call(connection, "sqs", "AmazonSQS.SendMessage", message)
    print(json.dumps({"message": "webhook", "status": 200}))


def main() -> None:
    """Take the events of a file over one connection."""
    connection = http.client.HTTPConnection(os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"))
    with open(sys.argv[1], encoding="utf-8") as file:
        events = json.load(file)
    for event in events:
        take(connection, event)


main()
