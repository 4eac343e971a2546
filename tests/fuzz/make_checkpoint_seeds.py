#!/usr/bin/env python3
"""Writes the seeds of gguf_fuzz and safetensors_fuzz beside itself."""

import json
import pathlib
import struct

HERE = pathlib.Path(__file__).parent


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def gguf(version, entries, tensors, data):
    out = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(entries))
    for key, kind, value in entries:
        out += text(key) + struct.pack("<I", kind) + value
    for name, shape, kind, offset in tensors:
        out += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)
    return out + bytes(-len(out) % 32) + data


def safetensors(header, data, padding=0):
    raw = json.dumps(header).encode() + b" " * padding
    return struct.pack("<Q", len(raw)) + raw + data


ENTRIES = [
    ("general.architecture", 8, text("llama")), ("general.alignment", 4, struct.pack("<I", 32)),
    ("a", 0, b"\x07"), ("b", 1, b"\xff"), ("c", 2, b"\1\0"), ("d", 3, b"\1\0"), ("e", 5, b"\1\0\0\0"),
    ("f", 6, struct.pack("<f", 0.5)), ("g", 7, b"\1"), ("h", 10, bytes(8)), ("i", 11, bytes(8)), ("j", 12, bytes(8)),
]
ARRAYS = [
    ("tokens", 9, struct.pack("<IQ", 8, 2) + text("x") + text("")),
    ("scores", 9, struct.pack("<IQ", 6, 2) + bytes(8)),
    ("types", 9, struct.pack("<IQ", 5, 2) + bytes(8)),
    ("bools", 9, struct.pack("<IQ", 7, 2) + b"\0\1"),
    ("bytes", 9, struct.pack("<IQ", 0, 3) + b"abc"),
]
NESTED = [("nested", 9, struct.pack("<IQIQ", 9, 1, 8, 0))]
SPLIT = [("split.count", 2, b"\2\0"), ("split.no", 2, b"\0\0")]
TENSORS = [("f32", (4, 2), 0, 0), ("q8_0", (32,), 8, 32), ("q4_k", (256,), 12, 96)]
# Every type of codes and few bits, one row of 256 values each: type, bytes.
FEW_BITS = [(20, 144), (23, 136), (34, 54), (35, 66), (39, 136), (40, 144), (41, 36), (42, 72)]


def few_bits():
    """The entries, and 32 bytes of room for each 32 begun."""
    offset, tensors = 0, []
    for kind, size in FEW_BITS:
        tensors.append((f"t{kind}", (256,), kind, offset))
        offset += (size + 31) // 32 * 32
    return tensors, bytes(range(256)) * (offset // 256 + 1), offset


FEW_BIT_TENSORS, FEW_BIT_DATA, FEW_BIT_BYTES = few_bits()
SEEDS = {
    "gguf": {
        "entries": gguf(3, ENTRIES, [], b""),
        "arrays": gguf(2, ARRAYS, [], b""),
        "nested": gguf(3, NESTED, [], b""),
        "split": gguf(3, SPLIT, [], b""),
        "tensors": gguf(3, ENTRIES[1:2], TENSORS, bytes(96 + 144)),
        "few_bits": gguf(3, [], FEW_BIT_TENSORS, FEW_BIT_DATA[:FEW_BIT_BYTES]),
        "fork_numbers": gguf(3, [], [("a", (256,), 40, 0), ("b", (256,), 41, 64)], bytes(64 + 96)),
    },
    "safetensors": {
        "one": safetensors({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, bytes(8), 3),
        "several": safetensors({
            "__metadata__": {"format": "pt"},
            "a": {"dtype": "BF16", "shape": [2, 1], "data_offsets": [0, 4]},
            "b": {"dtype": "F16", "shape": [], "data_offsets": [4, 6]},
            "c": {"dtype": "I64", "shape": [1], "data_offsets": [6, 14]},
        }, bytes(14)),
        "empty": safetensors({}, b""),
        "f8": safetensors({
            "w.weight": {"dtype": "F8_E4M3", "shape": [2, 130], "data_offsets": [0, 260]},
            "w.weight_scale_inv": {"dtype": "F32", "shape": [1, 2], "data_offsets": [260, 268]},
        }, bytes(range(256)) + bytes(12)),
        "mxfp4": safetensors({
            "w_blocks": {"dtype": "U8", "shape": [2, 1, 16], "data_offsets": [0, 32]},
            "w_scales": {"dtype": "U8", "shape": [2, 1], "data_offsets": [32, 34]},
        }, bytes(range(34))),
    },
}

for fuzzer, seeds in SEEDS.items():
    for name, content in seeds.items():
        path = HERE / f"{fuzzer}_fuzz" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
