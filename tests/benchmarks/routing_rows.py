"""P16 and P17: what a routing rule costs beside the same written by hand, and what refusing hostile ones costs."""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from shared.domain.conditions import ChatFacts
from shared.domain.routing import Routing, Rule
from shared.rules.routing.compile import Router, compiled
from shared.rules.routing.document import BYTES_MAX, RoutingRefused, read_document
from shared.rules.routing.load import routing_from
from tests.benchmarks.table import Row

PAIRS = 15
CALLS = 20_000
HOSTILE = 1_000
WORST = 20  # so many of the most expensive are looked at closely

Document = dict[str, Any]
Ask = Callable[[ChatFacts], object]


def routing_rows() -> Iterator[Row]:
    """P16 and P17."""
    yield from _rule_rows()
    yield from _hostile_rows()


# ---- P16: rules --------------------------------------------------------------------------------------------------

_FACTS = ChatFacts(intent="refund", period="after_sale", price_fen=60_000, buyer_tags=frozenset({"new"}))
_CONDITION = {
    "all": [
        {"field": "intent", "is": ["refund", "return"]},
        {"field": "price_fen", "from": 50_000},
        {"not": {"field": "buyer_tags", "has": ["vip"]}},
        {"field": "period", "is": "after_sale"},
    ]
}


def _by_hand(facts: ChatFacts) -> bool:
    return (
        facts.intent in ("refund", "return")
        and facts.price_fen >= 50_000
        and "vip" not in facts.buyer_tags
        and facts.period == "after_sale"
    )


