"""A storm of duplicates: each event many times over and in any order, beside the same events once and in order."""

import hashlib
import json
import random
from collections import Counter
from datetime import timedelta
from typing import NamedTuple

from shared.domain.commands import Command
from shared.domain.messages import AnyEvent, parse_message
from shared.domain.parcel import Stage
from tests.simulation.outside import START
from tests.simulation.vendor import order_read, refund_reported
from tests.simulation.world import World

_WAY = (Stage.LABEL_CREATED, Stage.PICKED_UP, *(Stage.IN_TRANSIT, Stage.ARRIVED_AT_HUB) * 5)
_HOURS = 11


class Aftermath(NamedTuple):
    """What a storm left behind: the cases' state, and how often each command was said."""

    state: str
    commands: Counter[str]
    calls: int


def storm(copies: int, seed: int) -> Aftermath:
    """Deliver an order and the twelve scans of its parcel, each so many times, shuffled (a single copy: in order)."""
    world = World()
    events = _told(world)
    if copies > 1:
        events = events * copies
        random.Random(seed).shuffle(events)
    world.clock.instant = START + timedelta(hours=_HOURS)
    for event in events:
        world.accept(event)
        assert world.deliver()
    commands = _commands(world)
    calls = 0
    while world.deliver():
        calls += 1
        commands += _commands(world)
    return Aftermath(_hash(world), commands, calls)


def _told(world: World) -> list[AnyEvent]:
    told: list[AnyEvent] = [order_read(START, world.outside._order({}))]
    for hour, stage in enumerate(_WAY):
        told += world.roads.scan(world.road, stage, START + timedelta(hours=hour))
    return told


def _commands(world: World) -> Counter[str]:
    """Forward the stream, and give the commands that were said in it."""
    said = Counter[str]()
    for record in world.table.stream:
        for letter in json.loads(record.outbox) if record.outbox else ():
            message = parse_message(letter["body"])
            if isinstance(message, Command):
                said[message.command_id] += 1
    world.publish()
    return said


def _hash(world: World) -> str:
    cases = {str(key): stored.case for key, stored in world.table.cases.items() if stored.case is not None}
    text = "\n".join(f"{key} {cases[key].model_dump_json()}" for key in sorted(cases))
    return hashlib.sha256(text.encode()).hexdigest()


def refund_storm(copies: int, seed: int) -> World:
    """Deliver a refund as well, everything so many times and shuffled, commands and answers too."""
    world, dice = World(), random.Random(seed)
    events = [*_told(world), refund_reported(START, "R1", world.outside.requests["R1"].told())] * copies
    dice.shuffle(events)
    world.clock.instant = START + timedelta(hours=_HOURS)
    for event in events:
        world.accept(event)
    for _ in range(20 * len(events)):
        world.publish(twice=True)
        if not world.deliver(dice.randrange(1000), twice=True):
            break
    world.outside.interception = "stopped"
    world.settle()
    return world
