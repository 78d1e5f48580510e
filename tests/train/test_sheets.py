import json
from pathlib import Path

import pytest

from skllm import read_ui_prmd
from skllm.motion.claims import claims
from skllm.motion.quiz import quiz
from skllm.train.sheets import measure

CLIPS = read_ui_prmd()[:2]


@pytest.fixture
def kept(tmp_path) -> Path:
    measure(CLIPS, tmp_path / "sheets.json")
    return tmp_path / "sheets.json"


def altered(kept: Path) -> str:
    """Makes the first clip's first question have an answer that no measuring gives, and tells its key."""
    told, key = json.loads(kept.read_text()), CLIPS[0].key
    told[key]["questions"][0]["answer"] = "kept"
    kept.write_text(json.dumps(told))
    return key


@pytest.mark.parametrize("workers", [1, 2])
def test_a_sheet_holds_what_the_clip_claims_and_is_asked(workers):
    sheets = measure(CLIPS, workers=workers)
    assert list(sheets) == [one.key for one in CLIPS]
    for one in CLIPS:
        assert sheets[one.key].claims == claims(one.clip) != {} and sheets[one.key].questions == tuple(quiz(one.clip)) != ()


def test_what_was_kept_is_read_as_it_was_measured(kept):
    assert measure(CLIPS, kept) == measure(CLIPS) and [path.name for path in kept.parent.iterdir()] == ["sheets.json"]


def test_what_was_kept_is_not_measured_again(kept):
    key = altered(kept)
    written = kept.stat().st_mtime_ns
    assert measure(CLIPS, kept)[key].questions[0].answer == "kept" and kept.stat().st_mtime_ns == written
    assert list(measure(CLIPS[:1], str(kept))) == [key]


def test_a_kept_file_that_lacks_a_clip_is_made_anew(kept):
    key = altered(kept)
    told = json.loads(kept.read_text())
    del told[CLIPS[1].key]
    kept.write_text(json.dumps(told))
    sheets = measure(CLIPS, kept)
    assert list(sheets) == [one.key for one in CLIPS] == list(json.loads(kept.read_text()))
    assert sheets[key].questions[0].answer != "kept"


def cut(text: str) -> str:
    return text[:len(text) // 2]


@pytest.mark.parametrize("damage", [
    cut, lambda text: "", lambda text: "[1, 2]", lambda text: '{"a": 3}', lambda text: text.replace('"questions"', '"asked"'),
    lambda text: text.replace('"claims"', '"held"'), lambda text: text.replace('"answer"', '"told"'), lambda text: text.replace('"choices"', '"of"'),
], ids=["cut", "empty", "list", "number", "questions", "claims", "answer", "choices"])
def test_a_damaged_kept_file_is_refused_by_name(damage, kept):
    kept.write_text(damage(kept.read_text()))
    before = kept.read_text()
    with pytest.raises(ValueError, match=r"sheets\.json.*delete it, it is made again"):
        measure(CLIPS, kept)
    assert kept.read_text() == before
