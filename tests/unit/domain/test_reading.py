"""JSON as vendors send it."""

import json
import re

from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.reading import any_json

HALVES = st.sampled_from(["\ud83d", "\ude00", "\\", "u", "d", "8", "3", "D", '"', "a", "好", "\U0001f600"])


@given(st.lists(HALVES).map("".join))
@example("下午好\ud83d")
@example("\\ud83d")
@example("\ud83d\ud83d\ude00\ude00")
def test_half_an_emoji_is_replaced_and_everything_else_is_kept(text: str) -> None:
    paired = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert any_json(json.dumps({"text": text})) == {"text": re.sub("[\ud800-\udfff]", "�", paired)}
