"""Rotary position embedding, from a table of frequencies that comes with the weights."""

from __future__ import annotations

from tvm.script import tirx as T


def rotary(heads: int, kv_heads: int, dim: int, rotary_dim: int, dtype: str):
    """
    Turns the queries and keys of qkv [1, s, heads + 2 * kv_heads, dim] by their positions; the values, and
    dimensions from rotary_dim on, stay as they are. Pairs are neighbours (2i, 2i + 1), as in GGUF files of this
    architecture.
    """
    all_heads = heads + 2 * kv_heads

    @T.prim_func(private=True, s_tir=True)
    def rotate(
        qkv_handle: T.handle,
        position_handle: T.handle,
        frequencies: T.Buffer((rotary_dim // 2,), "float32"),
        out_handle: T.handle,
    ):
        T.func_attr({"op_pattern": 8, "tirx.noalias": True})
        s = T.int32()
        offset = T.int32()
        qkv = T.match_buffer(qkv_handle, (1, s, all_heads, dim), dtype)
        # A view into the cache's own tables: it begins anywhere.
        position = T.match_buffer(position_handle, (s,), "int32", elem_offset=offset)
        out = T.match_buffer(out_handle, (1, s, all_heads, dim), dtype)
        for iters in T.grid(s, all_heads, dim):
            with T.sblock("rotate"):
                t, h, d = T.axis.remap("SSS", iters)
                out[0, t, h, d] = T.if_then_else(
                    T.And(h < heads + kv_heads, d < rotary_dim),
                    T.cast(
                        T.cos(T.cast(position[t], "float32") * frequencies[d // 2])
                        * T.cast(qkv[0, t, h, d], "float32")
                        + T.sin(T.cast(position[t], "float32") * frequencies[d // 2])
                        * T.if_then_else(d % 2 == 0, T.float32(-1), T.float32(1))
                        * T.cast(qkv[0, t, h, d + 1 - 2 * (d % 2)], "float32"),
                        dtype,
                    ),
                    qkv[0, t, h, d],
                )

    return rotate
