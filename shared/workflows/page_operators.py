"""Alarms → one message → every robot of the operators. Nothing of what it watches is on its way: no table, no lane.

Telling twice is tolerable, not telling is not: a batch comes again unless at least one robot has said it.
"""

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType

from shared.domain.events import MessagePosted
from shared.errors import Permanent, Retryable, Unclear
from shared.ports import Clock, Http
from shared.rules.paging import Page, read_page, worth_telling, write_message
from shared.telemetry import Telemetry
from shared.workflows.carry_out_command import converse

FindChannel = Callable[[str], ModuleType]


def page_operators(
    bodies: Sequence[str],
    robots: Mapping[str, Mapping[str, str]],
    *,
    find_channel: FindChannel,
    http: Http,
    clock: Clock,
    telemetry: Telemetry,
) -> bool:
    """Tell what is worth telling; false if no robot could say it now.

    A robot's name is its channel, with `_` and anything behind it where there are several.
    """
    pages = worth_telling(map(read_page, bodies))
    if not pages or not robots:
        telemetry.told("not_paged", len(pages))
        return True
    said = 0
    for robot, account in robots.items():
        try:
            _say(pages, robot, account, find_channel, http, clock)
            said += 1
        except (Retryable, Unclear, Permanent):
            telemetry.failed(robot)
    telemetry.told("paged", len(pages) if said else 0)
    return said > 0


def _say(
    pages: Sequence[Page],
    robot: str,
    account: Mapping[str, str],
    find_channel: FindChannel,
    http: Http,
    clock: Clock,
) -> None:
    channel = robot.partition("_")[0]
    message = write_message(pages, channel, robot)
    posted = converse(find_channel(channel).carry_out(message, account, clock.now()), http)
    if isinstance(posted, MessagePosted) and posted.throttled_for_s:
        raise Unclear(f"muted for {posted.throttled_for_s} s")
