import errno
import json
import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections import Counter

import pytest
import torch

from skllm.benchmarks.records import LabelledClip
from skllm.render import FlatRenderer
from skllm.respond.answers import final_label
from skllm.train.teachers import Asked, KinematicTeacher, LocalTeacher, NoAnswer, ServerTeacher, Teacher, collect_rationales
from skllm.train.teachers.ledger import Ledger
from tests.conftest import fake_mllm, stick_clip
from tests.train.servers import FakeServer, Reply, good, question_of, say

KEY = "sk-proj-N0tToBeSeen4bcdefghijklmnop"
LABELS = ("sit", "stand", "wave")
CLIPS = [LabelledClip(f"c{n}", stick_clip(14 + n), LABELS[n % 3]) for n in range(6)]


class Blind(ServerTeacher):
    """A server that is shown no pictures: quick, and it can be asked in a forked process."""

    pictured = False


class Scribe(Teacher):
    """Says what a function says, and remembers what it was asked."""

    name = "scribe"
    pictured = False

    def __init__(self, says=None):
        self.says, self.asked = says or (lambda asked: f"An arm moves.\nLabel: {asked.label}"), []

    def answer(self, asked: Asked) -> str:
        self.asked.append(asked)
        return self.says(asked)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    one = FakeServer()
    yield one
    one.shutdown()
    one.server_close()


def blind(server, **options) -> Blind:
    return Blind("some-model", server.url, **{"first_pause": 0.01, "timeout": 5, "retries": 2, **options})


def lines_in(folder) -> list[dict]:
    return [json.loads(line) for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]


def test_each_clip_gets_its_rationale_in_the_clips_order_and_a_line_on_disk(server, tmp_path):
    server.reply = lambda n, body: say("Late.\nLabel: sit", delay=0.3) if question_of(body).endswith("sit") else good(n, body)
    found = collect_rationales(blind(server), CLIPS, folder=tmp_path, concurrency=6)
    assert list(found.texts) == [one.key for one in CLIPS] and found.dropped == ()
    assert all(text.splitlines()[-1] == f"Label: {one.label}" for one, text in zip(CLIPS, found.texts.values(), strict=True))
    lines = lines_in(tmp_path)
    assert sorted(line["key"] for line in lines) == sorted(found.texts) and {line["teacher"] for line in lines} == {"some-model"}
    assert {line["key"] for line in lines[-2:]} == {"c0", "c3"} and lines[-1]["text"] == "Late.\nLabel: sit"


def test_what_is_on_disk_is_not_asked_again(server, tmp_path):
    first = collect_rationales(blind(server), CLIPS, folder=tmp_path)
    second = collect_rationales(blind(server), CLIPS, folder=tmp_path)
    assert first == second and len(server.bodies) == 6
    more = [*CLIPS, LabelledClip("c6", stick_clip(9), "sit")]
    assert len(collect_rationales(blind(server), more, folder=tmp_path).texts) == 7 and len(server.bodies) == 7


def test_another_wording_picture_clip_label_or_setting_is_another_question(small_model, tmp_path, monkeypatch):
    def asked(clips=CLIPS[:1], model=small_model, settings="", pictured=True, **options) -> int:
        teacher = Scribe()
        teacher.settings, teacher.pictured = settings, pictured
        collect_rationales(teacher, clips, model, folder=tmp_path, **options)
        return len(teacher.asked)

    assert (asked(), asked()) == (1, 0)
    assert (asked(settings="hotter"), asked(settings="hotter")) == (1, 0)
    assert asked([LabelledClip("c0", CLIPS[0].clip, "stand")]) == 1 and asked([LabelledClip("c0", stick_clip(60), "sit")]) == 1
    assert (asked(pictured=False), asked(pictured=False)) == (1, 0)
    assert asked([LabelledClip("c0", stick_clip(8, seed=1, people=2), "sit")], pictured=False) == 1
    small_model.renderer = FlatRenderer(small_model.renderer.config)
    assert (asked(), asked()) == (1, 0)
    monkeypatch.setattr("skllm.train.teachers.records.TEACHER_SYSTEM", "You are a choreographer.")
    assert (asked(), asked()) == (1, 0)


def test_no_more_clips_are_asked_about_at_once_than_was_said(server, tmp_path):
    server.reply = lambda n, body: say("An arm moves.\nLabel: sit", delay=0.1)
    clips = [LabelledClip(f"k{n}", stick_clip(8), "sit") for n in range(12)]
    collect_rationales(blind(server), clips, folder=tmp_path, concurrency=3)
    assert server.most == 3 and len(server.bodies) == 12


