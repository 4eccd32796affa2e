"""One case is followed through the logs: by its own name, and by the messages that carried it."""

from infra.local.function_logs import related

DOOR = '{"message":"webhook","source":"zto","status":200,"message_id":"5f0c1d2e"}'
OTHER = '{"message":"webhook","source":"zto","status":200,"message_id":"99999999"}'
HANDLED = '{"message":"handled","message_id":"5f0c1d2e","about":"parcel:zto:75000000000017"}'
CALLED = '{"message":"interception_accepted","message_id":"a81b0000","command_id":"demo|parcel|zto:75000000000017#1"}'
FAILED = '{"message":"failed","message_id": "5f0c1d2e-0000-4000-8000-000000000000"}'
LINES = [(str(number), text) for number, text in enumerate((OTHER, DOOR, HANDLED, CALLED, FAILED))]


def test_a_case_has_the_doors_line_of_its_push_the_handlers_and_the_callers() -> None:
    assert [text for _, text in related(LINES, "75000000000017")] == [DOOR, HANDLED, CALLED, FAILED]


def test_without_a_case_every_line_is_shown() -> None:
    assert related(LINES, "") == LINES


def test_a_case_that_nobody_has_heard_of_has_no_lines() -> None:
    assert related(LINES, "75000000000099") == []
