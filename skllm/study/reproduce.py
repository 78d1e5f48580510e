"""Every notebook in order, going on where it stopped, and a table of what the paper reports beside what was obtained."""

import json
import sys
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import pandas as pd

from skllm.study.paper import expected
from skllm.study.results import code_digest, outputs, project_folder, read_record, table

_START, _END = "<!-- tables and figures of the paper, {} -->", "<!-- end of the tables and figures, {} -->"
_FILE = "REPRODUCIBILITY.md"


def notebooks(only: Sequence[str] = ()) -> list[Path]:
    """The notebooks in order; only: those whose names begin so. Raises ValueError where there are none, or one is not found."""
    found = sorted((project_folder() / "notebooks").glob("[0-9]*.ipynb"))
    if not found:
        raise ValueError(f"no notebooks under {project_folder()}; run it in a checkout of the project")
    if strange := [name for name in only if not any(path.name.startswith(name) for path in found)]:
        raise ValueError(f"no notebook begins with {', '.join(strange)}; known: {', '.join(path.stem for path in found)}")
    return [path for path in found if not only or path.name.startswith(tuple(only))]


def reproduce(scale: str, only: Sequence[str] = (), again: bool = False, given: Mapping[str, object] | None = None) -> list[tuple[str, str]]:
    """Executes the notebooks and gives each one's name and what came of it: "executed", "executed before", or why it failed.

    Executed notebooks lie in `runs/reproduce/<scale>`. One that was executed to its end, of the same code and parameters, is not executed again
    unless `again` or its record is gone; changes inside the package are not noticed. One that fails does not keep the others from being tried.
    given: parameters, passed to the notebooks that have them; ValueError for one that none has. Then, where any was executed and but for the smoke
    scale, that scale's table in REPRODUCIBILITY.md is written anew, from the records.
    """
    folder, asked = project_folder() / "runs" / "reproduce" / scale, {**(given or {}), "scale": scale}
    paths = {path: {name: value for name, value in asked.items() if name in _parameters(path)} for path in notebooks(only)}
    if strange := sorted(set(given or {}) - set().union(*paths.values()) | ({"scale"} & set(given or {}))):
        raise ValueError(f"no notebook among these takes {', '.join(strange)} in this way; the scale is given by scale, others as they stand in them")
    _halves(scale)
    folder.mkdir(parents=True, exist_ok=True)
    told = []
    for path, parameters in paths.items():
        done = folder / path.name
        told.append((path.stem, "executed before" if not again and _finished(done, path, parameters) else _executed(path, done, parameters)))
        print(": ".join(told[-1]), file=sys.stderr, flush=True)
    if scale != "smoke" and any(what == "executed" for _, what in told):
        write_rows(scale)
    return told


def _parameters(path: Path) -> set[str]:
    return set(_papermill().inspect_notebook(str(path)))


def _papermill():
    try:
        import papermill
    except ImportError as missing:
        raise ImportError("executing notebooks needs papermill; pip install 'skllm[notebooks]'") from missing
    return papermill


def _executed(path: Path, done: Path, parameters: Mapping[str, object]) -> str:
    """Beside its place first, so that a kill leaves no half of a notebook there."""
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillException, PapermillExecutionError

    new = done.with_suffix(".new.ipynb")
    try:
        _papermill().execute_notebook(str(path), str(new), dict(parameters), cwd=str(project_folder()))
    except PapermillExecutionError as failed:
        return f"failed: {failed.ename}: {failed.evalue.splitlines()[0] if failed.evalue else ''}"
    except (DeadKernelError, PapermillException, OSError) as failed:
        return f"failed: {type(failed).__name__}: {failed}"
    new.replace(done)
    return "executed"


def _finished(done: Path, path: Path, parameters: Mapping[str, object]) -> bool:
    """Whether that is this notebook, executed to its end with these parameters, and its record is there."""
    if not done.is_file():
        return False
    told = json.loads(done.read_text())
    scale = parameters.get("scale", "demo")
    record = project_folder() / outputs(str(scale)).results / path.stem / f"{scale}-{parameters.get('seed', 0)}.json"
    return told["metadata"]["papermill"]["parameters"] == parameters and code_digest(done) == code_digest(path) and (
        record.is_file() or not _keeps_record(path))


def _keeps_record(path: Path) -> bool:
    return "write_record" in path.read_text()


