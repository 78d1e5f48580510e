"""Opening files that may be anything: one clear error for each way in which they can disappoint."""

import json
from pathlib import Path

_LARGEST = 1 << 30         # bytes; a clip this large is not a clip


def bad(path: Path, place: str, what: str, remedy: str) -> ValueError:
    """The one error that a reader raises: file, place, what is wrong there, what to do."""
    return ValueError(f"{path.name}, {place}: {what}; {remedy}")


def text_of(path: Path) -> str:
    """The file's text. Raises FileNotFoundError where there is none and ValueError where it is not text."""
    if not path.exists():
        raise FileNotFoundError(f"no file {path}; check the path")
    if not path.is_file():
        raise bad(path, "the path", "it is a folder", "name a file in it")
    size = path.stat().st_size
    if size == 0:
        raise bad(path, "byte 0", "the file is empty", "copy it again from its source")
    if size > _LARGEST:
        raise bad(path, "the file", f"{size / 1e9:.1f} GB is too large for one clip", "cut it into clips first")
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as broken:
        raise bad(path, f"byte {broken.start}", "it is not text", "is the suffix right?") from None


def json_of(path: Path):
    """The file's JSON. Raises ValueError with the line where it breaks off."""
    try:
        return json.loads(text_of(path))
    except json.JSONDecodeError as broken:
        raise bad(path, f"line {broken.lineno}", f"not JSON ({broken.msg})", "the file may be cut short; copy it again") from None
    except ValueError as broken:                       # such as a number of five thousand digits
        raise broken if str(broken).startswith(path.name) else bad(path, "a number", str(broken)[:80], "the file is damaged") from None
    except RecursionError:
        raise bad(path, "the file", "JSON nested too deeply to be a clip", "is this the right file?") from None
