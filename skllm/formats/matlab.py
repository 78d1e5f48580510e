"""MATLAB files (version 5 to 7.2): arrays of numbers and text. Written here because SciPy's reader ends the process on damaged files."""

import struct
import zlib

import numpy as np

_KINDS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8", 16: "u1", 17: "u2", 18: "u4"}
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_MATRIX, _COMPRESSED, _CHARACTERS = 14, 15, 4
_HEADER, _MOST = 128, 1 << 28        # bytes; of all arrays


def read_matlab(data: bytes) -> dict[str, np.ndarray]:
    """The variables by name; text as an array of one string. Structs, cells, sparse and complex arrays are left out.

    Raises ValueError, or what damaged bytes met in struct and zlib.
    """
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if order is None or len(data) < _HEADER + 8:
        raise ValueError("no MATLAB 5 header")
    found, at, held_bytes = {}, _HEADER, 0
    while at + 8 <= len(data):
        kind, held, at = _element(data, at, order)
        if kind == _COMPRESSED:
            unpacked = zlib.decompressobj().decompress(held, _MOST)
            kind, held, _ = _element(unpacked, 0, order)
        if kind == _MATRIX and (variable := _variable(held, order)):
            held_bytes += variable[1].nbytes
            if held_bytes > _MOST:
                raise ValueError(f"over {_MOST >> 20} MB of arrays")
            found[variable[0]] = variable[1]
    if not found:
        raise ValueError("no arrays of numbers or text")
    return found


def _element(data: bytes, at: int, order: str) -> tuple[int, bytes, int]:
    """Type and bytes of the element at a place, and the place of the next one."""
    kind, size = struct.unpack_from(f"{order}II", data, at)
    if kind >> 16:                                         # a small one: size and type share a word, four bytes follow
        kind, size, start, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
    else:
        start = at + 8
        end = start + size if kind == _COMPRESSED else start + (size + 7) // 8 * 8
    if start + size > len(data) or (end == at + 8 and size > 4):
        raise ValueError(f"an element at byte {at} goes beyond the end")
    return kind, data[start : start + size], end


def _variable(data: bytes, order: str) -> tuple[str, np.ndarray] | None:
    parts, at = [], 0
    while len(parts) < 4 and at + 8 <= len(data):
        kind, held, at = _element(data, at, order)
        parts.append((kind, held))
    if len(parts) < 4:
        return None
    (_, flags), (_, shape), (_, name), (kind, held) = parts
    what, complex_ = flags[0 if order == "<" else 3], struct.unpack_from(f"{order}I", flags)[0] & 0x800
    if complex_ or kind not in _KINDS or (what not in _CLASSES and what != _CHARACTERS):
        return None
    values = np.frombuffer(held, order + _KINDS[kind])
    if what == _CHARACTERS:
        return name.decode("latin1"), np.array(["".join(map(chr, values[: 1 << 16].tolist()))])
    sizes = np.frombuffer(shape, f"{order}i4").tolist()
    if len(sizes) < 2 or min(sizes) < 0:
        raise ValueError(f"an array of shape {sizes}")
    if len(values) * np.dtype(_CLASSES[what]).itemsize > _MOST:
        raise ValueError(f"over {_MOST >> 20} MB of arrays")
    return name.decode("latin1"), values.astype(_CLASSES[what]).reshape(sizes, order="F")
