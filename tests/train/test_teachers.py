import base64
import io
import json
import logging
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image

from skllm.motion import chain, facts, summary
from skllm.reason.questions import LABEL_LINE, TEACHER_SYSTEM, teach
from skllm.respond.answers import final_label, without_label_line
from skllm.train.teachers import Asked, KinematicTeacher, LocalTeacher, NoAnswer, ServerTeacher, Teacher
from skllm.train.teachers.kinematic import _wording
from skllm.train.teachers.secret import Secret
from tests.conftest import fake_mllm, stick_clip
from tests.train.servers import FakeServer, Reply, good, say

KEY = "sk-proj-N0tToBeSeen4bcdefghijklmnop"
CLIP = stick_clip(8)
ASKED = Asked("c0", CLIP, torch.rand(2, 3, 28, 28, generator=torch.Generator().manual_seed(0)), "wave")
ERROR = json.dumps({"error": {"message": "overloaded"}}).encode()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def asked_of(reply, asked=ASKED, **options):
    """The answer and the server, where the server does `reply` (a Reply or a function)."""
    server = FakeServer(reply if callable(reply) else lambda n, body: reply)
    try:
        teacher = ServerTeacher("some-model", server.url, **{"first_pause": 0.01, "timeout": 5, "retries": 3, **options})
        try:
            return teacher.answer(asked), server
        except Exception as wrong:
            return wrong, server
    finally:
        server.shutdown()
        server.server_close()


def in_turn(*replies):
    return lambda n, body: replies[n](n, body) if callable(replies[n]) else replies[n]


# The label line

@pytest.mark.parametrize(("text", "label"), [
    ("Arms move.\nLabel: wave", "wave"), ("label : Wave \n", "Wave"), ("**Label:** sit down.", "sit down"), ("**Label: `wave`**", "wave"),
    ("Label: a\nLabel: b\nBye.", "b"), ("Label: a\nLabel:", "a"), ("The label: wave", None), ("wave", None), ("", None), ("Label:\nwave", None),
    ("Label: throw ball (shoot a basket)", "throw ball (shoot a basket)"), ("LABEL: wave\r\n", "wave"),
])
def test_the_final_label_is_what_the_last_such_line_names(text, label):
    assert final_label(text) == label


def test_without_label_line_nothing_of_it_is_left():
    assert without_label_line("Arms move.\nLabel: wave\n\nSo it is.\n**label: wave**\n") == "Arms move.\n\nSo it is."
    assert without_label_line("Label: wave") == ""
    assert final_label(LABEL_LINE.format(label="cheer up")) == "cheer up"


# The server

def test_a_server_gets_every_frame_as_png_and_the_question_of_the_paper():
    text, server = asked_of(good)
    assert text.endswith("Label: wave") and len(server.bodies) == 1
    system, user = server.bodies[0]["messages"]
    assert system == {"role": "system", "content": TEACHER_SYSTEM}
    assert user["content"][-1] == {"type": "text", "text": teach("wave")}
    urls = [part["image_url"]["url"] for part in user["content"] if part["type"] == "image_url"]
    assert [part["text"] for part in user["content"] if part["type"] == "text"][:-1] == ["Frame1:", "Frame2:"]
    painted = [np.asarray(Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))) for url in urls]
    want = (ASKED.pictures * 255).round().byte().permute(0, 2, 3, 1).numpy()
    assert np.array_equal(np.stack(painted), want)
    assert (server.bodies[0]["model"], server.bodies[0]["max_tokens"], server.bodies[0]["temperature"]) == ("some-model", 512, 0.2)
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_a_withheld_label_is_in_no_part_of_the_request():
    asked = Asked("c0", CLIP, ASKED.pictures, None, ("sit", "stand"))
    text, server = asked_of(say("It sits.\nLabel: sit"), asked)
    assert final_label(text) == "sit" and "wave" not in json.dumps(server.bodies[0])


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_a_passing_error_is_asked_again(status):
    text, server = asked_of(in_turn(Reply(status, ERROR), Reply(status, ERROR), good))
    assert final_label(text) == "wave" and len(server.bodies) == 3


def test_pauses_double_and_a_server_may_name_its_own():
    _, server = asked_of(in_turn(*[Reply(500, ERROR)] * 3, good), first_pause=0.05)
    waited = np.diff(server.times)
    assert waited[0] >= 0.05 and waited[1] >= 0.1 and waited[2] >= 0.2
    _, server = asked_of(in_turn(Reply(429, ERROR, {"Retry-After": "0.4"}), good))
    assert np.diff(server.times)[0] >= 0.4