def test_no_more_pictures_are_painted_than_are_asked_about(small_model, tmp_path):
    painted, answered, waiting = [0], [0], []
    render = small_model.render

    class Slow(Scribe):
        pictured = parallel = True

        def answer(self, asked):
            time.sleep(0.05)
            assert not torch.is_grad_enabled() or not asked.pictures.requires_grad
            answered[0] += 1
            return super().answer(asked)

    def counted(clips):
        painted[0] += 1
        waiting.append(painted[0] - answered[0])
        return render(clips)

    small_model.render = counted
    clips = [LabelledClip(f"k{n}", stick_clip(8), "sit") for n in range(9)]
    collect_rationales(Slow(), clips, small_model, folder=tmp_path, concurrency=2)
    assert max(waiting) == 2


def test_a_teacher_that_is_not_parallel_is_asked_in_this_thread(tmp_path):
    threads = []
    collect_rationales(Scribe(lambda asked: threads.append(threading.current_thread()) or "x\nLabel: sit"), CLIPS[:1], folder=tmp_path)
    assert threads == [threading.current_thread()]


def test_what_is_no_rationale_is_dropped_with_its_reason_and_not_asked_again(tmp_path):
    says = {
        "c0": "Arms.\nLabel: **Sit**.", "c1": "Arms.\nLabel: wave", "c2": "Arms.", "c3": "Label: sit", "c4": " ",
        "c5": "Arms.\nLabel: wave\nBye.",
    }
    teacher = Scribe(lambda asked: says[asked.key])
    found = collect_rationales(teacher, CLIPS, folder=tmp_path)
    assert found.texts == {"c0": "Arms.\nLabel: sit", "c5": "Arms.\nBye.\nLabel: wave"}
    assert dict(found.dropped) == {
        "c1": "the label line says 'wave'", "c2": "no label line", "c3": "a label line and nothing else", "c4": "an empty answer",
    }
    assert collect_rationales(teacher, CLIPS, folder=tmp_path) == found and len(teacher.asked) == 6


def test_a_label_that_ends_in_a_full_stop_is_still_known(tmp_path):
    found = collect_rationales(Scribe(), [LabelledClip("c0", stick_clip(8), "a person walks.")], folder=tmp_path)
    assert found.texts == {"c0": "An arm moves.\nLabel: a person walks."}


def test_a_clip_without_an_answer_is_reported_and_asked_about_next_time(tmp_path):
    def says(asked):
        if asked.key == "c1":
            raise NoAnswer("the line was busy")
        return "Arms.\nLabel: " + asked.label

    teacher = Scribe(says)
    assert collect_rationales(teacher, CLIPS, folder=tmp_path).dropped == (("c1", "the line was busy"),)
    teacher.says = lambda asked: "Arms.\nLabel: " + asked.label
    assert collect_rationales(teacher, CLIPS, folder=tmp_path).dropped == () and Counter(one.key for one in teacher.asked)["c1"] == 2


def test_a_teacher_that_is_not_told_chooses_and_a_wrong_choice_is_dropped(server, tmp_path):
    server.reply = lambda n, body: say("It looks so.\nLabel: sit")
    found = collect_rationales(blind(server), CLIPS, folder=tmp_path, told=False, labels=LABELS)
    assert list(found.texts) == ["c0", "c3"] and dict(found.dropped)["c1"] == "the label line says 'sit'"
    assert len(server.bodies) == 6 and all("sit\nstand\nwave" in question_of(body) for body in server.bodies)
    server.reply = good
    assert collect_rationales(blind(server), CLIPS, folder=tmp_path).dropped == () and len(server.bodies) == 12


def test_without_label_lines_the_same_answers_lose_them(tmp_path):
    teacher = Scribe()
    whole = collect_rationales(teacher, CLIPS, folder=tmp_path)
    bare = collect_rationales(teacher, CLIPS, folder=tmp_path, label_line=False)
    assert len(teacher.asked) == 6 and all(final_label(text) is None for text in bare.texts.values())
    assert {key: f"{text}\nLabel: {one.label}" for one, (key, text) in zip(CLIPS, bare.texts.items(), strict=True)} == whole.texts


def test_a_teacher_that_cannot_choose_is_used_without_a_conclusion_or_refused_early(tmp_path):
    teacher = Scribe(lambda asked: "The left hand moves up." if asked.label is None else "")
    teacher.chooses = False
    with pytest.raises(ValueError, match=r"scribe cannot name an action that it is not told; pass told=True, or label_line=False"):
        collect_rationales(teacher, CLIPS, folder=tmp_path, told=False)
    assert teacher.asked == []
    found = collect_rationales(teacher, CLIPS, folder=tmp_path, told=False, label_line=False)
    assert set(found.texts.values()) == {"The left hand moves up."} and found.dropped == ()


