"""Looks at conditions as they are written, before any model does: whoever wrote them may mean harm."""

from collections.abc import Iterable, Iterator, Mapping

from shared.domain.conditions import Problem, test_problems
from shared.domain.routing import DEPTH_MAX, PROBLEMS_MAX, TESTS_MAX
from shared.rules.routing.document import join

TESTS_IN_ALL_MAX = 800

_FORMS = frozenset({"all", "any", "not"})


def condition_problems(rules: Iterable[Mapping[str, object]], key: str = "rules") -> Iterator[Problem]:
    """Say what is wrong with the conditions of rules or welcomes, and which is written like the one before it."""
    tests, before = 0, None
    for place, rule in enumerate(rules):
        if "when" not in rule:
            continue
        found: list[Problem] = []
        own = _condition(rule["when"], 1, found)
        if own > TESTS_MAX:
            found.append(Problem("", f"more tests than {TESTS_MAX}"))
        elif not found and rule["when"] == before:
            found.append(Problem("", f"the same condition as the {key[:-1]} before, which decides"))
        before = None if found or rule.get("shadow") else rule["when"]
        yield from (Problem(join(key, place, "when", inner), why) for inner, why in found)
        tests += own
        if tests > TESTS_IN_ALL_MAX:
            yield Problem(key, f"more tests in all than {TESTS_IN_ALL_MAX:,}")
            return


def _condition(value: object, depth: int, found: list[Problem]) -> int:
    """Add what is wrong with a condition, and give how many tests it has, counted as far as is allowed."""
    if depth > DEPTH_MAX:
        found.append(Problem("", f"nested more than {DEPTH_MAX} deep"))
    elif not isinstance(value, dict):
        found.append(Problem("", 'a condition is an object: a test with "field", or one of "all", "any" and "not"'))
    elif "field" in value or not (forms := value.keys() & _FORMS):
        found += test_problems(value)
    elif len(value) > 1:
        found.append(Problem("", f'"{min(forms)}" stands alone in its object; keys here: {list(value)[:5]!r:.200}'))
    elif "not" in value:
        return _several(value.items(), depth + 1, found)
    else:
        [(form, parts)] = value.items()
        if not isinstance(parts, list):
            found.append(Problem(form, "this is a list of conditions"))
            return 1
        before = len(found)
        tests = _several(enumerate(parts), depth + 1, found)
        found[before:] = (Problem(f"{form}{path}", why) for path, why in found[before:])
        return tests
    return 1


def _several(parts: Iterable[tuple[str | int, object]], depth: int, found: list[Problem]) -> int:
    tests = 0
    for step, part in parts:
        before = len(found)
        tests += _condition(part, depth, found)
        if len(found) > before:
            found[before:] = (Problem(join(step, path), why) for path, why in found[before:])
        if tests > TESTS_MAX or len(found) >= PROBLEMS_MAX:
            break
    return max(tests, 1)
