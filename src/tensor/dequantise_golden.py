#!/usr/bin/env python3
"""Prints the golden rows of dequantise_test.cc from the `gguf` Python package (pip install gguf): those that stand there,
made anew. For a new type, write its row with zeros there first.

A type that the package does not decode (Q1_0, Q2_0) is named instead: its row is from ggml's own to_float.

A row: type, offsets of its fp16 fields, FNV-1a hash of the bits of all values of two blocks, values 0 and 37. The blocks
are pseudo-random bytes; the exponents of the fp16 fields are confined so that every value is finite.
"""

import pathlib
import re
import sys

import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import _type_traits, dequantize

ROWS = re.findall(r"\{DType::k(\w+), \{([\d, ]*)\}, 0x", pathlib.Path(__file__).with_name("dequantise_test.cc").read_text())


def xorshift32(count, state):
    for _ in range(count):
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        yield state & 255


for name, offsets in ROWS:
    halves = [int(offset) for offset in offsets.split(",") if offset]
    kind = GGMLQuantizationType.__members__.get(name)
    if kind not in _type_traits:
        print(f"{name}: not decoded by this package", file=sys.stderr)
        continue
    size = GGML_QUANT_SIZES[kind][1]
    blocks = np.array(list(xorshift32(2 * size, 12345 + int(kind))), np.uint8).reshape(2, size)
    for offset in halves:
        blocks[:, offset + 1] = (blocks[:, offset + 1] & 0x83) | 0x2C
    values = dequantize(blocks.reshape(1, -1), kind).ravel().astype(np.float32)
    fnv = 0xCBF29CE484222325
    for byte in values.view(np.uint8):
        fnv = ((fnv ^ int(byte)) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    print(f'    {{DType::k{name}, {{{", ".join(map(str, halves))}}}, 0x{fnv:016x}u, '
          f'{float(values[0]).hex()}f, {float(values[37]).hex()}f}},')
