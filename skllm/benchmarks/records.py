"""What every benchmark hands out: labelled clips, named protocols, and where its data is to be had."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol as Kind
from typing import runtime_checkable

from skllm.formats import FORMATS, File, load
from skllm.skeleton import Skeleton


@runtime_checkable
class Readable(Kind):
    """Anything that gives a clip when asked."""

    def read(self) -> Skeleton:
        """The clip."""


@dataclass(frozen=True)
class Excerpt:
    """A clip in a file: the file, which of its clips, and which of its frames (start and stop, from 0); read when asked for."""

    path: Path
    clip: str | None = None
    frames: tuple[int, int] | None = None
    format: str | None = None

    def read(self) -> Skeleton:
        """The clip. Raises ValueError, naming the file, where it is not whole or nobody is seen in these frames."""
        file = _opened(self.path, self.path.stat().st_mtime_ns)
        whole = load(file, format=self.format, **({"clip": self.clip} if self.clip is not None else {}))
        if self.frames is None:
            return whole
        start, stop = self.frames
        try:
            return whole.cut(start, stop)
        except ValueError as wrong:
            raise file.bad(f"frames {start} to {stop}", str(wrong), "leave this part out") from None


    def files(self) -> list[Path]:
        """The file, and those beside it that its format reads too."""
        beside = next((known.beside for known in FORMATS if known.name == self.format), None)
        return [self.path, *(beside(self.path) if beside else ())]


@lru_cache(maxsize=2)
def _opened(path: Path, changed: int) -> File:
    return File(path)


@dataclass(frozen=True)
class LabelledClip:
    """A clip, the words for what it shows, and whom it shows.

    key: unique in its benchmark; source: the clip itself, or where it is read from when asked for
    subject, camera, setup: the benchmark's own numbers, 0 where it has none; correct: False where an exercise was done wrongly
    on purpose; part: the list of the benchmark that names the clip ("train", "val", "test"), where it has lists
    captions: sentences about the clip, where the benchmark has them
    """

    key: str
    source: Skeleton | Readable | None
    label: str
    subject: int = 0
    correct: bool = True
    camera: int = 0
    setup: int = 0
    part: str = ""
    captions: tuple[str, ...] = ()

    @property
    def clip(self) -> Skeleton:
        """The clip, read now if it lies in a file."""
        return self.source if isinstance(self.source, Skeleton) else self.source.read()


@dataclass(frozen=True)
class Protocol:
    """Which clips are kept for testing and which labels are never trained on; a name for the records.

    labels: the words to choose from; empty where the clips bring their own. A clip is kept for testing if its subject, camera
    or setup is named here; with `lists` the benchmark's own lists decide.
    """

    name: str
    labels: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    test_subjects: frozenset[int] = frozenset()
    test_cameras: frozenset[int] = frozenset()
    test_setups: frozenset[int] = frozenset()
    lists: bool = False

    @property
    def seen(self) -> tuple[str, ...]:
        """Labels that training may use, in the benchmark's order."""
        return tuple(label for label in self.labels if label not in self.unseen)

    def tests(self, one: LabelledClip) -> bool:
        """Whether the clip is kept for testing."""
        if self.lists:
            return one.part == "test"
        return one.subject in self.test_subjects or one.camera in self.test_cameras or one.setup in self.test_setups


_PARTS = ("train", "test", "unseen")


def split(clips: Iterable[LabelledClip], protocol: Protocol, part: str) -> list[LabelledClip]:
    """Clips of one part: "train" (seen labels, training side), "test" (seen labels, test side) or "unseen"
    (labels never trained on, test side). Clips whose label the protocol does not have, and lists of validation, are left out."""
    if part not in _PARTS:
        raise ValueError(f"no part {part!r} of {protocol.name}; known: {', '.join(_PARTS)}")
    clips = list(clips)
    if protocol.lists and clips and not any(one.part for one in clips):
        raise ValueError(f"{protocol.name} goes by the benchmark's own lists, and none was found beside its files; put them there")

    def belongs(one: LabelledClip) -> bool:
        known = not protocol.labels or one.label in protocol.labels
        training = one.part == "train" if protocol.lists else not protocol.tests(one)
        side = training if part == "train" else protocol.tests(one)
        return known and side and (one.label in protocol.unseen) == (part == "unseen")

    return [one for one in clips if belongs(one)]


@dataclass(frozen=True)
class Benchmark:
    """A benchmark: its labels and protocols, how its files are found in a folder, and where they are to be had.

    find: from the user's folder to the clips in it, unread. layout: which files are expected; request: who gives them out.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    protocols: tuple[Protocol, ...]
    find: Callable[[Path], list[LabelledClip]]
    layout: str
    request: str

    def protocol(self, name: str) -> Protocol:
        """The protocol of that name, such as "xsub" or "xsub_55_5"."""
        found = [one for one in self.protocols if one.name in (name, f"{self.name}_{name}")]
        if not found:
            raise ValueError(f"{self.name} has no protocol {name!r}; it has {', '.join(one.name for one in self.protocols)}")
        return found[0]

    def clips(self, data_root: str | Path = "", leave_out: str | Path | None = None) -> tuple[LabelledClip, ...]:
        """The clips in a copy of the benchmark's files, or in what `skllm prepare` made of them, sorted by key and unread.

        leave_out: a text file with keys to be left out, such as the recordings without a skeleton.
        Raises FileNotFoundError, saying where the data is to be had and how it should lie, where the folder holds none.
        """
        from skllm.benchmarks.store import is_store, read_store

        root = Path(data_root).expanduser()
        found = list(read_store(root, self.name)) if is_store(root) else self.find(root) if data_root != "" or self.layout == "" else []
        if not found:
            what = f"no {self.title} under {str(data_root)!r}: {self.layout}"
            raise FileNotFoundError(f"{what}; {self.request}; pass the folder as data_root (--data-root)")
        gone = _names_in(Path(leave_out), {one.key for one in found}) if leave_out else set()
        return tuple(sorted((one for one in found if one.key not in gone), key=lambda one: one.key))


def _names_in(path: Path, keys: set[str]) -> set[str]:
    """The words of a text file, with or without a suffix, of which some must be keys."""
    try:
        words = path.expanduser().read_text().split()
    except (OSError, UnicodeDecodeError) as wrong:
        raise ValueError(f"leave_out {str(path)!r} is no text file ({wrong}); name one with a key a line") from None
    names = {*words, *(word.rsplit(".", 1)[0] for word in words)}
    if not names & keys:
        raise ValueError(f"leave_out {path.name} names none of the {len(keys)} clips, whose keys are such as {min(keys)!r}; write keys like it")
    return names
