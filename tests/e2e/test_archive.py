"""What the afternoon left in the table can be read from the bucket too, with all that it was before."""

from infra.local.demo.play import Played, Stage
from shared.workflows.archive_history import KINDS
from tests.e2e.archive import archived, last_states, stored
from tests.e2e.patience import agreeing


def test_every_state_of_every_case_is_in_the_archive(played: Played, stage: Stage) -> None:
    ends, left = agreeing(lambda: last_states(archived(stage)), lambda: stored(stage))
    assert ends == left
    assert {kind for kind, _ in left} == KINDS
    assert played.refund_ids <= {identity.partition(":")[2] for kind, identity in left if kind == "refund"}
    for key, states in archived(stage).items():
        assert sorted(states) == list(range(1, len(states) + 1)), key
