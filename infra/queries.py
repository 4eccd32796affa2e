"""Questions to the log lines, saved in CloudWatch Logs Insights under the stack's name; the runbooks name them.

Metrics have no merchants, since those have no bounds; log lines have. `CASE`, `MESSAGE` and `MERCHANT` are placeholders
that whoever asks replaces.
"""

from typing import NamedTuple

from infra.catalog import FUNCTIONS


class Query(NamedTuple):
    """A saved query: which functions' logs it reads (none: all), and its text."""

    functions: tuple[str, ...]
    text: str


QUERIES: dict[str, Query] = {
    "follow-case": Query(
        (),
        """fields @timestamp, @log, message, event, command, vendor, ms, reason, message_id, about, command_id
| filter about like "CASE" or command_id like "CASE"
| sort @timestamp asc
| limit 500""",
    ),
    "follow-message": Query(
        (),
        """fields @timestamp, @log, message, source, merchant, event, about, command, command_id, vendor, ms, reason
| filter message_id like /^MESSAGE/
| sort @timestamp asc""",
    ),
    "one-merchant": Query(
        (),
        """filter merchant = "MERCHANT" or command_id like /^MERCHANT[|]/
| stats count(*) as lines, max(@timestamp) as latest by message, event, command, source
| sort lines desc""",
    ),
    "for-whom-not": Query(
        (),
        """filter message in ["unknown", "command_failed", "failed", "polled"] or status >= 400
| filter message != "polled" or ispresent(reason)
| parse command_id "*|" as owner
| stats count(*) as lines, max(@timestamp) as latest by coalesce(merchant, owner) as shop, message
| sort lines desc""",
    ),
    "refused-pushes": Query(
        ("receive_webhook",),
        """filter status >= 400
| stats count(*) as pushes, max(@timestamp) as latest by source, merchant, status, reason
| sort pushes desc""",
    ),
    "accepted-pushes": Query(
        ("receive_webhook",),
        """filter status = 200
| stats count(*) as pushes, max(@timestamp) as latest by source, merchant
| sort latest asc""",
    ),
    "unknown-events": Query(
        ("handle_refund", "track_parcel", "follow_chat"),
        """filter message = "unknown"
| stats count(*) as events, max(@timestamp) as latest by event, reason, merchant
| sort events desc""",
    ),
    "vendors": Query(
        ("call_platform", "call_courier", "call_erp", "send_notification"),
        """filter ispresent(vendor)
| stats count(*) as calls, avg(ms) as mean_ms, pct(ms, 99) as p99_ms by vendor, command, message, reason
| sort calls desc""",
    ),
    "refused-commands": Query(
        ("call_platform", "call_courier", "call_erp", "send_notification"),
        """filter message = "command_failed" or message = "interception_refused"
| parse command_id "*|" as shop
| stats count(*) as commands, max(@timestamp) as latest by vendor, command, shop
| sort commands desc""",
    ),
    "postponed": Query(
        tuple(spec.name for spec in FUNCTIONS if spec.consumes),
        """filter message = "postponed"
| stats count(*) as times, max(age_s) as oldest_s, max(@timestamp) as latest by @log, vendor, reason
| sort oldest_s desc""",
    ),
    "polls": Query(
        ("poll_sources",),
        """filter message = "polled" and ispresent(reason)
| stats count(*) as failures, max(@timestamp) as latest by source, merchant, reason
| sort failures desc""",
    ),
    "budgets": Query(
        ("handle_refund",),
        """filter event = "budget_near_end" or ispresent(merchant)
| stats sum(strcontains(event, "budget_near_end")) as near_end, latest(merchant) as shop, latest(about) as refund
    by message_id
| filter near_end > 0""",
    ),
    "bugs": Query(
        (),
        """fields @timestamp, @log, message_id, exception
| filter level = "ERROR" or @message like /Task timed out|Runtime.ExitError|MemoryError/
| sort @timestamp desc
| limit 50""",
    ),
}
