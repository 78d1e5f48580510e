"""The paper's numbers, as far as they could be found, each with its source: what is expected of a reproduction."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

import pandas as pd

from skllm.respond.scores import Score


def expected(notebook: str, tables: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of the paper that a notebook reproduces: table, method, setting, value, unit, source, confidence.

    A value that could not be found is missing, and its confidence says unknown. tables: only these. Raises ValueError where nothing is known of
    the notebook or of a table.
    """
    told = pd.read_csv(str(files("skllm.study") / "paper.csv"))
    told = told[told["notebook"] == notebook]
    if told.empty or (strange := set(tables) - set(told["table"])):
        where = f" in {', '.join(sorted(strange))}" if len(told) else ""
        raise ValueError(f"no numbers of the paper for {notebook!r}{where}; see skllm/study/paper.csv")
    return (told[told["table"].isin(tables)] if tables else told).drop(columns="notebook").reset_index(drop=True)


def setting_of(protocol: str) -> str:
    """A protocol as the paper's tables call it: "NTU-120 110/10" of "ntu120_xsub_110_10"."""
    benchmark, _, cut = protocol.partition("_xsub_")
    titles = {"ntu60": "NTU-60", "ntu120": "NTU-120", "pku_mmd": "PKU-MMD"}
    if benchmark not in titles or not cut:
        raise ValueError(f"the paper tests on {', '.join(titles)} by subject, as in ntu120_xsub_110_10; got {protocol!r}")
    return f"{titles[benchmark]} {cut.replace('_', '/')}"


def wide(told: pd.DataFrame) -> pd.DataFrame:
    """The same as a table to read: a row for each method, a column for each setting, "unknown" where nothing was found, a mark where it is unsure."""
    marks = {"high": "", "medium": " ?", "low": " ??"}
    shown = ["unknown" if pd.isna(row.value) else f"{row.value:g}{marks[row.confidence]}" for row in told.itertuples()]
    settings, methods = told["setting"].drop_duplicates(), told["method"].drop_duplicates()
    return told.assign(shown=shown).pivot(index="method", columns="setting", values="shown").loc[methods, settings].fillna("")


def beside(told: pd.DataFrame, here: Mapping[str, Score], title: str) -> pd.DataFrame:
    """What the paper reports and what was obtained here, a row for each method: its numbers, their sources, and under `title` ours.

    Rows that only one of the two has stay, so that what is missing is seen.
    """
    table = wide(told) if len(told) else pd.DataFrame()
    sources = told.dropna(subset="value").groupby("method", sort=False)["source"].agg(lambda some: "; ".join(dict.fromkeys(some)))
    methods = list(dict.fromkeys([*table.index, *here]))
    table = table.reindex(methods).fillna("not in the paper")
    table.columns = [f"the paper, {name}" for name in table.columns]
    return table.assign(**{"its source": sources.reindex(methods).fillna(""), title: [str(here[m]) if m in here else "not run" for m in methods]})


def verdict(one: Score, other: Score) -> str:
    """Whether the first is ahead of the second or behind by more than their intervals, or no difference is shown."""
    return "ahead" if one.low > other.high else "behind" if one.high < other.low else "no difference shown"
