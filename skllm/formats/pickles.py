"""Pickles of others (PYSKL, joblib) without trust: plain values, words and NumPy arrays come out, and no code of theirs runs.

The opcodes go through Python's own unpickler, each value is finished once, and lengths are believed only as far as there are bytes.
"""

import io
import pickle
from types import SimpleNamespace
from typing import ClassVar

import numpy as np

_KINDS = "biufSU"            # numbers, booleans and words; never "O", which holds objects
_FRAME = 1 << 31


class _Array:
    """Stands for an ndarray while its pickle is read; becomes one from shape, type and bytes."""

    made = None

    def __init__(self, *_):
        pass

    def __setstate__(self, state) -> None:
        if isinstance(state, dict):            # joblib: the bytes follow in the stream
            self.held = SimpleNamespace(**{str(key): value for key, value in state.items()})
            return
        shape, kind, by_column, data = state[-4:]
        self.made = _array(shape, kind, data, by_column)


def _array(shape, kind, data, by_column) -> np.ndarray:
    kind = kind.made if isinstance(kind, _Type) else kind
    if not isinstance(data, (bytes, str)) or not isinstance(kind, np.dtype) or kind.kind not in _KINDS:
        raise pickle.UnpicklingError("an array of Python objects")
    data = data.encode("latin1") if isinstance(data, str) else data
    flat = np.frombuffer(data, kind)
    return flat.reshape(tuple(int(n) for n in shape), order="F" if by_column else "C")


class _Type:
    """Stands for a NumPy dtype."""

    def __init__(self, name, *_):
        if not isinstance(name, str):
            raise pickle.UnpicklingError("a NumPy type without a name")
        self.made = np.dtype(name)
        if self.made.kind not in _KINDS:
            raise pickle.UnpicklingError(f"NumPy values of type {name!r}")

    def __setstate__(self, state) -> None:
        order = state[1]
        if order in ("<", ">"):
            self.made = self.made.newbyteorder(order)


def _scalar(kind, data):
    return _array((1,), kind, data, False)[0].item()


def _from_buffer(data, kind, shape, order="C") -> np.ndarray:
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise pickle.UnpicklingError("an array without bytes")
    return _array(shape, kind, bytes(data), order == "F")


def _encode(text, how="latin1") -> bytes:
    if not isinstance(text, str):
        raise pickle.UnpicklingError("bytes of something that is no text")
    return text.encode("latin1")


_ALLOWED = {
    **{(home, name): made for home in ("numpy.core.multiarray", "numpy._core.multiarray", "numpy._core.numeric", "numpy.core.numeric")
       for name, made in (("_reconstruct", _Array), ("scalar", _scalar), ("_frombuffer", _from_buffer))},
    ("numpy", "ndarray"): _Array, ("numpy", "dtype"): _Type, ("joblib.numpy_pickle", "NumpyArrayWrapper"): _Array,
    ("_codecs", "encode"): _encode, ("collections", "OrderedDict"): dict,
}
_KEYS = (str, int, float, bytes, type(None))
_PLAIN = (*_KEYS, bool, bytearray, dict, list, tuple)


class _Reader(pickle._Unpickler):
    """Python's unpickler with a list of what may be named; persistent ids and extension codes are refused by it already."""

    dispatch: ClassVar[dict] = dict(pickle._Unpickler.dispatch)

    def find_class(self, module: str, name: str):
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is neither a plain value nor an array")
        return _ALLOWED[module, name]

    def get_extension(self, code):
        raise pickle.UnpicklingError("it asks for a registered class")

    def load_build(self) -> None:
        held = self.stack[-2]
        if not isinstance(held, (_Array, _Type)):
            raise pickle.UnpicklingError(f"it fills a {type(held).__name__}")
        super().load_build()
        if isinstance(held, _Array) and held.made is None:
            self.stack[-1] = self._follows(held.held)

    def _follows(self, wrapper) -> np.ndarray:
        """The bytes of a joblib array: padding to the alignment, then the data, right behind the BUILD."""
        kind = wrapper.dtype.made if isinstance(wrapper.dtype, _Type) else wrapper.dtype
        if getattr(wrapper, "numpy_array_alignment_bytes", None):
            padding = self.read(1)[0]
            self.read(padding)
        if not isinstance(kind, np.dtype) or kind.kind not in _KINDS:
            raise pickle.UnpicklingError("an array of Python objects")
        count = int(np.prod([int(n) for n in wrapper.shape], dtype=np.float64)) * kind.itemsize
        data = self.read(min(count, _FRAME))
        return _array(wrapper.shape, kind, data, wrapper.order == "F")

    def _keyed(self, pairs: list) -> None:
        """Refuses keys whose hash could take forever, as that of a tuple of tuples can."""
        if not all(isinstance(key, _KEYS) for key in pairs[::2]):
            raise pickle.UnpicklingError("a key that is no word or number")

    def load_setitem(self) -> None:
        self._keyed(self.stack[-2:])
        super().load_setitem()

    def load_setitems(self) -> None:
        self._keyed(self.stack)
        super().load_setitems()

    def load_dict(self) -> None:
        self._keyed(self.stack)
        super().load_dict()

    def load_set(self) -> None:
        raise pickle.UnpicklingError("a set")

    dispatch |= {
        pickle.BUILD[0]: load_build, pickle.SETITEM[0]: load_setitem, pickle.SETITEMS[0]: load_setitems, pickle.DICT[0]: load_dict,
        pickle.EMPTY_SET[0]: load_set, pickle.ADDITEMS[0]: load_set, pickle.FROZENSET[0]: load_set,
    }


def unpickle(data: bytes):
    """What the pickle holds, with arrays as arrays. Raises UnpicklingError, or what damaged opcodes met, and runs nothing."""
    return _finished(_Reader(io.BytesIO(data)).load(), {})


def _finished(value, done: dict):
    """The value with stand-ins replaced, each container once."""
    if id(value) in done:
        return done[id(value)]
    if isinstance(value, _Array):
        if value.made is None:
            raise pickle.UnpicklingError("an array without its bytes")
        return value.made
    if isinstance(value, _Type):
        return value.made
    if isinstance(value, dict):
        made = done[id(value)] = {}
        made.update((key, _finished(one, done)) for key, one in value.items())
        return made
    if isinstance(value, list):
        made = done[id(value)] = []
        made.extend(_finished(one, done) for one in value)
        return made
    if isinstance(value, tuple):
        made = done[id(value)] = tuple(_finished(one, done) for one in value)
        done.setdefault("held", []).append(value)              # so that its id stays its own
        return made
    if not isinstance(value, (*_PLAIN, np.ndarray)):
        raise pickle.UnpicklingError(f"it holds a {type(value).__name__}")
    return value
