import json
import re
from pathlib import Path

import pytest

from skllm.benchmarks import BENCHMARKS
from skllm.formats import FORMATS, registry
from skllm.respond.scores import Score, accuracy, over_seeds
from skllm.study.paper import verdict
from skllm.study.results import table
from skllm.study.training import KINDS, seed_table, stage_table, step_table
from skllm.study.variants import FORMAT, LABELS, PEOPLE, TABLES, standing, verdicts

README = (Path(__file__).parent.parent / "README.md").read_text()


@pytest.mark.weights
def test_the_readmes_python_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "FORMATS", registry.FORMATS.copy())
    exec(compile("\n".join(re.findall(r"```python\n(.*?)```", README, re.S)), "README.md", "exec"), {})
    assert "walk" in capsys.readouterr().out


def test_every_file_and_notebook_that_the_readme_names_exists():
    root = Path(__file__).parent.parent
    named = re.findall(r"`((?:notebooks|tests|skllm|papers)/[\w./]+)`|\]\((\w[\w./]+)\)", README)
    for path in {one or other for one, other in named}:
        assert (root / path).exists() or (root / f"{path}.ipynb").exists(), path


RESULTS = Path(__file__).parent.parent / "results"


def record(notebook: str, seed: int = 0) -> dict:
    return json.loads((RESULTS / notebook / f"demo-{seed}.json").read_text())


def test_the_readmes_scores_are_the_records():
    assert stages_section() in README
    assert told_learned() in README
    tower = json.loads((Path(__file__).parent.parent / "skllm" / "weights" / "tiny_tower.json").read_text())
    assert f"{tower['plane_cm']:.1f} cm" in README and f"{tower['depth_cm']:.1f} cm" in README


def test_the_readme_tells_of_the_trainings_what_their_records_say():
    assert trainings_section() in README


TRAINED = {"renderers": "Renderers", "stages": "Stages", "rationales": "Rationales", "modulator": "Modulator, after stage 1",
           "blends": "Blend weights, after stage 1", "joint": "Formats, stages 1 and 4"}


def trainings_section() -> str:
    """The trainings that notebooks 10, 11 and 16 compare, from their records."""
    told = [json.loads(path.read_text()) for path in sorted((RESULTS / "variants").glob("*/demo-0.json"))]
    scores = {name: standing(TABLES[name], PEOPLE, "ranked", "demo") for name in TRAINED}
    assert all(set(found) == set(TABLES[name]) for name, found in scores.items())
    strange = [one["numbers"][f"{LABELS} (ranked)"] for one in told]
    assert all(one["low"] < 1 / 3 for one in strange)
    (people,), (unseen,) = ({one["numbers"][f"{part} (ranked)"]["n"] for one in told} for part in (PEOPLE, LABELS))
    minutes = sorted(one["seconds"] / 60 for one in told)
    far = standing(TABLES["joint"], FORMAT, "ranked", "demo")
    assert verdict(far["Kinect and Vicon"], far["Kinect alone"]) == "ahead"
    return "\n".join([
        f"**Trainings compared** (notebooks 06, 10, 11 and 16, records in `results/variants`): {len(told)} trainings of one seed in bfloat16,",
        f"two side by side on 2 CPU cores, {minutes[0]:.0f} to {minutes[-1]:.0f} minutes the last stage of each with its test.",
        f"Of {people} clips of three people never trained on so many are right by the likeliest of seven labels (chance 14.3%);",
        "intervals are up to ten points to either side, and say nothing of what another seed would give: those of the four stages above,",
        "other runs in float32, differ by as much.", "",
        *(f"- {TRAINED[name]}: {'; '.join(f'{row} ({score.value:.1%})' for row, score in found.items())}." for name, found in scores.items()), "",
        f"Of rows of as many steps, {'; '.join(apart(scores)) or 'none is apart from another'} by more than their intervals.",
        f"Of the same people as Vicon's markers show them, Kinect alone gets {far['Kinect alone']},",
        f"both {far['Kinect and Vicon']}. Of {unseen} clips of exercises never trained on",
        f"{sum(one['value'] == 1 / 3 for one in strange)} of the trainings get exactly a third, as one answer to all would,",
        f"and the best {max(one['value'] for one in strange):.1%}: none is shown to get beyond chance."])