def rows(scale: str) -> pd.DataFrame:
    """A row for each table and figure of the paper: notebook, status, expected, obtained, what is missing.

    From the records of seed 0 at a scale, and the paper's numbers as `paper.expected` has them. "not run" where there is no record.
    """
    told = pd.read_csv(str(files("skllm.study") / "paper_rows.csv"), keep_default_na=False)
    records = {name: _record(name, scale) for name in told["notebook"]}
    found = [{"the paper's": row.item, "notebook": f"`{row.notebook}`", "status": _status(row.notebook, scale),
              "expected": _expected(row.notebook, row.expected), "obtained": _obtained(records[row.notebook], row.obtained, row.percent == "yes"),
              "missing": row.missing}
             for row in told.itertuples()]
    return pd.DataFrame(found)


def _record(name: str, scale: str) -> pd.DataFrame:
    told = table(name)
    return told[(told["scale"] == scale) & (told["seed"] == 0)] if len(told) else told


def _status(notebook: str, scale: str) -> str:
    path, record = (project_folder() / name for name in (f"notebooks/{notebook}.ipynb", f"results/{notebook}/{scale}-0.json"))
    if not path.is_file():
        return "no notebook yet"
    if not record.is_file():
        return "not run"
    code = read_record(record).get("code")
    return "executed, code not compared" if code is None else "executed" if code == code_digest(path) else "executed, of older code"


def _expected(notebook: str, key: str) -> str:
    if not key:
        return ""
    name, method, setting = key.split("|")
    told = expected(notebook, [name])
    one = told[(told["method"] == method) & (told["setting"] == setting)].iloc[0]
    shown = "unknown" if pd.isna(one["value"]) else f"{one['value']:g}{' ' * (one['unit'] != '%')}{one['unit']}"
    return f"{shown} ({method}, {setting}; confidence {one['confidence']})"


def _obtained(record: pd.DataFrame, name: str, percent: bool) -> str:
    found = record[record["name"] == name] if name and len(record) else record[:0]
    if not len(found):
        return ""
    one = found.iloc[0]
    form = ".1%" if percent else ".3g"
    span = "" if pd.isna(one["n"]) else f" ({one['low']:{form}} to {one['high']:{form}}, n = {int(one['n'])})"
    return f"{one['value']:{form}}{span} ({name})"


def write_rows(scale: str) -> Path:
    """Writes a scale's table between its two marks in REPRODUCIBILITY.md, or at its end. Returns the file's path."""
    path, (before, after) = project_folder() / _FILE, _halves(scale)
    section = "\n\n".join([_START.format(scale), as_markdown(rows(scale), scale), _END.format(scale)])
    new = path.with_suffix(".new")
    new.write_text(f"{before.rstrip()}\n\n{section}{after}")
    new.replace(path)
    return path


def _halves(scale: str) -> tuple[str, str]:
    """What stands before and after a scale's table. Raises ValueError where the mark of its end is gone."""
    path = project_folder() / _FILE
    before, mark, rest = (path.read_text() if path.exists() else "# Reproducibility\n").partition(_START.format(scale))
    _, end, after = rest.partition(_END.format(scale))
    if mark and not end:
        raise ValueError(f"{path} has {_START.format(scale)!r} and no {_END.format(scale)!r} after it; put that back where the table ends")
    return before, after if mark else "\n"


def as_markdown(told: pd.DataFrame, scale: str) -> str:
    """The table as Markdown, under a line with the command that makes a row again."""
    head = [f"## The paper's tables and figures, {scale} scale", "",
            "What the paper reports, with how sure its source is, and what the same notebook gives here, of other data and a model fifty times",
            "smaller: levels are not to be compared. (v5) is a table's number in the fifth version on arXiv. Figures 1, 2 and 5 and Tables 9",
            "and 12 are not reproduced.", "",
            f"A row whose notebook is there is made again by `papermill notebooks/NOTEBOOK.ipynb out.ipynb -p scale {scale}`, all of them by",
            f"`skllm reproduce --scale {scale}`.", ""]
    lines = [*head, f"| {' | '.join(told.columns)} |", f"|{'---|' * len(told.columns)}"]
    return "\n".join(lines + [f"| {' | '.join(map(str, row))} |" for row in told.itertuples(index=False)])
