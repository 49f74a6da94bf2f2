"""Weights in groups of 32 along a row, each group with a float32 scale and minimum of its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

GROUP = 32
"""Weights that share a scale and a minimum."""

_ROWS_AT_ONCE = 4096
"""Bounds what is held as float32 beside the result: an embedding of 128,256 rows would be gigabytes."""


class Quantized(NamedTuple):
    """A matrix of shape [rows, columns] as unsigned codes: weight = code * scale + minimum."""

    codes: np.ndarray
    """uint32 [rows, columns * bits / 32]: the first weight in the lowest bits."""
    scale: np.ndarray
    """float32 [rows, columns / GROUP]."""
    minimum: np.ndarray
    """float32 [rows, columns / GROUP]."""


def quantize(weights: np.ndarray, bits: int) -> Quantized:
    """Rounds a float matrix to `bits` (4 or 8) bits a weight; no weight is off by more than half a step of its group."""
    parts = [_quantize(weights[at : at + _ROWS_AT_ONCE], bits) for at in range(0, len(weights), _ROWS_AT_ONCE)]
    return Quantized(*(np.concatenate(column) for column in zip(*parts)))


def _quantize(weights: np.ndarray, bits: int) -> Quantized:
    rows, columns = weights.shape
    per_word, top = 32 // bits, (1 << bits) - 1
    groups = weights.reshape(rows, columns // GROUP, GROUP).astype(np.float32)
    minimum = groups.min(-1)
    # A group of equal weights has no step; any that is not zero will do.
    scale = np.maximum((groups.max(-1) - minimum) / top, 1e-12).astype(np.float32)
    codes = np.clip(np.rint((groups - minimum[..., None]) / scale[..., None]), 0, top).astype(np.uint32)
    shifts = np.arange(per_word, dtype=np.uint32) * bits
    words = (codes.reshape(rows, -1, per_word) << shifts).sum(-1, dtype=np.uint32)
    return Quantized(words, scale, minimum)


def dequantize(quantized: Quantized, bits: int) -> np.ndarray:
    """The float32 matrix that the compiled kernels compute with."""
    rows, words = quantized.codes.shape
    per_word = 32 // bits
    shifts = np.arange(per_word, dtype=np.uint32) * bits
    codes = (quantized.codes[..., None] >> shifts) & np.uint32((1 << bits) - 1)
    groups = codes.reshape(rows, words * per_word // GROUP, GROUP).astype(np.float32)
    return (groups * quantized.scale[..., None] + quantized.minimum[..., None]).reshape(rows, -1)