@pytest.mark.parametrize("bad", [
    Reply(hang_up=True), say("Late.\nLabel: wave", delay=1.2), say("Slow.\nLabel: wave", trickle=0.05),
], ids=["hangs up", "stalls", "trickles"])
def test_a_lost_connection_and_a_stalling_server_are_asked_again(bad):
    text, server = asked_of(in_turn(bad, good), timeout=0.5)
    assert text.startswith("Summary") and len(server.bodies) == 2


def test_a_server_that_never_answers_is_reported_for_the_clip_after_all_retries():
    wrong, server = asked_of(Reply(delay=0.5), timeout=0.1, retries=2)
    assert isinstance(wrong, NoAnswer) and len(server.bodies) == 3 and "3 requests (no answer within 0.1 s)" in str(wrong)
    wrong, server = asked_of(Reply(500, ERROR), retries=1)
    assert isinstance(wrong, NoAnswer) and len(server.bodies) == 2 and "HTTP 500: overloaded" in str(wrong)


def test_an_answer_without_end_is_cut_off():
    wrong, _ = asked_of(Reply(body=b" " * (3 << 20)), retries=0)
    assert isinstance(wrong, NoAnswer)


@pytest.mark.parametrize("garbage", [
    Reply(body=b"<html>hello</html>", headers={"Content-Type": "text/html"}), Reply(body=b'{"choices": [{"mess'), Reply(body=b'{"choices": []}'),
    Reply(body=b"[" * 100_000), Reply(body=b"null"), Reply(body=b"\xff\xfe"), say(None), say([1]), say("  \n"),
], ids=["html", "half", "no choices", "deep", "null", "bytes", "no text", "list", "blank"])
def test_a_reply_without_text_is_asked_again_and_then_reported_for_the_clip(garbage):
    text, server = asked_of(in_turn(garbage, garbage, good))
    assert final_label(text) == "wave" and len(server.bodies) == 3
    wrong, server = asked_of(garbage)
    assert isinstance(wrong, NoAnswer) and len(server.bodies) == 3 and "127.0.0.1" in str(wrong)


def test_a_text_that_is_no_rationale_is_asked_again_and_then_handed_over_as_it_is():
    wrong_label, no_label = say("It sits.\nLabel: sit"), say("Arms move.")
    text, server = asked_of(in_turn(no_label, wrong_label, good))
    assert final_label(text) == "wave" and len(server.bodies) == 3
    text, server = asked_of(no_label)
    assert text == "Arms move." and len(server.bodies) == 3


@pytest.mark.parametrize(("status", "words"), [(401, "OPENAI_API_KEY"), (402, "paid"), (403, "some-model"), (404, "base_url"), (307, "base_url")])
def test_what_no_clip_can_mend_stops_at_once_with_one_sentence(status, words):
    wrong, server = asked_of(Reply(status, ERROR, {"Location": "http://127.0.0.1:1/elsewhere"}))
    assert isinstance(wrong, ConnectionError) and not isinstance(wrong, NoAnswer)
    assert words in str(wrong) and f"HTTP {status}" in str(wrong) and len(server.bodies) == 1
    assert wrong.__context__ is None and wrong.__cause__ is None


def test_a_refused_clip_is_not_asked_again():
    wrong, server = asked_of(Reply(400, json.dumps({"error": {"message": "picture\ntoo \x1b[31mlarge"}}).encode()))
    assert isinstance(wrong, NoAnswer) and len(server.bodies) == 1 and "HTTP 400: picture too [31mlarge" in str(wrong)


# The key

def echoes(key: str) -> list[Reply]:
    held = f"Authorization: Bearer {key}"
    error = json.dumps({"error": {"message": held, "code": key, "type": key}}).encode()
    return [
        *(Reply(status, error, {"X-Echo": held}, phrase=held) for status in (400, 401, 403, 404, 418, 429, 500, 302)), Reply(400, held.encode()),
        Reply(body=held.encode()), say(f"{held}\nLabel: wave", headers={"X-Echo": held}), say(f"It waves {key[3:20]}.\nLabel: wave"),
    ]


