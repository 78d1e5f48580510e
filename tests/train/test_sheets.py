import pytest

from skllm import read_ui_prmd
from skllm.motion.claims import claims
from skllm.motion.quiz import quiz
from skllm.train.sheets import measure

CLIPS = read_ui_prmd()[:2]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_sheet_holds_what_the_clip_claims_and_is_asked(workers):
    sheets = measure(CLIPS, workers=workers)
    assert list(sheets) == [one.key for one in CLIPS]
    for one in CLIPS:
        assert sheets[one.key].claims == claims(one.clip) != {} and sheets[one.key].questions == tuple(quiz(one.clip)) != ()
