"""CloudFormation asks for a merchant: its stack is told how that ended, whatever happens.

The event leads to credentials: neither it nor an exception's text is ever logged.
"""

import os
import traceback
from typing import Any

from shared import wiring
from shared.domain.joining import Answer, JoinRefused, is_answerable, read_application, refusal, write_answer
from shared.domain.wire import HttpRequest
from shared.errors import Permanent
from shared.workflows.onboard_merchant import onboard_merchant

_BUG = "护航内部错误，请联系护航的运维并提供请求编号 / an error of huhang's: please tell its operators this request:"


def handler(event: dict[str, Any], context: Any) -> None:
    """Do what the stack wishes and answer it; only an answer that cannot be delivered lets the event come again."""
    if not is_answerable(event["ResponseURL"], local="AWS_ENDPOINT_URL" in os.environ):
        raise Permanent("address_refused", "this is no address of CloudFormation's")
    merchant = str(event["ResourceProperties"].get("Merchant", ""))[:40]
    answer = _answer(event, merchant, context)
    wiring.telemetry().onboarded(event["RequestType"], merchant, accepted=answer.accepted)
    body = write_answer(answer, event)
    reply = wiring.http().send(HttpRequest("PUT", event["ResponseURL"], {"content-type": ""}, body))
    wiring.telemetry().flush()
    if reply.status >= 300:
        raise Permanent(f"http_{reply.status}", "CloudFormation did not take the answer")


def _answer(event: dict[str, Any], merchant: str, context: Any) -> Answer:
    try:
        application = read_application(event)
        return onboard_merchant(application, wiring.office(lambda: context.get_remaining_time_in_millis() / 1000))
    except JoinRefused as error:
        return refusal(merchant, error.sentences)
    except Exception as error:  # noqa: BLE001 - a stack that is never answered waits for an hour
        place = traceback.extract_tb(error.__traceback__)[-1]
        wiring.telemetry().broke(f"{type(error).__name__} at {place.filename}:{place.lineno}")
        return refusal(merchant, [f"{_BUG} {event['RequestId']}"])