def apart(scores: dict[str, dict[str, Score]]) -> list[str]:
    """Which rows of a table are ahead of the one that the table is about, or behind it, where both took as many steps."""
    words = {"ahead": "is ahead of", "behind": "is behind"}
    ways = {pair: way for name, found in scores.items() for pair, way in verdicts(name, found, "demo").items()}
    return [f"{one} {words[way]} {other}" for (one, other), way in ways.items() if way in words]


def share(row) -> str:
    return f"{row['mean']:.1%} ({row['low']:.1%} to {row['high']:.1%})"


def stages_section() -> str:
    """The README's part on the four stages, from the records of all seeds and stages that were run."""
    told, lines = stage_table("demo"), []
    kinds = [(tested, kind) for tested in ("unseen people", "unseen labels") for kind in KINDS]
    counts = {tested: int(told[told["tested on"] == tested]["n"].min()) for tested in ("unseen people", "unseen labels")}
    lines += [
        f"Mean of {told['seeds'].min()} trainings (seeds 0, 1, 2), each tested on the same {counts['unseen people']} clips of three people",
        f"never trained on (seven labels, chance 14.3%) and {counts['unseen labels']} clips of those people doing three exercises never trained on",
        "(chance 33.3%); in brackets 95 % intervals over seeds and clips, added as squares; clips of one person count as independent, so they",
        "are rather too narrow. *Ranked*: the likeliest label is right; *strict*: the answer is exactly the label; *lenient*: it contains it.", "",
        "| after stage | people, ranked | strict | lenient | labels, ranked | strict | lenient |", "|---|---|---|---|---|---|---|",
    ]
    for stage, name in enumerate(("1 warm-up", "2 Disc-FT", "3 CR-Distill", "4 refinement"), 1):
        rows = told[told["stage"] == stage].set_index(["tested on", "answer"])
        lines.append(f"| {name} | " + " | ".join(share(rows.loc[kind]) for kind in kinds) + " |")
    lines += ["", *paired_lines(), "", *judged_lines(),
              "What the student says after stage 3 does not yet describe the clip (notebook 04 shows three texts);",
              "how often it does is not measured."]
    spent = step_table("demo", 0)
    lines += [
        "", "Where the seconds of a step of four questions go (medians of seed 0, run alone on 2 CPU cores; *a step* is their sum):", "",
        "| seconds | " + " | ".join(spent.columns) + " | a step |", "|---" * (len(spent.columns) + 2) + "|",
        *(f"| {name} | " + " | ".join(f"{value:.2f}" for value in row) + f" | {row.sum():.1f} |" for name, row in spent.iterrows()),
    ]
    return "\n".join([*lines, *kept_lines()])


def paired_lines() -> list[str]:
    """Stages of one training compared on the same clips, seed by seed."""
    told = 100 * seed_table("demo", "unseen people (ranked)")
    ways = {f"{a} to {b}": told[f"stage {b}"] - told[f"stage {a}"] for a, b in ((1, 2), (2, 3), (3, 4), (1, 4))}
    assert (ways["1 to 2"] < 0).all() and (ways["2 to 3"] < 0).all() and (ways["3 to 4"] > 0).all() and not (ways["1 to 4"] > 0).all()
    said = {way: ", ".join(f"{points:+.0f}" for points in far) for way, far in ways.items()}
    unseen = seed_table("demo", "unseen labels (ranked)")
    assert ((30 * unseen[["stage 3", "stage 4"]]).round() == 10).all(axis=None)
    sources = {record("02_render_warmup", seed)["made_with"]["source"] for seed in (0, 1, 2)}
    return [
        "Seed by seed, the likeliest label of people never trained on was right less often after Disc-FT than before",
        f"({said['1 to 2']} points, seeds 0, 1, 2) and after CR-Distill ({said['2 to 3']}), and more often after",
        f"refinement ({said['3 to 4']}). The last stage beside the first gives {said['1 to 4']}: no gain of the stages 2 to 4",
        "is shown at this length, nor anything beyond chance on labels never trained on, where",
        "after stages 3 and 4 every training got 10 of 30, as one answer to all would. The later stages' rates were chosen on these same people",
        "(CHANGELOG, Tried), and the vision tower saw other people doing the three exercises, without labels.",
        *(["Stage 1 of seeds 1 and 2 was trained with an earlier commit (`made_with` in the records)."] if len(sources) > 1 else []),
    ]


