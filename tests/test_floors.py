import ast
from pathlib import Path

import skllm

FLOORS = (
    {"skeleton"}, {"animation", "perturb", "motion"}, {"formats", "benchmarks", "render", "reason", "respond", "samples"}, {"stored", "wording"},
    {"model"}, {"train"}, {"study"}, {"cli_train"}, {"cli"}, {"__main__"},
)
SIBLINGS = {("benchmarks", "formats")}       # a benchmark is read with the formats' readers
PACKAGE = Path(skllm.__file__).parent


def floor_of(unit: str) -> int:
    return next(n for n, units in enumerate(FLOORS) if unit in units)


def imported_units(tree: ast.AST) -> set[str]:
    froms = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    plain = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return {name.split(".")[1] for name in froms + plain if name.startswith("skllm.")}


def test_imports_point_down():
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        unit = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if unit == "__init__":
            continue
        for other in imported_units(ast.parse(path.read_text())) - {unit}:
            if floor_of(other) >= floor_of(unit) and (unit, other) not in SIBLINGS and (unit, other) != ("skeleton", "animation"):
                wrong.append(f"{path.relative_to(PACKAGE)} imports skllm.{other}")
    assert not wrong


def test_only_the_moving_picture_of_a_clip_is_fetched_from_above():
    tree = ast.parse((PACKAGE / "skeleton.py").read_text())
    inside = [node for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.name == "_repr_html_" for node in ast.walk(f)]
    assert imported_units(tree) == {"animation"} == set().union(*(imported_units(node) for node in inside if isinstance(node, ast.ImportFrom)))
