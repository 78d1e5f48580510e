import subprocess
import sys
import tomllib
from pathlib import Path

import skllm

ROOT = Path(__file__).parent.parent


def test_every_public_name_exists_and_says_what_it_is():
    assert len(skllm.__all__) < 20
    for name in set(skllm.__all__) - {"__version__", "FORMATS"}:
        assert getattr(skllm, name).__doc__, name


def test_importing_skllm_loads_neither_torch_nor_transformers():
    code = "import sys, skllm; print(*{'torch', 'transformers', 'numpy', 'numba'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""


def test_an_unknown_name_is_refused_with_the_known_ones():
    try:
        skllm.walk  # noqa: B018
    except AttributeError as refused:
        assert "load" in str(refused)
    else:
        raise AssertionError("skllm.walk should not exist")


def test_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == skllm.__version__
    assert f"version: {skllm.__version__}" in (ROOT / "CITATION.cff").read_text()
    assert f"## {skllm.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_direct_dependency_is_pinned_and_the_environment_repeats_no_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = project["dependencies"] + [one for extra in project["optional-dependencies"].values() for one in extra]
    pinned = {line.split("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    names = {one.split(">")[0].split("=")[0].split("[")[0].lower() for one in asked}
    assert names <= pinned | {"skllm"}, names - pinned
    assert "torch==2.13.0" in (ROOT / "constraints.txt").read_text().splitlines()
    assert "==" not in (ROOT / "environment.yml").read_text()


def test_ruff_finds_nothing():
    done = subprocess.run([sys.executable, "-m", "ruff", "check", "skllm", "tests", "notebooks"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_shipped_file_is_in_the_packages_data():
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["skllm"]
    packed = {path for pattern in patterns for path in (ROOT / "skllm").glob(pattern)}
    shipped = [path for path in (ROOT / "skllm").rglob("*") if path.suffix in (".safetensors", ".npz", ".bvh", ".skeleton", ".json")]
    assert shipped and set(shipped) <= packed
    assert sum(path.stat().st_size for path in shipped if path.suffix == ".safetensors") < 40e6
    assert sum(path.stat().st_size for path in shipped if path.suffix == ".npz") < 12e6