@pytest.mark.parametrize(("clips", "options", "words"), [
    ([*CLIPS, CLIPS[0]], {}, "c0"), ([], {}, "0 clips"), ([LabelledClip("a", None, "")], {}, "clip 'a'"), (CLIPS, {"concurrency": 0}, "from 1"),
    ([LabelledClip("a", None, "x\ny")], {}, "clip 'a'"), (CLIPS, {"told": False}, "at least two"),
    (CLIPS, {"told": False, "labels": ("sit", "stand")}, "lack.*wave"),
])
def test_what_cannot_be_asked_is_refused_before_anybody_is(clips, options, words, tmp_path):
    teacher = Scribe()
    with pytest.raises(ValueError, match=words):
        collect_rationales(teacher, clips, folder=tmp_path, **options)
    assert teacher.asked == [] and not list(tmp_path.iterdir())


def test_a_teacher_that_sees_needs_somebody_who_paints(tmp_path):
    teacher = Scribe()
    teacher.pictured = True
    with pytest.raises(ValueError, match="pass model"):
        collect_rationales(teacher, CLIPS, folder=tmp_path)


def test_a_refused_key_stops_the_run_and_keeps_what_came(server, tmp_path):
    server.reply = lambda n, body: good(n, body) if n < 3 else Reply(401, json.dumps({"error": {"message": f"Bearer {KEY}"}}).encode())
    with pytest.raises(ConnectionError, match=r"refuses the key; set OPENAI_API_KEY") as stopped:
        collect_rationales(blind(server), CLIPS, folder=tmp_path, concurrency=1)
    assert len(server.bodies) == 4 and len(lines_in(tmp_path)) == 3 and KEY not in str(stopped.value)
    server.reply = good
    assert len(collect_rationales(blind(server), CLIPS, folder=tmp_path).texts) == 6 and len(server.bodies) == 7


def test_a_server_that_is_down_ends_the_run_before_all_clips_are_tried(tmp_path):
    def says(asked):
        raise NoAnswer("nobody there")

    teacher = Scribe(says)
    with pytest.raises(ConnectionError, match=r"20 clips in a row .*nobody there"):
        collect_rationales(teacher, [LabelledClip(f"k{n}", stick_clip(8), "sit") for n in range(50)], folder=tmp_path)
    assert len(teacher.asked) == 20


def test_the_key_is_in_no_file_output_or_record(server, tmp_path, capfd):
    server.reply = lambda n, body: [say(f"Bearer {KEY}\nLabel: sit"), Reply(400, f"Bearer {KEY}".encode())][n % 2]
    found = collect_rationales(blind(server), CLIPS, folder=tmp_path)
    assert len(found.dropped) == 6
    written = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert written and not any(KEY[3:] in text for text in [*written, repr(found), *capfd.readouterr()])


def run_in_process(server, folder, clips) -> multiprocessing.Process:
    """A run in a process of its own; forked, since a fresh one would import for seconds."""
    process = multiprocessing.get_context("fork").Process(
        target=lambda: collect_rationales(blind(server, timeout=30), clips, folder=folder, concurrency=3)
    )
    process.start()
    return process


def wait_for(what, seconds=10) -> None:
    until = time.monotonic() + seconds
    while not what() and time.monotonic() < until:
        time.sleep(0.01)
    assert what()


def test_a_killed_run_goes_on_where_it_was(server, tmp_path):
    server.reply = lambda n, body: good(n, body) if n < 13 else Reply(delay=3, hang_up=True)
    clips = [LabelledClip(f"k{n}", stick_clip(8), "sit") for n in range(30)]
    process = run_in_process(server, tmp_path, clips)
    wait_for(lambda: len(server.bodies) == 16 and len(lines_in(tmp_path)) == 13)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with open(next(tmp_path.glob("*.jsonl")), "ab") as file:
        file.write(b'{"asked": "half a li')
    server.reply = good
    found = collect_rationales(blind(server), clips, folder=tmp_path)
    assert len(found.texts) == 30 and len(server.bodies) == 16 + 17      # 13 are kept, 3 were under way
    assert sorted(line["key"] for line in lines_in(tmp_path)) == sorted(one.key for one in clips)


