"""`skllm`: the Python API's verbs as commands. Every command takes --json where a script would read its answer."""

import argparse
import ast
import json
import re
import sys
from html import escape
from pathlib import Path

from skllm import cli_train
from skllm.animation import animated_clip, animated_pictures, html, still_clip, still_pictures
from skllm.formats import FORMATS, clips_in, load
from skllm.skeleton import Skeleton
from skllm.study.bodies import height
from skllm.train.augment import turn

_OUTPUTS = (".gif", ".png", ".html")


def main(words: list[str] | None = None) -> int:
    """Runs one command and returns its exit status: 0, or 2 after a sentence on what was wrong."""
    asked = _parser().parse_args(words)
    try:
        asked.run(asked)
    except (ValueError, OSError, FloatingPointError, ImportError) as wrong:
        print(f"skllm {asked.command}: {_as_options(str(wrong))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        onwards = {"prepare": " to go on from here", "train": " with --resume to go on from here"}.get(asked.command, "")
        print(f"\nskllm {asked.command}: stopped; run it again{onwards}", file=sys.stderr)
        return 130
    return 0


def _as_options(sentence: str) -> str:
    """The sentence with the API's way out as the command line's; of one that a reader's process sends with its traceback, the end."""
    if "Original Traceback" in sentence:
        sentence = sentence.strip().splitlines()[-1].partition("Error: ")[2]
    return re.sub(r"(?:call )?load\(path, (\w+)=(\.\.\.|\([^)]*\)|[^),]*)\)", r"give --\1", sentence)


def _parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser("skllm", description="Language models that understand human motion.")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    machine = argparse.ArgumentParser(add_help=False)
    machine.add_argument("--json", action="store_true", help="print JSON")
    file = argparse.ArgumentParser(add_help=False)
    file.add_argument("file", help="a recording of any format that `skllm formats` lists")
    file.add_argument("--format", help="its format, where two would read it")
    file.add_argument("--clip", help="which clip, where the file holds several")
    file.add_argument("--size", type=_size, help='picture size of a 2D format: 640x480, or "fit"')
    file.add_argument("--fps", type=float, help="frames a second, where the file does not say")
    file.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="another option of the format's reader")
    model = argparse.ArgumentParser(add_help=False)
    model.add_argument("--model", default="tiny-open", help="tiny-open, tiny-warm, a checkpoint's folder, or a Hugging Face id of an InternVL")

    def command(name: str, run, text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text, parents=[*parents, machine])
        one.set_defaults(run=run)
        return one

    command("formats", _formats, "list the formats that can be read")
    command("benchmarks", _benchmarks, "list the benchmarks, their protocols, and where their data is to be had")
    show = command("show", _show, "say what a recording holds, and draw it moving", file)
    show.add_argument("-o", "--out", type=Path, help="where to draw it: .gif, .png or .html")
    show.add_argument("--turn", type=float, default=0.0, help="degrees to turn the clip about the vertical before it is drawn (0)")
    command("clips", _clips, "list the clips in a file of several", file)
    render = command("render", _render, "paint the pictures that a language model sees", file)
    render.add_argument("-o", "--out", type=Path, required=True, help="where to paint them: .gif, .png or .html")
    render.add_argument("--renderer", default="tiny-open", help="tiny-open, tiny-warm, draction, 3d+velocity, 2d, jtm, or a checkpoint's folder")
    render.add_argument("--pixels", type=int, default=448, help="pixels a side of a renderer that brings no size (448)")
    render.add_argument("--turn", type=float, default=0.0, help="degrees to turn the clip about the vertical before it is painted (0)")
    render.add_argument("--frames", type=int, default=12, help="pictures a clip (12)")
    recognize = command("recognize", _recognize, "choose the label of a recording", file, model)
    recognize.add_argument("--labels", nargs="+", required=True, help="the labels to choose from")
    ask = command("ask", _ask, "answer a question about a recording", file, model)
    ask.add_argument("question")
    prepare = command("prepare", _prepare, "turn a benchmark's raw files into a small store that is quick to read")
    prepare.add_argument("benchmark", help="its name, as `skllm benchmarks` lists it")
    prepare.add_argument("--data-root", default="", help="the folder with your copy of the files")
    prepare.add_argument("--out", help="the store's folder (prepared/BENCHMARK)")
    prepare.add_argument("--workers", type=int, help="processes (one a core)")
    prepare.add_argument("--leave-out", help="a text file with keys to be left out")
    again = command("reproduce", _reproduce, "execute every notebook in order, going on where it stopped, and tell what the paper reports beside it")
    again.add_argument("--scale", default="demo", choices=("smoke", "demo", "paper"))
    again.add_argument("--only", nargs="+", default=[], metavar="NAME", help="notebooks whose names begin so, such as 07")
    again.add_argument("--again", action="store_true", help="execute those that were executed before, too")
    again.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="parameters of the notebooks, such as data_root=FOLDER")
    cli_train.add_options(command("train", cli_train.run, "train the four stages in a row, or some of them; examines and records each"))
    return whole


