"""Classes and those most similar to each become one page of text, as in the paper's Figures 13 and 14."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

# All in points. The page is twice its printed size, so that a picture of 90 dots an inch is sharp: 11 here is 5.5 on paper.
_SIZE, _LINE, _GAP, _MARGIN = 11.0, 13.5, 2.5, 10.0
_COLUMN, _NAME = 490.0, 142.0       # width of a column, and of the class names in it
_DARK, _MUTUAL, _ONE_WAY, _BAND = "#111111", "#1f4e8c", "#6b6b6b", "#f1f3f6"
_LEGEND = "●  in each other's list        ○  in this list only"


@dataclass(frozen=True)
class _Row:
    """One class, laid out: lines of its name, and its neighbours as (place from the column's left, line, words, mutual)."""

    name: tuple[str, ...]
    others: tuple[tuple[float, int, str, bool], ...]

    @property
    def height(self) -> float:
        return _LINE * max(len(self.name), 1 + max((line for _, line, _, _ in self.others), default=0)) + _GAP


def neighbour_figure(neighbours: Mapping[str, Sequence[str]], title: str) -> Figure:
    """Every class in bold, its neighbours beside it, those with a filled dot also having it among theirs.

    Two columns up to 60 classes, three beyond. Printed at half its size the letters have 5.5 points: 60 classes fill 7 inches of width,
    120 need 10.5 (A3, or a page on its side for each half).
    """
    if not neighbours:
        raise ValueError("a picture of neighbours shows classes; got none: pass what similar_actions returns")
    columns = _columns([_row(name, neighbours) for name in neighbours], 2 if len(neighbours) <= 60 else 3)
    width = len(columns) * (_COLUMN + _MARGIN) + _MARGIN
    height = max(sum(row.height for row in column) for column in columns) + 5 * _MARGIN + _LINE
    figure = plt.figure(figsize=(width / 72, height / 72), facecolor="white")
    axis = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axis.set_axis_off()
    axis.text(_MARGIN, 2 * _MARGIN, title, fontsize=14, color=_DARK, va="center")
    axis.text(width - _MARGIN, 2 * _MARGIN, _LEGEND, fontsize=_SIZE, color=_DARK, va="center", ha="right")
    for n, column in enumerate(columns):
        _draw(axis, column, _MARGIN + n * (_COLUMN + _MARGIN), 4 * _MARGIN)
    plt.close(figure)
    return figure


def _draw(axis: Axes, rows: Sequence[_Row], left: float, top: float) -> None:
    """One column; every second class on a grey band, so that the eye keeps its line."""
    for n, row in enumerate(rows):
        if n % 2 == 0:
            axis.add_patch(plt.Rectangle((left - 4, top), _COLUMN + 4, row.height, color=_BAND, lw=0))
        first = top + (_GAP + _LINE) / 2
        for line, words in enumerate(row.name):
            axis.text(left, first + line * _LINE, words, fontsize=_SIZE, weight="bold", color=_DARK, va="center_baseline")
        for x, line, words, mutual in row.others:
            colour = _MUTUAL if mutual else _ONE_WAY
            axis.text(left + x, first + line * _LINE, words, fontsize=_SIZE, color=colour, va="center_baseline")
        top += row.height


def _row(name: str, neighbours: Mapping[str, Sequence[str]]) -> _Row:
    x, line, others = _NAME, 0, []
    for other in neighbours[name]:
        mutual = name in neighbours.get(other, ())
        words = f"{'●' if mutual else '○'} {other}"
        length = _length(words)
        if x + length > _COLUMN - 14 and x > _NAME:
            x, line = _NAME, line + 1
        others.append((x, line, words, mutual))
        x += length + 1.2 * _SIZE
    return _Row(tuple(_wrapped(name)), tuple(others))


def _wrapped(name: str) -> list[str]:
    """The name in lines that fit beside the neighbours."""
    lines = [""]
    for word in name.replace("/", "/ ").split():
        glue = "" if not lines[-1] or lines[-1].endswith("/") else " "
        longer = f"{lines[-1]}{glue}{word}"
        if lines[-1] and _length(longer, "bold") > _NAME - _SIZE:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _columns(rows: Sequence[_Row], count: int) -> list[list[_Row]]:
    """The rows in their order, cut where each column has its share of the height."""
    total, above = sum(row.height for row in rows), 0.0
    columns: list[list[_Row]] = [[] for _ in range(count)]
    for row in rows:
        columns[int(count * (above + row.height / 2) / total)].append(row)
        above += row.height
    return columns


def _length(words: str, weight: str = "normal") -> float:
    return TextPath((0, 0), words, size=_SIZE, prop=FontProperties(weight=weight)).get_extents().width
