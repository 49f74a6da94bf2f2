"""The kinds of kernels that a library can be made of."""

from __future__ import annotations

from dataclasses import dataclass

import tvm


@dataclass(frozen=True)
class Kernels:
    """For which adapters a library is."""

    software: bool
    """Ours without barriers, for adapters that compute on the CPU; else TVM's own schedules for GPUs."""
    dtype: str
    """Of activations and of the KV cache: float32, or float16 for adapters with shader-f16."""
    chunk: int
    """Tokens of a prompt that are computed at a time: on a slow adapter a cancelled prompt should not go on for long."""


KINDS = {
    "software": Kernels(software=True, dtype="float32", chunk=32),
    "gpu": Kernels(software=False, dtype="float32", chunk=512),
    "gpu-f16": Kernels(software=False, dtype="float16", chunk=512),
}


def webgpu() -> tvm.target.Target:
    """Shaders for WebGPU, the code around them for WebAssembly."""
    return tvm.target.Target({"kind": "webgpu", "host": {"kind": "llvm", "mtriple": "wasm32-unknown-unknown-wasm"}})