def _size(text: str):
    if text == "fit":
        return text
    sides = text.lower().split("x")
    if len(sides) != 2 or not all(side.isdecimal() and side.isascii() for side in sides):
        raise argparse.ArgumentTypeError(f'{text!r} is no size; write 640x480, or "fit"')
    return int(sides[0]), int(sides[1])


def _clip(asked: argparse.Namespace) -> Skeleton:
    options = {key: value for key in ("clip", "size", "fps") if (value := getattr(asked, key)) is not None}
    for pair in asked.option:
        key, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"--option {pair!r} has no value; write NAME=VALUE")
        options[key] = _number(value)
    clip = load(asked.file, asked.format, **options)
    return turn(clip, asked.turn) if getattr(asked, "turn", 0) else clip


def _literal(text: str):
    """A number, True or False; else the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _reproduce(asked: argparse.Namespace) -> None:
    from skllm.study.reproduce import reproduce

    if not all("=" in pair for pair in asked.set):
        raise ValueError(f"--set {' '.join(asked.set)!r} has a parameter without a value; write NAME=VALUE")
    pairs = [pair.partition("=")[::2] for pair in asked.set]
    told = reproduce(asked.scale, asked.only, asked.again, {name: _literal(value) for name, value in pairs})
    failed = [name for name, what in told if what.startswith("failed")]
    _tell(asked, dict(told), f"{len(told) - len(failed)} of {len(told)} notebooks executed, in runs/reproduce/{asked.scale}")
    if failed:
        raise ValueError(f"{', '.join(failed)} failed; look at runs/reproduce/{asked.scale}, mend and run it again")


def _clips(asked: argparse.Namespace) -> None:
    names = clips_in(asked.file, asked.format)
    _tell(asked, names, "\n".join(names))


def _tell(asked: argparse.Namespace, content: dict | list, text: str) -> None:
    print(json.dumps(content, indent=1, ensure_ascii=False) if asked.json else text)


def _formats(asked: argparse.Namespace) -> None:
    rows = [{"name": one.name, "suffixes": ["folder" if end == "/" else end for end in one.suffixes], "holds": one.holds} for one in FORMATS]
    _tell(asked, rows, "\n".join(f"{row['name']:20} {' '.join(row['suffixes']):18} {row['holds']}" for row in rows))


def _benchmarks(asked: argparse.Namespace) -> None:
    from skllm.benchmarks import BENCHMARKS

    rows = [{"name": one.name, "title": one.title, "labels": len(one.labels), "protocols": [protocol.name for protocol in one.protocols],
             "layout": one.layout, "request": one.request} for one in BENCHMARKS.values()]
    _tell(asked, rows, "\n\n".join(
        f"{row['name']}: {row['title']}, {row['labels'] or 'own'} labels\n  protocols: {', '.join(row['protocols'])}\n"
        f"  files: {row['layout'] or 'bundled'}\n  from: {row['request']}" for row in rows))


def _show(asked: argparse.Namespace) -> None:
    _suffix(asked.out)
    clip = _clip(asked)
    if asked.out:
        _write(asked.out, clip, lambda: animated_clip(clip), lambda: still_clip(clip))
    facts = _facts(clip, asked.out)
    size = f"{facts['metres_tall']} m from head to foot" if facts["metres_tall"] else "of no height that could be measured"
    _tell(asked, facts, f"{clip!r}, {facts['seconds']} s, {size}" + (f" -> {asked.out}" if asked.out else ""))


def _facts(clip: Skeleton, out: Path | None) -> dict:
    tall, topology = height(clip), clip.topology
    return {"name": clip.name, "seconds": round(clip.frames / clip.fps, 2), "metres_tall": round(tall, 2) if tall == tall else None,
            "topology": topology.name, "joints": list(topology.joint_names), "bones": list(topology.bones), "frames": clip.frames,
            "fps": clip.fps, "people": clip.people, "seen": round(float((clip.seen > 0).float().mean()), 4), "out": str(out) if out else None}


def _render(asked: argparse.Namespace) -> None:
    import torch

    from skllm.stored import load_renderer

    _suffix(asked.out)
    renderer, clip = load_renderer(asked.renderer, asked.pixels), _clip(asked)
    with torch.no_grad():
        pictures = renderer([renderer.sample(clip, asked.frames)])[0]
    _write(asked.out, clip, lambda: animated_pictures(pictures, clip.frames / clip.fps), lambda: still_pictures(pictures))
    facts = {**_facts(clip, asked.out), "renderer": asked.renderer, "pictures": list(pictures.shape)}
    _tell(asked, facts, f"{len(pictures)} pictures of {clip!r} -> {asked.out}")


def _suffix(out: Path | None) -> None:
    if out is not None and out.suffix.lower() not in _OUTPUTS:
        raise ValueError(f"cannot write {out.name!r}; end it in {', '.join(_OUTPUTS)}")


def _write(out: Path, clip: Skeleton, gif, png) -> None:
    """Draws into a file of the suffix's kind."""
    if out.suffix.lower() == ".html":
        content = f"<!doctype html><meta charset=utf-8><title>{escape(clip.name)}</title>{html(gif(), repr(clip))}".encode()
    else:
        content = gif() if out.suffix.lower() == ".gif" else png()
    try:
        out.write_bytes(content)
    except OSError as wrong:
        raise OSError(f"cannot write {out}: {wrong.strerror}; name a file in a folder that is there") from wrong