@pytest.mark.parametrize("n", range(len(echoes(KEY))))
def test_a_server_that_sends_the_key_back_cannot_have_it_shown(n, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    for name in ("openai", "httpx2", "httpcore2.http11", "httpcore2.connection"):
        caplog.set_level(logging.DEBUG, logger=name)
    wrong, server = asked_of(echoes(KEY)[n], retries=1)
    assert isinstance(wrong, (ConnectionError, NoAnswer)) and server.headers[0]["authorization"].endswith(KEY)
    shown = [str(wrong), repr(wrong), repr(wrong.__context__), caplog.text, *capfd.readouterr()]
    assert not any(Secret(KEY).within(text) for text in shown)
    assert len(caplog.records) > 5


def test_no_repr_and_no_setting_holds_the_key():
    teacher = ServerTeacher("m", "http://localhost:1/v1")
    assert not any(Secret(KEY).within(text) for text in (repr(teacher), teacher.settings, teacher.name, repr(vars(teacher)), str(teacher._client)))
    assert repr(teacher) == "ServerTeacher('m' at localhost)"


def test_a_server_on_this_machine_needs_no_key_and_gets_none_of_another(monkeypatch):
    text, server = asked_of(good, key_env="NOT_SET_ANYWHERE")
    assert final_label(text) == "wave" and server.headers[0]["authorization"] == "Bearer none"
    with pytest.raises(ValueError, match=r"api\.example\.org wants a key and NOT_SET_ANYWHERE is empty"):
        ServerTeacher("m", "https://api.example.org/v1", key_env="NOT_SET_ANYWHERE")


def test_a_key_that_is_none_is_refused_without_being_shown(monkeypatch):
    for bad in ("two\nlines-of-secret", "schlüssel-geheim"):
        monkeypatch.setenv("OPENAI_API_KEY", bad)
        with pytest.raises(ValueError, match="OPENAI_API_KEY holds characters") as refused:
            ServerTeacher("m", "https://api.example.org/v1")
        assert not Secret(bad).within(str(refused.value))


@pytest.mark.parametrize("url", ["https://me:passw0rd@host/v1", "https://host/v1?key=passw0rd", "host/v1", "ftp://host", "https://[bad", ""])
def test_an_address_that_is_not_plain_is_refused_without_being_repeated(url):
    with pytest.raises(ValueError, match="no plain address") as refused:
        ServerTeacher("m", url)
    assert "passw0rd" not in str(refused.value)


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ImportError, match=r"pip install skllm\[teacher\]"):
        ServerTeacher("m", "http://localhost:1/v1")


# The others

def test_a_local_model_answers_the_same_each_time_and_sees_the_pictures():
    teacher = LocalTeacher(fake_mllm(), max_new_tokens=12)
    first = teacher.answer(ASKED)
    assert first == teacher.answer(ASKED) and not torch.is_inference_mode_enabled()
    other = Asked("c0", CLIP, 1 - ASKED.pictures, "wave")
    assert teacher.answer(other) != first


def test_pictures_of_another_size_are_scaled_for_a_local_model():
    heard = []
    mllm = fake_mllm()
    mllm.hear = lambda seen, question: heard.append((seen.shape, question)) or mllm.__class__.hear(mllm, seen, question)
    LocalTeacher(mllm, max_new_tokens=7).answer(Asked("c0", CLIP, torch.rand(3, 3, 50, 50), "wave"))
    assert heard == [(torch.Size([1, 3, 1, 32]), f"{TEACHER_SYSTEM}\n{teach('wave')}")]


def test_local_models_of_one_name_and_other_weights_differ_in_their_settings():
    one, same, other = fake_mllm(), fake_mllm(), fake_mllm()
    with torch.no_grad():
        next(other.projector.parameters()).add_(0.01)
    assert LocalTeacher(one).settings == LocalTeacher(same).settings != LocalTeacher(other).settings
    assert LocalTeacher(one).settings != LocalTeacher(one, max_new_tokens=9).settings


def test_the_kinematic_teacher_says_what_was_measured_and_the_label_only_at_the_end():
    teacher = KinematicTeacher()
    clip = stick_clip(40)
    lines = teacher.answer(Asked("c0", clip, None, "wave")).splitlines()
    found = facts(clip)
    assert lines == [summary(found), *chain(found), "Label: wave"] and len(lines) > 2
    assert teacher.answer(Asked("c0", clip, None, "sit down")).splitlines()[:-1] == lines[:-1]
    assert teacher.answer(Asked("c0", clip, None, None)).splitlines() == lines[:-1]


def test_other_code_for_the_sentences_is_another_teacher(monkeypatch, tmp_path):
    now = KinematicTeacher().settings
    (tmp_path / "sentences.py").write_text("GOES = 'wanders'")
    _wording.cache_clear()
    monkeypatch.setattr("skllm.train.teachers.kinematic.files", lambda package: tmp_path)
    assert KinematicTeacher().settings != now
    monkeypatch.undo()
    _wording.cache_clear()
    assert KinematicTeacher().settings == now


def test_each_of_them_is_a_teacher():
    for teacher in (KinematicTeacher(), LocalTeacher(fake_mllm()), ServerTeacher("m", "http://localhost:1/v1")):
        assert isinstance(teacher, Teacher) and teacher.name and teacher.settings
    assert (KinematicTeacher.pictured, LocalTeacher.pictured, LocalTeacher.parallel, ServerTeacher.parallel) == (False, True, False, True)


def test_a_server_that_stalls_costs_no_more_than_its_timeout():
    start = time.monotonic()
    wrong, _ = asked_of(Reply(delay=2), timeout=0.2, retries=0)
    assert isinstance(wrong, NoAnswer) and time.monotonic() - start < 1.5