def test_an_interrupted_run_ends_at_once_and_keeps_what_came(server, tmp_path):
    server.reply = lambda n, body: good(n, body) if n < 2 else Reply(delay=20, hang_up=True)
    process = run_in_process(server, tmp_path, CLIPS)
    wait_for(lambda: len(server.bodies) == 5 and len(lines_in(tmp_path)) == 2)
    start = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    process.join(10)
    assert process.exitcode == 1 and time.monotonic() - start < 3 and len(lines_in(tmp_path)) == 2


def test_a_damaged_line_costs_its_own_clip_and_says_so(tmp_path):
    teacher = Scribe()
    collect_rationales(teacher, CLIPS, folder=tmp_path)
    path = next(tmp_path.glob("*.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"\xff" + lines[1] + b'{"asked": 3}\n' + b"".join(lines[2:]))
    with pytest.warns(UserWarning, match=r"line [23] of scribe.* is damaged"):
        assert len(collect_rationales(teacher, CLIPS, folder=tmp_path).texts) == 6
    assert len(teacher.asked) == 7


def test_a_folder_that_cannot_be_written_is_found_before_anybody_is_asked(tmp_path):
    (tmp_path / "file").write_text("in the way")
    teacher = Scribe()
    with pytest.raises(OSError, match=r"cannot keep rationales in .*file.*name a folder"):
        collect_rationales(teacher, CLIPS, folder=tmp_path / "file" / "run")
    assert teacher.asked == []


def test_a_full_disk_is_found_before_anybody_is_asked(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    teacher = Scribe()
    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left on device"):
            collect_rationales(teacher, CLIPS, folder=tmp_path)
    with monkeypatch.context() as disk:
        disk.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 10**9, 5000))
        with pytest.raises(OSError, match="free some or name another folder"):
            collect_rationales(teacher, CLIPS, folder=tmp_path)
    assert teacher.asked == []
    assert len(collect_rationales(teacher, CLIPS, folder=tmp_path).texts) == len(lines_in(tmp_path)) == 6


def test_a_disk_that_fills_up_stops_the_run_and_what_was_kept_is_whole(tmp_path, monkeypatch):
    write, teacher = Ledger._write, Scribe()

    def until_full(ledger, data):
        if len(teacher.asked) == 4:
            write(ledger, data[:20])
            raise OSError(errno.ENOSPC, "No space left on device")
        write(ledger, data)

    with monkeypatch.context() as disk:
        disk.setattr(Ledger, "_write", until_full)
        with pytest.raises(OSError, match=r"No space left on device.*free room"):
            collect_rationales(teacher, CLIPS, folder=tmp_path)
    assert len(collect_rationales(teacher, CLIPS, folder=tmp_path).texts) == 6 and len(teacher.asked) == 4 + 3


def test_two_runs_do_not_write_one_file_and_two_teachers_write_two(tmp_path):
    with Ledger(tmp_path, "scribe", 1), pytest.raises(OSError, match="another run is writing"):
        collect_rationales(Scribe(), CLIPS, folder=tmp_path)
    other = Scribe()
    other.name = "scri/be"
    for teacher in (other, Scribe()):
        collect_rationales(teacher, CLIPS, folder=tmp_path)
    assert len(list(tmp_path.glob("*.jsonl"))) == 2 and len(lines_in(tmp_path)) == 12


def test_a_local_model_with_random_weights_runs_and_its_babble_is_dropped(small_model, tmp_path):
    teacher = LocalTeacher(fake_mllm(), max_new_tokens=8)
    found = collect_rationales(teacher, CLIPS[:2], small_model, folder=tmp_path)
    assert found.texts == {} and [key for key, _ in found.dropped] == ["c0", "c1"] and len(lines_in(tmp_path)) == 2
    assert collect_rationales(teacher, CLIPS[:2], small_model, folder=tmp_path) == found


def test_the_kinematic_teacher_needs_no_pictures_and_gives_both_variants(tmp_path):
    clips = [LabelledClip(f"k{n}", stick_clip(30 + n), LABELS[n]) for n in range(3)]
    whole, bare = (collect_rationales(KinematicTeacher(), clips, folder=tmp_path, told=told, label_line=told) for told in (True, False))
    assert list(whole.texts.values()) == [f"{text}\nLabel: {one.label}" for one, text in zip(clips, bare.texts.values(), strict=True)]
    assert whole.dropped == bare.dropped == () and len(lines_in(tmp_path)) == 6
    with pytest.raises(ValueError, match="cannot name an action"):
        collect_rationales(KinematicTeacher(), clips, folder=tmp_path, told=False, labels=LABELS)