def _recognize(asked: argparse.Namespace) -> None:
    from skllm.model import SkeletonLLM

    clip = _clip(asked)
    found = SkeletonLLM.from_pretrained(asked.model).recognize(clip, asked.labels)
    lines = [f"{chance:6.1%}  {label}" for label, chance in sorted(found.probabilities.items(), key=lambda pair: -pair[1])]
    _tell(asked, {"label": found.label, "probabilities": found.probabilities, "said": found.said, "strict": found.strict}, "\n".join(lines))


def _ask(asked: argparse.Namespace) -> None:
    from skllm.model import SkeletonLLM

    clip = _clip(asked)
    answer = SkeletonLLM.from_pretrained(asked.model).ask(clip, asked.question)
    _tell(asked, {"question": asked.question, "answer": answer}, answer)


def _prepare(asked: argparse.Namespace) -> None:
    from skllm.benchmarks import BENCHMARKS, prepare

    if asked.benchmark not in BENCHMARKS:
        raise ValueError(f"no benchmark {asked.benchmark!r}; known: {', '.join(BENCHMARKS)}")
    made = prepare(BENCHMARKS[asked.benchmark], asked.data_root, asked.out or f"prepared/{asked.benchmark}", asked.workers, asked.leave_out)
    told = {"folder": str(made.folder), "kept": made.kept, "reused_shards": made.reused, "skipped": dict(made.skipped)}
    lines = [f"{made.kept} clips in {made.folder}", *(f"skipped {key}: {why}" for key, why in made.skipped)]
    _tell(asked, told, "\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
