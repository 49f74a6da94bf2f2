"""A model's weights as WebLLM reads them: shards of raw tensors, and `tensor-cache.json` that says what is where."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from .gguf_file import GgufFile
from .quantize import quantize
from .rope import inverse_frequencies
from .shape import Shape

_SHARD_BYTES = 32 << 20
"""A shard ends before the tensor that would make it larger; a single tensor may be larger."""


class ShardWriter:
    """Writes tensors one after the other, a shard at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shards: list[dict] = []
        self._records: list[dict] = []
        self._pending: list[bytes] = []
        self._offset = 0

    def add(self, name: str, values: np.ndarray) -> None:
        data = np.ascontiguousarray(values).tobytes()
        if self._offset and self._offset + len(data) > _SHARD_BYTES:
            self._end_shard()
        self._records.append(
            {
                "name": name,
                "shape": list(values.shape),
                "dtype": str(values.dtype),
                "format": "raw",
                "nbytes": len(data),
                "byteOffset": self._offset,
            }
        )
        self._pending.append(data)
        self._offset += len(data)

    def add_matrix(self, name: str, weights: np.ndarray, bits: int) -> None:
        """A matrix as `Matrix` in `matrix.py` has its parameters: float32 where `bits` is 0."""
        if bits == 0:
            self.add(f"{name}.weight", weights.astype(np.float32))
            return
        codes, scale, minimum = quantize(weights, bits)
        self.add(f"{name}.q_weight", codes)
        self.add(f"{name}.q_scale", scale)
        self.add(f"{name}.q_min", minimum)

    def finish(self) -> None:
        self._end_shard()
        records = sum(len(shard["records"]) for shard in self._shards)
        size = sum(shard["nbytes"] for shard in self._shards)
        metadata = {"ParamSize": records, "ParamBytes": size, "BitsPerParam": 32}
        index = {"metadata": metadata, "records": self._shards}
        (self._folder / "tensor-cache.json").write_text(json.dumps(index))

    def _end_shard(self) -> None:
        name = f"params_shard_{len(self._shards)}.bin"
        with open(self._folder / name, "wb") as file:
            file.writelines(self._pending)
        shard = {"dataPath": name, "format": "raw-shard", "nbytes": self._offset, "records": self._records}
        self._shards.append(shard)
        self._records, self._pending, self._offset = [], [], 0


def write_weights(gguf: GgufFile, shape: Shape, folder: Path) -> None:
    """Writes every parameter of `Llama` in `llama.py`; rows and columns are in the GGUF's own order."""
    writer = ShardWriter(folder)
    writer.add_matrix("embed_tokens", gguf.tensor("token_embd.weight"), shape.embed_bits)
    writer.add("rope_frequencies", inverse_frequencies(gguf, shape.rotary_dim))
    for layer in range(shape.layers):
        source, name = f"blk.{layer}", f"layers.{layer}"

        def matrix(target: str, *parts: str) -> None:
            weights = [gguf.tensor(f"{source}.{part}.weight") for part in parts]
            writer.add_matrix(f"{name}.{target}", np.concatenate(weights), shape.bits)

        writer.add(f"{name}.input_norm.weight", gguf.tensor(f"{source}.attn_norm.weight"))
        matrix("qkv", "attn_q", "attn_k", "attn_v")
        matrix("o", "attn_output")
        writer.add(f"{name}.post_norm.weight", gguf.tensor(f"{source}.ffn_norm.weight"))
        matrix("gate_up", "ffn_gate", "ffn_up")
        matrix("down", "ffn_down")
    writer.add("norm.weight", gguf.tensor("output_norm.weight"))
    if not shape.tied:
        writer.add_matrix("output", gguf.tensor("output.weight"), shape.embed_bits)
    writer.finish()
