"""RoPE's frequencies. They go with the weights, so that one library serves every base and every way of scaling."""

from __future__ import annotations

import numpy as np

from .gguf_file import GgufFile


def inverse_frequencies(gguf: GgufFile, rotary_dim: int) -> np.ndarray:
    """
    float32 [rotary_dim / 2]: by what to multiply a position to get the angle of each pair of dimensions, as
    llama.cpp computes it: base^(-2i/d), divided by the factor of the pair where the model brings such factors
    (Llama 3's scaling), and by the scaling factor where scaling is linear.
    """
    base = gguf.value("llama.rope.freq_base", 10000.0)
    frequencies = base ** (-np.arange(0, rotary_dim, 2, dtype=np.float64) / rotary_dim)
    if gguf.has("rope_freqs.weight"):
        frequencies = frequencies / gguf.tensor("rope_freqs.weight").astype(np.float64)[: rotary_dim // 2]
    if gguf.value("llama.rope.scaling.type") == "linear":
        frequencies = frequencies / gguf.value("llama.rope.scaling.factor", 1.0)
    elif gguf.value("llama.rope.scaling.type") is None:
        # Older files have linear scaling under this key alone.
        frequencies = frequencies / (gguf.value("llama.rope.scale_linear", 1.0) or 1.0)
    return frequencies.astype(np.float32)