def told_learned() -> str:
    """What stage 1 taught the renderer, in three trainings."""
    told = [record("02_render_warmup", seed)["numbers"] for seed in (0, 1, 2)]
    faster, contrast = (", ".join(form.format(one[name]) for one in told)
                        for form, name in (("{:.4f}", "velocity after"), ("{:+.3f}", "contrast after")))
    assert all(one["contrast after"] < 0 for one in told)
    return (
        "What the renderer learned there, by finite differences on two clips, in three trainings (seeds 0, 1, 2): its pictures change by\n"
        f"{faster} in brightness (of 1) for each m/s, where they changed by {told[0]['velocity before']:.4f} before. Motion does not outshine\n"
        f"rest: the fastest limbs became a little dimmer than they would be at rest (contrast {contrast}). The figures show seed 0.")


def judged_lines() -> list[str]:
    answers = table("03_disc_ft")
    parts = [answers[(answers["scale"] == "demo") & (answers["name"] == f"judged {when}")] for when in ("before", "after")]
    before, after = (over_seeds([Score(row.value, int(row.n), row.low, row.high) for row in part.itertuples()]) for part in parts)
    return ["YES or NO, asked of people never trained on about a clip's own label and the most similar other one (mean of the 3 trainings, two",
            f"answers a clip): {before} before Disc-FT,", f"{after} after."]


def kept_lines() -> list[str]:
    told, step = record("05_recognition")["numbers"], step_table("demo", 0).loc["stage 4"].sum()
    return ["", "In stage 4 renderer and tower are frozen and computed once a clip: reading what was kept takes",
            f"{told['features kept, ms']:.0f} ms a step rather than {told['features anew, ms']:.0f} ms (medians of 5), in a step of {step:.1f} s."]


def test_the_readmes_notebooks_took_as_long_as_their_records_say():
    for path in sorted((RESULTS.parent / "notebooks").glob("*.ipynb")):
        seconds = record(path.stem)["seconds"]
        took = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
        (row,) = [line for line in README.splitlines() if line.startswith(f"| `{path.stem}` |")]
        assert row.endswith(f"| {took} |"), (path.stem, took)


def test_the_readmes_formats_and_benchmarks_are_the_packages():
    for one in FORMATS:
        suffixes = " ".join("folder" if suffix == "/" else f"`{suffix}`" for suffix in one.suffixes)
        assert f"| {one.name} | {suffixes} | {one.holds} |" in README
    assert f"{len(FORMATS)} formats" in README
    assert all(f"| `{name}` |" in README for name in BENCHMARKS)


def test_the_readmes_reading_rates_are_the_records():
    told = json.loads((Path(__file__).parent.parent / "results" / "reading" / "demo-0.json").read_text())["numbers"]
    assert reading_section(told) in README


def reading_section(told: dict) -> str:
    """The README's part on reading, from the record that `python -m skllm.study.reading` wrote."""
    return "\n".join([
        f"**Reading** (`python -m skllm.study.reading`, a person, {told['frames a clip']:.0f} frames a clip, best of five): NTU RGB+D's text at",
        f"{told['text, clips a second, 2 workers']:.0f} clips a second with two workers, the prepared store at "
        f"{told['store, clips a second, 1 process']:,.0f} with one process and {told['store, clips a second, 2 workers']:,.0f}",
        f"with two, in {told['kB in the store a clip']:.0f} kB a clip rather than {told['kB of text a clip']:.0f}.",
    ])


def test_the_readmes_costs_are_the_records():
    told = json.loads((Path(__file__).parent.parent / "results" / "render_cost" / "demo-0.json").read_text())
    assert speed_section(told["numbers"], told["settings"]) in README