def _rule_rows() -> Iterator[Row]:
    rule = Rule.model_validate({"rule": "r", "when": _CONDITION, "then": {"bot": True}})
    fits = compiled(rule.when)
    assert fits(_FACTS) is _by_hand(_FACTS) is True
    ratio, ours, native = _paired(fits, _by_hand, _FACTS, CALLS)
    shown = f"{ratio:.2f} ({ours * 1e6:.2f} µs)"
    yield Row(
        "P16", "a condition of four tests, x written by hand", ratio, shown, f"1.00 ({native * 1e6:.2f} µs)", 5, 3
    )
    router, chain = Router(_hundred()), _hundred_by_hand()
    facts = _FACTS._replace(item="i99", category="c")
    assert router.decide(facts).rule == chain(facts) == "r99"
    ratio, ours, native = _paired(router.decide, chain, facts, CALLS // 20)
    shown = f"{ratio:.2f} ({ours * 1e6:.1f} µs)"
    yield Row("P16", "100 rules in one pass, x written by hand", ratio, shown, f"1.00 ({native * 1e6:.1f} µs)", 5, 3)


def _hundred() -> Routing:
    """A hundred rules of two tests of which the last fits."""
    groups = {"desk": {"agents": [{"agent": "a"}]}}
    tests = [[{"field": "category", "is": "c"}, {"field": "item", "is": f"i{place}"}] for place in range(100)]
    then = {"group": "desk"}
    rules = [{"rule": f"r{place}", "when": {"all": both}, "then": then} for place, both in enumerate(tests)]
    return Routing.model_validate({"groups": groups, "rules": rules})


def _hundred_by_hand() -> Callable[[ChatFacts], str]:
    lines = [
        f"    if facts.category == 'c' and facts.item == 'i{place}':\n        return 'r{place}'" for place in range(100)
    ]
    names: dict[str, Any] = {}
    exec("def chain(facts):\n" + "\n".join(lines), names)  # as somebody would write it
    chain: Callable[[ChatFacts], str] = names["chain"]
    return chain


def _paired(ours: Ask, native: Ask, facts: ChatFacts, calls: int) -> tuple[float, float, float]:
    """Give the middle ratio of pairs of runs, and what one call of each costs in seconds of CPU."""
    pairs = [(_cpu(ours, facts, calls), _cpu(native, facts, calls)) for _ in range(PAIRS)]
    one, other = (statistics.median(side) / calls for side in zip(*pairs, strict=True))
    return statistics.median(one / other for one, other in pairs), one, other


def _cpu(ask: Ask, facts: ChatFacts, calls: int) -> float:
    began = time.process_time()
    for _ in range(calls):
        ask(facts)
    return time.process_time() - began


# ---- P17: hostile documents --------------------------------------------------------------------------------------


def _hostile_rows() -> Iterator[Row]:
    """Whether every document is refused, and what the most expensive ones cost beside reading the largest one there is.

    Both are measured in turn, so that whoever else uses this machine slows both down. The 5 ms of P17
    are three times what reading takes on a quiet machine.
    """
    accepted, costs = 0, list[tuple[float, str, str | bytes]]()
    for kind, document in hostile_documents(HOSTILE):
        cost = _refusal(document)
        accepted += cost is None
        costs.append((cost or 0, kind, document))
    costs.sort(key=lambda one: -one[0])
    largest = _largest()
    ratio, worst, reading, kind = max((*_beside(document, largest), kind) for _, kind, document in costs[:WORST])
    yield Row("P17", f"hostile routings of {HOSTILE:,} that are saved", accepted, floor="0", gate=0)
    shown = f"{ratio:.2f} ({worst * 1e3:.1f} ms, {kind}; median {costs[HOSTILE // 2][0] * 1e3:.2f} ms)"
    what = "CPU for refusing the worst, x reading 192 KB of JSON"
    yield Row("P17", what, ratio, shown, f"1.00 ({reading * 1e3:.1f} ms)", gate=3)


def _refusal(document: str | bytes) -> float | None:
    """Give the seconds of CPU that a refusal takes; None where the document is read."""
    began = time.process_time()
    try:
        routing_from(read_document(document))
    except RoutingRefused:
        return time.process_time() - began
    return None


def _beside(document: str | bytes, largest: str) -> tuple[float, float, float]:
    """Give the middle ratio of pairs, and the least that a refusal and reading took, in seconds of CPU."""
    pairs: list[tuple[float, float]] = []
    for _ in range(PAIRS):
        refusing = _refusal(document) or 0
        began = time.process_time()
        json.loads(largest)
        pairs.append((refusing, time.process_time() - began))
    ratio = statistics.median(refusing / reading for refusing, reading in pairs)
    return ratio, *(min(side) for side in zip(*pairs, strict=True))


def _largest() -> str:
    """Write rules, one test in each, until there is no room for more."""
    rule = {"rule": "r", "when": {"all": [{"field": "price_fen", "from": 50_000}]}, "then": {"group": "presale"}}
    text = json.dumps(rule)
    return json.dumps({"rules": [rule] * (BYTES_MAX // len(text))})


def hostile_documents(count: int, seed: int = 17) -> Iterator[tuple[str, str | bytes]]:
    """Make documents that must not be saved, of every kind in turn, the same ones for the same seed."""
    random = Random(seed)
    for number in range(count):
        kind, make = KINDS[number % len(KINDS)]
        yield kind, make(random)


def plain_routing(random: Random, rules: int = 5, tests: int = 3) -> Document:
    """Make a routing that can be saved: every rule about an item of its own."""
    groups: Document = {
        name: {
            "title": name,
            "agents": [{"agent": f"{name}-{place}", "seats": 5} for place in range(3)],
            "shifts": [{"agents": [f"{name}-0"], "hours": {"week": {"mon": ["09:00-18:00"]}}}],
        }
        for name in ("presale", "aftersale")
    }
    made = []
    for place in range(rules):
        parts: list[Document] = [{"field": "item", "is": [f"item-{place}"]}, *(_test(random) for _ in range(tests - 1))]
        made.append({"rule": f"r{place}", "when": {"all": parts}, "then": {"group": random.choice(list(groups))}})
    hot_items = [f"{random.randrange(10**12)}" for _ in range(20)]
    return {"groups": groups, "rules": made, "aftersale_group": "aftersale", "hot_items": hot_items, "categories": {}}


def _test(random: Random) -> Document:
    return random.choice(
        [
            {"field": "price_fen", "from": random.randrange(1, 10**6)},
            {"field": "buyer_tags", "has": [f"tag{random.randrange(50)}"]},
            {"not": {"field": "live_room", "is": f"room{random.randrange(50)}"}},
            {"any": [{"field": "hot", "is": True}, {"field": "negative_lines", "from": random.randrange(1, 9)}]},
        ]
    )


def _rule(when: object) -> Document:
    return {
        "groups": {"desk": {"agents": [{"agent": "a"}]}},
        "rules": [{"rule": "r", "when": when, "then": {"bot": True}}],
    }


_DEEP = 10**5
_HOT: Document = {"field": "hot", "is": True}


def _nested(random: Random) -> str:
    opening, closing = random.choice([("[", "]"), ('{"not":', "}"), ('{"all":[', "]}"), ('{"any":[{"all":[', "]}]}")])
    depth = random.choice([9, 60, 400, 900, 2_000, _DEEP])
    text = opening * depth + json.dumps(_HOT) + closing * (depth if random.random() < 0.7 else 0)
    return json.dumps(_rule("?")).replace('"?"', text) if random.random() < 0.7 else text


def _huge(random: Random) -> str | bytes:
    amount = random.choice([6_000, 7_500, 10**5])
    words = [f"i{place}" for place in range(amount)]
    plain = plain_routing(random)
    match random.randrange(9):
        case 0:
            return json.dumps(plain | {"hot_items": list(range(amount))})
        case 1:
            return json.dumps(plain | {"hot_items": words})
        case 2:
            return json.dumps(plain | {"rules": [{}] * amount}, separators=(",", ":"))
        case 3:
            return json.dumps(_rule({"field": "item", "is": words}))
        case 4:
            return json.dumps({"groups": {"desk": {"agents": [{"agent": word} for word in words]}}})
        case 5:
            return json.dumps(plain | {"categories": dict.fromkeys(words[:5000], "!")})
        case 6:
            return json.dumps(plain) + " " * BYTES_MAX
        case 7:
            return json.dumps(_rule({"field": "item", "is": "i" * amount}))
        case _:
            return json.dumps(plain | dict.fromkeys(words, 1))


def _wrong_type(random: Random) -> str:
    plain = plain_routing(random)
    holder, key = random.choice(list(_places(plain)))
    value = holder[key]
    wrong: list[object] = [{"x": [1]}, -7.5] if not isinstance(value, dict | list) else [7, "x", True, [[1]], None]
    wrong = [other for other in wrong if type(other) is not type(value) and (key, other) != ("is", "x")]
    holder[key] = random.choice(wrong)
    return json.dumps(plain)


def _unknown_name(random: Random) -> str:
    plain = plain_routing(random)
    place = random.randrange(3)
    if place == 0:
        places = [holder[key] for holder, key in _places(plain) if isinstance(holder[key], dict) and key not in _FREE]
        random.choice(places)[random.choice(["__class__", "Field", "regex", "x" * 60])] = 1
    elif place == 1:
        wrong = {"field": random.choice(["intnet", "__class__", "", "item.name", "订单"]), "is": "refund"}
        return json.dumps(_rule({"all": [_HOT, wrong]}))
    else:
        field = random.choice(["intent", "tone", "period", "order_status", "mode"])
        return json.dumps(_rule({"field": field, "is": [random.choice(["refnd", "angry", "*", "退款", "o" * 64])]}))
    return json.dumps(plain)


def _no_number(random: Random) -> str:
    number = random.choice(
        ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 30, "9" * 5_000, "1e5", "00", "0x1"]
    )
    text = json.dumps(_rule({"field": "price_fen", "from": 7_777}))
    return text.replace("7777", number)


def _many_digits(random: Random) -> str:
    return json.dumps({"hot_items": ["?"] * 60}).replace('"?"', "9" * random.randrange(2_000, 4_300))


def _twice(random: Random) -> str:
    plain = plain_routing(random)
    key = random.choice(["rules", "groups", "group", "field", "agent", "hours"])
    text = json.dumps(plain)
    return text.replace(f'"{key}": ', f'"{key}": null, "{key}": ', 1)


def _half_a_character(random: Random) -> str | bytes:
    text = json.dumps(_rule({"field": "item", "is": "?here"}) | {"hot_items": ["1"] * random.randrange(500)})
    match random.randrange(6):
        case 0:
            return text.replace("?here", "\\ud800")
        case 1:
            return text.replace("?here", "x\\uDFFF\\uD83D")
        case 2:
            return text.replace("?here", "\ud83d")
        case 3:
            return text.encode().replace(b"?here", b"\xff\xfe")
        case 4:
            return text.encode("utf-16")
        case _:
            return text.replace("rules", "\\udc00")


def _bomb(random: Random) -> str:
    """Repeat one test wherever there is room for it."""
    match random.randrange(5):
        case 0:
            return json.dumps(_rule({"any": [{"all": [_HOT] * 10}] * random.choice([7, 100, 600])}))
        case 1:
            when: object = _HOT
            for _ in range(7):
                when = {"all": [when, when, {"any": [when]}]} if len(json.dumps(when)) < 30_000 else {"all": [when]}
            return json.dumps(_rule(when))
        case 2:
            rule = {"when": {"all": [_HOT] * 60}, "then": {"bot": True}}
            return json.dumps({"rules": [{"rule": f"r{place}", **rule} for place in range(random.choice([17, 120]))]})
        case 3:
            many: Document = {"any": [_test(random) for _ in range(5)]}
            rules = [{"rule": f"r{place}", "when": many, "then": {"bot": True}} for place in range(200)]
            return json.dumps({"rules": rules})
        case _:
            return json.dumps(_rule({"all": [{"any": []}] * random.choice([65, 3_000])}))


def _no_json(random: Random) -> str | bytes:
    text = json.dumps(plain_routing(random))
    cut = text[: random.randrange(len(text))]
    noise = random.randbytes(random.randrange(1, 3_000))
    return random.choice(
        [cut, noise, b"", "null", "[]", "7", '"rules"', text + text, "{'rules': []}", text[:-1] + ",}"]
    )


def _late(random: Random) -> str:
    """Spoil the end of a document that is as long as it may be."""
    plain = plain_routing(random, rules=160, tests=4)
    last = plain["rules"][-1]
    match random.randrange(6):
        case 0:
            last["then"] = {"group": "presael"}
        case 1:
            last["then"] = {"agent": "nobody"}
        case 2:
            last["when"] = {"field": "hour", "from": 9, "to": 8}
        case 3:
            last["when"]["all"].append({"field": "intent", "is": []})
        case 4:
            last["rule"] = "r0"
        case _:
            last["then"] = {"bot": True, "group": "presale"}
    return json.dumps(plain)


_FREE = ("groups", "categories", "week")
"""What merchants name themselves; a week has no rules of its own here."""


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give every part of a document as its holder and its key."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


KINDS: tuple[tuple[str, Callable[[Random], str | bytes]], ...] = (
    ("nested", _nested),
    ("huge", _huge),
    ("wrong type", _wrong_type),
    ("unknown name", _unknown_name),
    ("no number", _no_number),
    ("many digits", _many_digits),
    ("key twice", _twice),
    ("half a character", _half_a_character),
    ("bomb", _bomb),
    ("no JSON", _no_json),
    ("wrong at the end", _late),
)
