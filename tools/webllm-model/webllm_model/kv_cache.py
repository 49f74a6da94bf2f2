"""The paged KV cache as TVM has it, with kernels of ours where its own will not do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

import tvm
from tvm import relax as rx, tirx
from tvm.relax.frontend.nn.llm import kv_cache as tvm_kv_cache
from tvm.relax.frontend.nn.llm.kv_cache import RopeMode, TIRPagedKVCache

from .kernels.merge import merge_states
from .kernels.software_attention import decode_attention, paged_attention, ragged_attention
from .shape import Shape
from .target import Kernels

_DIMENSIONS = ("max_batch_size", "max_total_seq_len", "prefill_chunk_size", "page_size", "support_sliding_window")


def add_kv_cache(builder: rx.BlockBuilder, shape: Shape, kernels: Kernels, target: tvm.target.Target) -> None:
    """Adds `create_tir_paged_kv_cache`, which WebLLM calls with the sizes it wants."""
    dimensions = [tirx.Var(name, "int64") for name in _DIMENSIONS]
    parameters = [rx.Var(f"{name}_", rx.ShapeType([size])) for name, size in zip(_DIMENSIONS, dimensions)]
    with _own_kernels(shape, kernels), builder.function("create_tir_paged_kv_cache", parameters):
        cache = TIRPagedKVCache(
            "mha",
            *dimensions,
            layer_partition=rx.ShapeExpr([0, shape.layers]),
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.kv_heads,
            qk_head_dim=shape.head_dim,
            v_head_dim=shape.head_dim,
            mla_original_qk_head_dim=0,
            mla_original_v_head_dim=0,
            # The model turns queries and keys itself (`kernels/rotary.py`); these values are not looked at.
            rope_mode=RopeMode.NONE,
            rope_scale=1,
            rope_theta=10000,
            rope_scaling={},
            rope_ext_factors=rx.prim_value(0),
            rotary_dim=shape.head_dim,
            enable_disaggregation=False,
            dtype=kernels.dtype,
            target=target,
        )
        builder.emit_func_output(cache._expr)


@contextmanager
def _own_kernels(shape: Shape, kernels: Kernels) -> Iterator[None]:
    """
    TVM has no way to be given kernels: its factories are replaced while the cache is made. Sliding windows and
    trees of drafts, which nothing here asks for, get the plain kernels, so that they cost no compilation.
    """
    sizes = (shape.heads, shape.kv_heads, shape.head_dim)
    own = {"_merge_state_inplace": merge_states(shape.heads, shape.head_dim, kernels.dtype)}
    if kernels.software:
        ragged, paged = ragged_attention(*sizes), paged_attention(*sizes)
        own["_attention_prefill_ragged"] = own["tree_attn"] = ragged
        own["_attention_prefill"] = own["tree_attn_with_paged_kv_cache"] = paged
        own["_attention_decode"] = decode_attention(*sizes)
    originals = {name: getattr(tvm_kv_cache, name) for name in own}
    try:
        for name, kernel in own.items():
            setattr(tvm_kv_cache, name, lambda *_args, kernel=kernel, **_named: kernel)
        yield
    finally:
        for name, original in originals.items():
            setattr(tvm_kv_cache, name, original)