def speed_section(told: dict, settings: dict) -> str:
    """The README's part on speed, from the record that `python -m skllm.study.cost` wrote."""
    def row(name: str, key: str) -> str:
        cells = (f"{told[f'{law}, {key} forward, ms']:.1f} / {told[f'{law}, {key} with backward, ms']:.1f}" for law in ("3dgs", "beer-lambert"))
        return f"| {name} | " + " | ".join(cells) + " |"

    loops = " | ".join(f"{told[f'{law}, naive loop forward, ms']:,.0f}, {told[f'{law}, naive loop / splat']:,.0f} times `splat`"
                       for law in ("3dgs", "beer-lambert"))
    frames = {int(count): taken for count, taken in settings["growth"]["frames"]}
    kept, whole = told["tokens, foreground"], told["tokens, dense"]
    return "\n".join([
        "| milliseconds, forward / with backward | `3dgs` | `beer-lambert` |", "|---|---|---|",
        row("`splat`: projecting and painting", "splat"), row("a whole DrAction call", "DrAction"),
        row("a whole DrAction call, two people", "two people, DrAction"), f"| naive loop over Gaussians, forward | {loops} |", "",
        f"Medians of {settings['times']} calls, the naive loop of one. Memory with `3dgs` and one person peaks",
        f"{told['peak above the start, MB']:.0f} MB above the start. A first call takes {told['first call, compiling, s']:.0f} s",
        f"where it must compile, {told['first call, compiled before, s']:.1f} s in later processes. Shown only the painted patches of this clip,",
        f"the tower of `tiny` takes {told['tower foreground, ms']:.0f} ms rather than {told['tower dense, ms']:.0f} ms, for {kept:.0f} tokens",
        f"rather than {whole:.0f}. Time is not quite linear in frames: 24 take {frames[24] / frames[12]:.1f} times as long as 12, since",
        "pictures beyond 32 MB are fresh memory from the system on every call.",
    ])


def test_the_readmes_tests_of_universality_are_the_records():
    assert universal_section() in README


UNIVERSAL = {
    "ui_prmd": "UI-PRMD, Kinect, ten exercises, people never trained on", "ui_prmd, 30 % of the joints hidden": "the same, 30 % of the joints hidden",
    "ui_prmd, 5 cm noise": "the same, 5 cm noise", "ui_prmd, Vicon": "the same people as 39 Vicon markers, a format never trained on",
    "nw_ucla": "NW-UCLA, a benchmark never trained on, ten actions",
}
READ = "claims about unseen people, by the matcher"
ASKED = {
    "claims about unseen people": "YES or NO to claims about people never trained on",
    "short questions about unseen people": "short questions about them",
}
SHORT = {"ui_prmd": "on UI-PRMD", "ui_prmd, 30 % of the joints hidden": "with hidden joints", "ui_prmd, 5 cm noise": "with noise",
         "ui_prmd, Vicon": "in Vicon's markers", "nw_ucla": "on NW-UCLA"}
LANGUAGE = {"`tiny-open`": "universal", "before it learned longer": "universal_as_long", "3D+Velocity, as long as that": "universal_fixed"}
MATCHERS = {"`tiny-open`": "universal_matched", "3D+Velocity": "universal_matched_fixed", "without pictures": "universal_baseline"}


def score_of(cell: dict) -> Score:
    """A record's cell as a score."""
    return Score(cell["value"], cell["n"], cell["low"], cell["high"])


def matched() -> dict[str, dict[str, Score]]:
    """What each matcher was measured at, over its three seeds."""
    told = {}
    for name, folder in MATCHERS.items():
        seeds = [record(folder, seed) for seed in sorted(set(table(folder)["seed"]))]
        assert len(seeds) == 3 and len({one["settings"]["steps"] for one in seeds}) == 1
        told[name] = {test: over_seeds([score_of(one["numbers"][test]) for one in seeds]) for test in seeds[0]["numbers"]}
    return told


def universal_section() -> str:
    """The README's part on people, formats and a benchmark never trained on, from the records."""
    told, said = matched(), [record(name)["numbers"] for name in LANGUAGE.values()]
    assert record("universal")["settings"]["model"] == "tiny-open" and record("universal_fixed")["settings"]["renderer"] == "3d+velocity"
    steps = {record(folder)["settings"]["steps"] for folder in MATCHERS.values()}
    lines = [f"| the likeliest label by the matcher, mean of 3 seeds of {steps.pop():,} steps | n | " + " | ".join(MATCHERS) + " |",
             "|---|---|---|---|---|"]
    assert not steps
    for name, title in {**{f"{name} (ranked)": title for name, title in UNIVERSAL.items()}, READ: ASKED["claims about unseen people"]}.items():
        cells = [one.get(name) for one in told.values()]
        lines.append(f"| {title} | {cells[0].n:,} | " + " | ".join(map(shown, cells)) + " |")
    lines += ["", f"| what the language model says, one training each | n | {' | '.join(LANGUAGE)} |", "|---|---|---|---|---|"]
    for name, title in {**{f"{name} (strict)": f"{title}, strict" for name, title in UNIVERSAL.items()}, **ASKED}.items():
        cells = [score_of(one[name]) for one in said]
        lines.append(f"| {title} | {cells[0].n:,} | " + " | ".join(map(shown, cells)) + " |")
    cells = [asked_in_all(one) for one in said]
    lines.append(f"| both kinds of questions together | {cells[0].n:,} | " + " | ".join(map(shown, cells)) + " |")
    return "\n".join([*lines, "", *compared(told, "without pictures"), *compared(told, "3D+Velocity"), by_words(said[0]), "", shorter_pair()])


