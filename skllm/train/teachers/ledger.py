"""A teacher's answers on disk: a line each, there the moment they have come, whatever happens next."""

import hashlib
import json
import os
import re
import shutil
import threading
import time
import warnings
from pathlib import Path

try:
    import fcntl
except ImportError:              # Windows, where two runs at once are not kept apart
    fcntl = None

_A_LINE = 4096                   # bytes that an answer is allowed for when room on the disk is checked
_SYNCED_EVERY = 1.0              # seconds; a kill loses nothing all the same, a power cut at most this much


class Ledger:
    """`with Ledger(folder, teacher, clips) as kept`: kept.get(question) is the answer on disk or None, kept.add(...) writes one.

    clips: how many answers there must be room for. A last line that a kill cut short is taken away.
    Raises OSError, in one sentence, where nothing can be written, there is no room, or another run writes the same file.
    """

    def __init__(self, folder: str | Path, teacher: str, clips: int):
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", teacher)[-60:].strip("-.")
        self.path = Path(folder).expanduser() / f"{plain}-{hashlib.sha256(teacher.encode()).hexdigest()[:8]}.jsonl"
        self.teacher, self._clips, self._lock, self._synced = teacher, clips, threading.Lock(), time.monotonic()

    def __enter__(self) -> "Ledger":
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path, "a+b")
        except OSError as wrong:
            raise self._unwritable(wrong) from wrong
        try:
            self._own()
            self._told = self._read()
            self._try_writing()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        with self._lock:
            self._file.close()

    def get(self, question: str) -> str | None:
        """The answer to the question of that digest."""
        return self._told.get(question)

    def add(self, question: str, key: str, text: str) -> None:
        """Writes an answer through to the disk; one that comes when the ledger is closed is lost."""
        line = json.dumps({"asked": question, "key": key, "teacher": self.teacher, "text": text}) + "\n"
        with self._lock:
            if self._file.closed:
                return
            try:
                self._write(line.encode())
            except OSError as wrong:
                raise self._unwritable(wrong) from wrong
            self._told[question] = text

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()
        if time.monotonic() - self._synced > _SYNCED_EVERY:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()

    def _own(self) -> None:
        """Keeps other runs off the file; the lock goes with the process."""
        if fcntl:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OSError(f"another run is writing {self.path}; wait for it, or name another folder") from None
            except OSError:
                pass             # a disk that knows no locks

    def _read(self) -> dict[str, str]:
        """Every whole line; what is left of one after the last is cut off."""
        self._file.seek(0)
        data = self._file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._file.truncate(len(whole))
        told = {}
        for n, line in enumerate(whole.splitlines(), 1):
            try:
                held = json.loads(line)
                told[held["asked"]] = held["text"] + ""
            except (ValueError, KeyError, TypeError):
                warnings.warn(f"line {n} of {self.path.name} is damaged; its clip is asked about again", stacklevel=2)
        return told

    def _try_writing(self) -> None:
        """Finds a full disk before anything is paid for."""
        room, need = shutil.disk_usage(self.path.parent).free, _A_LINE * max(1, self._clips - len(self._told))
        if room < need:
            left = f"{self.path.parent} has {room / 1e6:.1f} MB left and rationales want {need / 1e6:.1f}"
            raise OSError(f"{left}; free some or name another folder")
        end = self._file.seek(0, os.SEEK_END)
        try:
            self._file.write(b" " * _A_LINE)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.truncate(end)
        except OSError as wrong:
            raise self._unwritable(wrong) from wrong

    def _unwritable(self, wrong: OSError) -> OSError:
        return OSError(f"cannot keep rationales in {self.path.parent} ({wrong.strerror}); free room there or name a folder that you may write to")
