"""Says in a merchant's words what is wrong with a policy document: Chinese, then English, and what is allowed."""

from collections.abc import Iterator

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from shared.domain.conditions import Problem, unknown
from shared.domain.hours import BusinessHours
from shared.domain.policy import Policy, Robot
from shared.domain.watching import Authority, Escalation, Exposure, Limit, Watching
from shared.rules.routing.document import join

_DURATION = "时长请写成 write a duration such as PT2M (2 minutes), PT12H or P7D"
_LIST = "请写一个列表 write a list: […]"
_OBJECT = "请写一个对象 write an object: {{…}}"
_NUMBER = "请写整数，不加引号 write a whole number, without quotes"
_INSTANT = "时刻请带时区 write an instant with its offset, such as 2026-06-18T00:00:00+08:00"
_DATE = "日期请写成 write a date such as 2026-10-01"
_TEXTS = {
    "missing": "缺少这一项 this is required",
    "int_type": _NUMBER,
    "int_from_float": _NUMBER,
    "bool_type": "请写 true 或 false write true or false",
    "string_type": "请写带引号的文字 write a text in quotes",
    "enum": "只能是 only: {expected}",
    "literal_error": "只能是 only: {expected}",
    "greater_than": "须大于 more than {gt}",
    "greater_than_equal": "不能小于 at least {ge}",
    "less_than_equal": "不能大于 at most {le}",
    "too_long": "最多 {max_length} 项 at most {max_length} entries",
    "too_short": "至少 {min_length} 项 at least {min_length} entries",
    "string_pattern_mismatch": "只能用这些字符 it has to match {pattern}",
    "value_error": "这里说不通 {error}",
    "time_delta_type": _DURATION,
    "time_delta_parsing": _DURATION,
    "tuple_type": _LIST,
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "timezone_aware": _INSTANT,
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
}
_HOLDERS: dict[str, type[BaseModel]] = {
    "robots": Robot,
    "watching": Watching,
    "limits": Limit,
    "exposure": Exposure,
    "hours": BusinessHours,
    "escalations": Escalation,
    "authority": Authority,
}


def problems_in(error: ValidationError) -> Iterator[Problem]:
    """Give the problems of a policy that is no valid one, each with its path."""
    for one in error.errors(include_url=False, include_input=False):
        yield Problem(_path(one), _message(one))


def _path(one: ErrorDetails) -> str:
    return join(*(step for step in one["loc"] if step != "[key]"))


def _message(one: ErrorDetails) -> str:
    if one["type"] == "extra_forbidden":
        steps = one["loc"]
        holders = [_HOLDERS[step] for step in steps[:-1] if isinstance(step, str) and step in _HOLDERS]
        return f"没有这一项 {unknown('key', steps[-1], tuple((holders or [Policy])[-1].model_fields))}"
    template = _TEXTS.get(one["type"])
    return template.format_map(one.get("ctx", {})) if template else f"写法不对 {one['msg']}"