def asked_in_all(numbers: dict) -> Score:
    """Claims and short questions as one test."""
    both = [score_of(numbers[name]) for name in ASKED]
    right, count = sum(round(one.value * one.n) for one in both), sum(one.n for one in both)
    return accuracy([n < right for n in range(count)])


def by_words(ours: dict) -> str:
    """How well the likeliest thing for the language model to say told labels apart, from the record."""
    cells = [f"{SHORT[name]} {shown(score_of(ours[f'{name} (ranked by the language model)']))}" for name in ("ui_prmd", "ui_prmd, Vicon")]
    return f"Ranked by how likely the language model is to say each label, without the matcher, `tiny-open` is right {', '.join(cells)}."


def compared(told: dict[str, dict[str, Score]], other: str) -> list[str]:
    """Where the shipped model's matcher and another differ by more than their intervals, in words."""
    ways = {1: [], 0: [], -1: []}
    for name, words in SHORT.items():
        mine, theirs = told["`tiny-open`"][f"{name} (ranked)"], told[other][f"{name} (ranked)"]
        ways[(mine.low > theirs.high) - (mine.high < theirs.low)].append(words)
    said = {1: "is ahead of", 0: "is no different, as far as is shown, from", -1: "is behind"}
    return [f"The matcher of `tiny-open` {said[way]} that {'before ' if other == '3D+Velocity' else ''}{other} {', '.join(names)}."
            for way, names in ways.items() if names]


def shorter_pair() -> str:
    """What a second pair of language models, whose trainings were stopped early, was measured at, from the records."""
    ours, fixed = (record(name, 1) for name in ("universal_as_long", "universal_fixed"))
    took = [", ".join(str(n or "?") for n in one["settings"]["steps of the stages"]) for one in (ours, fixed)]
    pairs = {name: (one, fixed["numbers"][name]) for name, one in ours["numbers"].items()}
    names = {**{f"{name} (strict)": words for name, words in SHORT.items()}, "claims about unseen people": "on claims"}
    cells = [f"{words} {pairs[name][0]['value']:.1%} and {pairs[name][1]['value']:.1%}" for name, words in names.items()]
    assert all(one["low"] <= other["high"] and other["low"] <= one["high"] for one, other in pairs.values())
    asked = pairs["claims about unseen people"][0]["n"]
    first = {words: [record(one)["numbers"][f"{name} (strict)"] for one in ("universal_as_long", "universal_fixed")] for name, words in SHORT.items()}
    apart = [f"{words} {one['value']:.1%} and {other['value']:.1%}" for words, (one, other) in first.items()
             if one["low"] > other["high"] or one["high"] < other["low"]]
    return (f"Strict answers of the two that learned as long differ by more than their intervals {' and '.join(apart)}, DrAction first.\n"
            "A second pair of trainings, with another seed but the same tower, every body in recorded joints and no matcher, was stopped for time:\n"
            f"{took[0]} steps of the stages with DrAction,\n"
            f"{took[1]} with 3D+Velocity (? was not kept), where the table's took 53, 66, 1,372 and 165. Strict, DrAction first: {', '.join(cells)}\n"
            f"(n as above, {asked} claims). No interval there tells the two renderers apart. Claims are well below\n"
            "the first pair's; whether seed or length did it cannot be told.")


def shown(score: Score | None) -> str:
    return f"{score.value:.1%} ({score.low:.1%} to {score.high:.1%})" if score else ""
