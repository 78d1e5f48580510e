"""Every notebook in order, going on where it stopped, and a table of what the paper reports beside what was obtained."""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import pandas as pd

from skllm.study.paper import expected
from skllm.study.results import code_digest, project_folder, table

_START, _END = "<!-- tables and figures of the paper -->", "<!-- end of the tables and figures -->"
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

    Executed notebooks lie in `runs/reproduce/<scale>`. One that was executed to its end, from the same code, is not executed again unless `again`;
    one that fails does not keep the others from being tried. given: parameters, passed to the notebooks that have them.
    Then, but for the smoke scale, the table in REPRODUCIBILITY.md is written anew, from the records.
    """
    folder = project_folder() / "runs" / "reproduce" / scale
    folder.mkdir(parents=True, exist_ok=True)
    told = []
    for path in notebooks(only):
        done = folder / path.name
        if not again and _finished(done, path):
            told.append((path.stem, "executed before"))
        else:
            told.append((path.stem, _executed(path, done, {"scale": scale, **(given or {})})))
        print(": ".join(told[-1]), flush=True)
    if scale != "smoke":
        write_rows(scale)
    return told


def _executed(path: Path, done: Path, given: Mapping[str, object]) -> str:
    try:
        import papermill
        from papermill.exceptions import PapermillExecutionError
    except ImportError as missing:
        raise ImportError("executing notebooks needs papermill; pip install 'skllm[notebooks]'") from missing
    known = papermill.inspect_notebook(str(path))
    try:
        papermill.execute_notebook(str(path), str(done), {name: value for name, value in given.items() if name in known}, cwd=str(project_folder()))
    except PapermillExecutionError as failed:
        return f"failed: {failed.ename}: {failed.evalue.splitlines()[0] if failed.evalue else ''}"
    return "executed"


def _finished(done: Path, path: Path) -> bool:
    """Whether that is this notebook, executed to its end."""
    if not done.is_file():
        return False
    cells = [cell for cell in json.loads(done.read_text())["cells"] if cell["cell_type"] == "code"]
    whole = all(cell["execution_count"] and not any(one["output_type"] == "error" for one in cell["outputs"]) for cell in cells)
    return whole and code_digest(done) == code_digest(path)


def rows(scale: str) -> pd.DataFrame:
    """A row for each table and figure of the paper: notebook, status, expected, obtained, what is missing.

    From the records of seed 0 at a scale, and the paper's numbers as `paper.expected` has them. "not run" where there is no record.
    """
    told = pd.read_csv(str(files("skllm.study") / "paper_rows.csv"), keep_default_na=False)
    records = {name: _record(name, scale) for name in told["notebook"]}
    found = [{"the paper's": row.item, "notebook": f"`{row.notebook}`", "status": _status(row.notebook, records[row.notebook], scale),
              "expected": _expected(row.notebook, row.expected), "obtained": _obtained(records[row.notebook], row.obtained), "missing": row.missing}
             for row in told.itertuples()]
    return pd.DataFrame(found)


def _record(name: str, scale: str) -> pd.DataFrame:
    told = table(name)
    return told[(told["scale"] == scale) & (told["seed"] == 0)] if len(told) else told


def _status(notebook: str, record: pd.DataFrame, scale: str) -> str:
    return f"executed at {scale} scale" if len(record) else "not run"


def _expected(notebook: str, key: str) -> str:
    if not key:
        return ""
    name, method, setting = key.split("|")
    told = expected(notebook, [name])
    one = told[(told["method"] == method) & (told["setting"] == setting)].iloc[0]
    shown = "unknown" if pd.isna(one["value"]) else f"{one['value']:g}{' ' * (one['unit'] != '%')}{one['unit']}"
    return f"{shown} ({method}, {setting}; confidence {one['confidence']})"


def _obtained(record: pd.DataFrame, name: str) -> str:
    found = record[record["name"] == name] if name and len(record) else record[:0]
    if not len(found):
        return ""
    one = found.iloc[0]
    share = not pd.isna(one["n"])
    shown = f"{one['value']:.3g}" if not share else f"{one['value']:.1%} ({one['low']:.1%} to {one['high']:.1%}, n = {int(one['n'])})"
    return f"{shown} ({name})"


def write_rows(scale: str) -> Path:
    """Writes the table between its two marks in REPRODUCIBILITY.md, or at its end; each row names its command. Returns the file's path."""
    path = project_folder() / _FILE
    text = path.read_text() if path.exists() else "# Reproducibility\n"
    section = f"{_START}\n{as_markdown(rows(scale), scale)}\n{_END}"
    before, mark, rest = text.partition(_START)
    after = rest.partition(_END)[2] if mark else "\n"
    new = path.with_suffix(".new")
    new.write_text(f"{before.rstrip()}\n\n{section}{after}")
    new.replace(path)
    return path


def as_markdown(told: pd.DataFrame, scale: str) -> str:
    """The table as Markdown, under a line with the command that makes a row again."""
    head = [f"Each row is made again by `papermill notebooks/NOTEBOOK.ipynb out.ipynb -p scale {scale}`, all of them by",
            f"`skllm reproduce --scale {scale}`.", ""]
    lines = [*head, f"| {' | '.join(told.columns)} |", f"|{'---|' * len(told.columns)}"]
    return "\n".join(lines + [f"| {' | '.join(map(str, row))} |" for row in told.itertuples(index=False)])
