"""The table of all fields as docs/policy.md has it: name, default, meaning, part by part of the document."""

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from infra.merchants.difference import write_value
from infra.merchants.meanings import meaning_of
from shared.domain.hours import BusinessHours
from shared.domain.policy import Policy, Robot, Trial
from shared.domain.routing import Action, Agent, Group, ModeWindow, Routing, Rule, Shift, Welcome
from shared.domain.watching import Authority, Escalation, Exposure, Limit, Watching
from shared.rules.policy_document import GIVEN

_PARTS: dict[str, type[BaseModel]] = {
    "policy": Policy,
    "trial": Trial,
    "robots.<group>": Robot,
    "watching": Watching,
    "watching.limits[]": Limit,
    "watching.limits[].exposure": Exposure,
    "watching.escalations[]": Escalation,
    "watching.authority.<role>": Authority,
    "hours": BusinessHours,
    "routing": Routing,
    "routing.groups.<group>": Group,
    "routing.groups.<group>.agents[]": Agent,
    "routing.groups.<group>.shifts[]": Shift,
    "routing.rules[]": Rule,
    "routing.rules[].then": Action,
    "routing.welcomes[]": Welcome,
    "routing.modes[]": ModeWindow,
}
_HIDDEN = {*GIVEN, "paces"}
_IN_WORDS = {"BusinessHours.week": "全年无休 always open", "Exposure.max_fen": "不限 no limit"} | dict.fromkeys(
    ("Authority.close_fen_max", "Authority.answer_fen_max"), "不限 no limit"
)


def fields_table() -> str:
    """Give the whole table as Markdown."""
    return "\n".join(line for place, model in _PARTS.items() for line in _part(place, model))


def _part(place: str, model: type[BaseModel]) -> Iterator[str]:
    yield from (f"### `{place}`", "", "| 字段 field | 默认 default | 含义 · meaning |", "|---|---|---|")
    for name, field in model.model_fields.items():
        if model is not Policy or name not in _HIDDEN:
            yield f"| `{name}` | {_default(model.__name__, name, field)} | {meaning_of(model.__name__, name).text} |"
    yield ""


def _default(model: str, name: str, field: FieldInfo) -> str:
    if said := _IN_WORDS.get(f"{model}.{name}"):
        return said
    if field.is_required():
        return "必填 required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel) or value in ((), {}, "", None):
        return ""
    return f"`{write_value(value)}`"
