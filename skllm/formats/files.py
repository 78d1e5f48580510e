"""Opening what may be anything: one clear error for each way in which a file can disappoint, and nothing opened twice."""

import io
import json
import math
import numbers
import zipfile
from functools import cached_property
from pathlib import Path

import numpy as np

from skllm.formats.matlab import read_matlab
from skllm.formats.pickles import unpickle
from skllm.skeleton import Skeleton, Topology

_LARGEST = 1 << 31         # bytes; what is larger is not read whole
MOST_PEOPLE = 64
_BODY = (0.01, 50.0)       # metres across: what is smaller or larger in most frames is in another unit


class File:
    """A file or folder that may hold a clip.

    `text`, `json`, `array` (.npy), `arrays` (.npz), `matrices` (MATLAB), `pickle` (restricted: numbers, words and arrays
    only) and `rows` open it, each at most once. Every disappointment is a ValueError that names file, place and remedy;
    a path with nothing there is a FileNotFoundError.
    """

    def __init__(self, path: str | Path):
        try:
            self.path = Path(path).expanduser()
            there = self.path.exists()
        except (OSError, RuntimeError) as wrong:              # such as a name of 300 letters, or an unknown user's home
            raise FileNotFoundError(f"no file {str(path)[:80]} ({wrong}); check the path") from None
        if not there:
            raise FileNotFoundError(f"no file {self.path}; check the path")

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return self.path.name

    @property
    def stem(self) -> str:
        """The file's name without its suffix, for titles."""
        return self.path.stem

    @property
    def suffix(self) -> str:
        """The suffix in lower case; "/" for a folder."""
        return "/" if self.path.is_dir() else self.path.suffix.lower()

    def bad(self, place: str, what: str, remedy: str) -> ValueError:
        """The one error that a reader raises: file, place, what is wrong there, what to do."""
        return ValueError(f"{self.name}, {place}: {what}; {remedy}")

    @cached_property
    def bytes(self) -> bytes:
        """The file's bytes."""
        if not self.path.is_file():
            raise self.bad("the path", "it is a folder", "name a file in it")
        size = self.path.stat().st_size
        if size == 0:
            raise self.bad("byte 0", "the file is empty", "copy it again from its source")
        if size > _LARGEST:
            raise self.bad("the file", f"{size / 1e9:.1f} GB is too large to be read at once", "cut it into clips first")
        return self.path.read_bytes()

    @cached_property
    def text(self) -> str:
        """The file's text."""
        try:
            return self.bytes.decode("utf-8-sig")
        except UnicodeDecodeError as broken:
            raise self.bad(f"byte {broken.start}", "it is not text", "is the suffix right?") from None

    @cached_property
    def json(self):
        """The file's JSON, also where it was written as a string within JSON."""
        try:
            content = json.loads(self.text)
            return json.loads(content) if isinstance(content, str) else content
        except json.JSONDecodeError as broken:
            raise self.bad(f"line {broken.lineno}", f"not JSON ({broken.msg})", "the file may be cut short; copy it again") from None
        except RecursionError:
            raise self.bad("the file", "JSON nested too deeply to be a clip", "is this the right file?") from None
        except ValueError as broken:                       # such as a number of five thousand digits
            raise broken if str(broken).startswith(self.name) else self.bad("a number", str(broken)[:80], "the file is damaged") from None

    @cached_property
    def array(self) -> np.ndarray:
        """The array of a `.npy` file, mapped; one that holds Python objects is refused."""
        self._need_a_file()
        try:
            found = np.load(self.path, mmap_mode="r", allow_pickle=False)      # mapped: a header that lies about its size is found out
        except Exception:                                                      # NumPy raises whatever parsing the header met
            raise self.bad("the header", "not a whole NumPy array of numbers", "it may be cut short or hold pickled objects; copy it again") from None
        if not isinstance(found, np.ndarray):
            raise self.bad("the header", "an archive of arrays, not one array", "was a .npz renamed?")
        return self._numeric(found, "the array")

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of a `.npz` file by name; ones that hold Python objects are refused."""
        self._need_a_file()
        try:
            with zipfile.ZipFile(self.path) as held:
                if sum(entry.file_size for entry in held.infolist()) > _LARGEST:
                    raise self.bad("the archive", f"it unpacks to over {_LARGEST / 1e9:.1f} GB", "split it")
                return {entry.removesuffix(".npy"): np.load(io.BytesIO(held.read(entry)), allow_pickle=False) for entry in held.namelist()}
        except Exception as broken:                                            # zipfile, zlib and NumPy raise what parsing met
            if str(broken).startswith(self.name):
                raise
            raise self.bad("the archive", "not whole NumPy arrays of numbers", "it may be cut short or hold pickled objects; copy it again") from None

    @cached_property
    def matrices(self) -> dict[str, np.ndarray]:
        """The variables of a MATLAB file (version 5 to 7.2)."""
        data = self.bytes
        try:
            return read_matlab(data)
        except Exception as broken:                                            # struct, zlib and NumPy raise what parsing met
            if str(broken).startswith(self.name):
                raise
            raise self.bad("its variables", f"not a whole MATLAB file of version 5 to 7.2 ({str(broken)[:80]})", "save it again with -v7") from None

    @cached_property
    def pickle(self):
        """What a pickle or joblib dump holds, if it is plain values and arrays; anything else is refused and never runs."""
        data = self.bytes
        try:
            return unpickle(data)
        except Exception as broken:                                            # a damaged pickle raises whatever its opcodes met
            raise self.bad("its pickle", str(broken)[:160] or type(broken).__name__, "only plain values and NumPy arrays are read") from None

    @cached_property
    def rows(self) -> np.ndarray:
        """The numbers of a text table, one line a row, separated by blanks or commas: [lines, columns], all finite."""
        lines = [line.replace(",", " ").rstrip() for line in self.text.splitlines()]
        lines = [line for line in lines if line]
        if not lines:
            raise self.bad("line 1", "there are no numbers", "copy it again from its source")
        try:
            found = np.loadtxt(lines, ndmin=2, comments=None)
        except (ValueError, OverflowError) as broken:
            raise self.bad("its rows", f"not a table of numbers ({str(broken)[:90]})", "the file may be cut short; copy it again") from None
        if not np.isfinite(found).all():
            line = int(np.argwhere(~np.isfinite(found))[0, 0]) + 1
            raise self.bad(f"line {line}", "a number that is not finite", "the file is damaged; copy it again")
        return found

    def is_table(self, columns: int, rows: int) -> bool:
        """Whether the text's first line is that many numbers and its lines come in frames of that many."""
        lines = [line for line in self.text.splitlines() if line.strip()]
        try:
            first = [float(word) for word in lines[0].replace(",", " ").split()] if lines else []
        except ValueError:
            return False
        return len(first) == columns and len(lines) % rows == 0

    def to_skeleton(self, xyz, topology: Topology, fps: float | int, name: str = "", **more) -> Skeleton:
        """`Skeleton.from_array` whose refusals name this file; bodies that are no bodies' size and crowds are refused too."""
        try:
            clip = Skeleton.from_array(xyz, topology, fps, name=name or self.stem, **more)
        except (ValueError, TypeError, OverflowError) as wrong:
            raise self.bad("the clip", str(wrong), "leave this file out, or give the right options") from None
        if clip.people > MOST_PEOPLE:
            raise self.bad("the people", f"{clip.people} of them", f"at most {MOST_PEOPLE} are read; keep the ones you need")
        across = _across(clip)
        if not _BODY[0] < across < _BODY[1]:
            what = f"bodies are {across:.3g} m across" if across else "all joints are at one place"
            raise self.bad("the clip", what, "is the unit metres? scale it first, or leave it out")
        return clip

    def pick(self, names, clip: str | None) -> str:
        """The name of the clip to be read: the only one, or the one asked for. Names are words, whatever the file has."""
        names = [str(name) for name in names]
        if clip is None and len(names) == 1:
            return names[0]
        clip = None if clip is None else str(clip)
        if clip not in names:
            some = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
            what = f"it holds {len(names)} clips" if clip is None else f"no clip {clip!r} among {len(names)}"
            raise self.bad("its clips", f"{what}: {some}", "name one: load(path, clip=...)" if names else "it holds none")
        return clip

    def finite(self, xyz: np.ndarray) -> np.ndarray:
        """The same coordinates [T ... 3]; raises where one is not a finite number."""
        if not np.isfinite(xyz).all():
            t, *j = np.argwhere(~np.isfinite(xyz).all(-1))[0]
            raise self.bad(f"frame {t}, joint {j[-1]}", "a coordinate that is not a number", "leave this file out, as some are broken")
        return xyz

    def positive(self, value, option: str, example: str) -> float:
        """An option's value, if it is a positive finite number."""
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 < value < math.inf:
            raise self.bad(option, f"{value!r} is no positive number", f"call load(path, {option}={example})")
        return float(value)

    def _need_a_file(self) -> None:
        if self.path.is_dir() or self.path.stat().st_size == 0:
            _ = self.bytes

    def _numeric(self, found: np.ndarray, place: str) -> np.ndarray:
        if found.dtype.kind not in "fiu" or found.size == 0:
            raise self.bad(place, f"shape {found.shape} of {found.dtype} holds no numbers", "save plain numbers")
        return found


def _across(clip: Skeleton) -> float:
    """Metres that a person spans, the median over frames and people; of a single joint a metre."""
    if len(clip.topology.joint_names) == 1:
        return 1.0
    low, high = clip.xyz.nan_to_num(math.inf).amin(2), clip.xyz.nan_to_num(-math.inf).amax(2)
    spans = (high - low).amax(-1)
    return float(spans[spans.isfinite()].median())
