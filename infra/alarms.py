"""Every alarm of the system, by what operators are told: symptoms at the doors and queues, vendors, money, silence.

Made from the catalog of functions, the lanes and the vendors' files, so that a new one cannot come without. Thresholds
follow from the expected traffic or from a promise to merchants; `docs/operations.md` has the table.
"""

from infra import alarms_on_functions as functions
from infra import alarms_on_the_outside as outside
from infra import alarms_on_the_way as way
from infra.catalog import FUNCTIONS, Trigger
from infra.signals import Cause
from infra.vendors import vendors
from infra.watched import Watched


def causes(on: Watched) -> tuple[Cause, ...]:
    """Give everything that operators are told of."""
    return (
        way.door(on),
        way.unfinished(on),
        *(way.lane(on, spec, spec.consumes) for spec in FUNCTIONS if spec.consumes),
        *(way.stream(on, spec, spec.changes) for spec in FUNCTIONS if spec.changes),
        *(functions.tick(on, spec) for spec in FUNCTIONS if spec.trigger is Trigger.SCHEDULE),
        functions.lost_ticks(on),
        *(outside.vendor(vendor) for vendor in vendors()),
        outside.refused(on),
        outside.unknown(on),
        outside.interceptions(),
        outside.budget(),
        outside.trial(),
        *(outside.silence(source) for source in on.talking_sources),
        outside.limits(on),
        functions.joining(on),
        *functions.other_functions(on),
        functions.pager(on),
    )
