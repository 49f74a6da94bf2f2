"""Attention for software adapters: one thread for each token and head, one pass with a running softmax, no barriers."""

from __future__ import annotations

from tvm.script import tirx as T

_LOG2E = 1.4426950408889634
_LOWEST = -5e4
"""Lower than any score; minus infinity would make NaN of an empty row."""
_THREADS = 8
_DECODE_THREADS = 4


def ragged_attention(heads: int, kv_heads: int, dim: int):
    """
    A prompt chunk to itself. The signature is what TVM's paged KV cache calls; it holds one sequence, so that
    the offsets of sequences are not looked at. RoPE has been applied before.
    """
    share = heads // kv_heads

    @T.prim_func(private=True, s_tir=True)
    def attention(
        q_handle: T.handle,
        q_indptr_handle: T.handle,
        k_handle: T.handle,
        v_handle: T.handle,
        kv_indptr_handle: T.handle,
        q_position_handle: T.handle,
        k_offset_handle: T.handle,
        out_handle: T.handle,
        lse_handle: T.handle,
        causal: T.int32,
        rotary_mode: T.int32,
        rope_scale: T.float32,
        rope_theta: T.float32,
        sm_scale: T.float32,
    ):
        T.func_attr({"tirx.is_scheduled": True, "tirx.noalias": True})
        batch = T.int32()
        n = T.int32()
        m = T.int32()
        offset_1 = T.int32()
        offset_2 = T.int32()
        offset_3 = T.int32()
        offset_4 = T.int32()
        q = T.match_buffer(q_handle, (n, heads, dim), "float32")
        q_indptr = T.match_buffer(q_indptr_handle, (batch + 1,), "int32", elem_offset=offset_1)
        k = T.match_buffer(k_handle, (m, kv_heads, dim), "float32")
        v = T.match_buffer(v_handle, (m, kv_heads, dim), "float32")
        kv_indptr = T.match_buffer(kv_indptr_handle, (batch + 1,), "int32", elem_offset=offset_2)
        q_position = T.match_buffer(q_position_handle, (n,), "int32", elem_offset=offset_3)
        k_offset = T.match_buffer(k_offset_handle, (batch,), "int32", elem_offset=offset_4)
        out = T.match_buffer(out_handle, (n, heads, dim), "float32")
        lse = T.match_buffer(lse_handle, (n, heads), "float32")
        with T.sblock("kernel"):
            query = T.sblock_alloc_buffer((dim,), "float32", scope="local")
            mixed = T.sblock_alloc_buffer((dim,), "float32", scope="local")
            # The largest score, the sum of weights, this key's score then weight, the new largest, what it rescales by.
            state = T.sblock_alloc_buffer((5,), "float32", scope="local")
            for bx_ in T.thread_binding(0, (n * heads + _THREADS - 1) // _THREADS, thread="blockIdx.x"):
                for tx_ in T.thread_binding(0, _THREADS, thread="threadIdx.x"):
                    with T.sblock("thread"):
                        bx, tx = T.axis.remap("SS", [bx_, tx_])
                        if bx * _THREADS + tx < n * heads:
                            row: T.let[T.int32] = (bx * _THREADS + tx) // heads
                            head: T.let[T.int32] = (bx * _THREADS + tx) % heads
                            state[0] = T.float32(_LOWEST)
                            state[1] = T.float32(1)
                            for d in T.serial(dim):
                                query[d] = q[row, head, d] * (sm_scale * T.float32(_LOG2E))
                                mixed[d] = T.float32(0)
                            for j in T.serial(T.if_then_else(causal > 0, T.min(m - n + row + 1, m), m)):
                                state[2] = T.float32(0)
                                for d in T.serial(dim):
                                    state[2] = state[2] + query[d] * k[j, head // share, d]
                                state[3] = T.max(state[0], state[2])
                                state[4] = T.exp2(state[0] - state[3])
                                state[2] = T.exp2(state[2] - state[3])
                                state[1] = state[1] * state[4] + state[2]
                                state[0] = state[3]
                                for d in T.serial(dim):
                                    mixed[d] = mixed[d] * state[4] + state[2] * v[j, head // share, d]
                            for d in T.serial(dim):
                                out[row, head, d] = mixed[d] / state[1]
                            lse[row, head] = state[0] + T.log2(state[1])

    return attention


def paged_attention(heads: int, kv_heads: int, dim: int, page_size: int = 16):
    """A prompt chunk to what the cache holds already."""
    share = heads // kv_heads

    @T.prim_func(private=True, s_tir=True)
    def attention(
        q_handle: T.handle,
        q_indptr_handle: T.handle,
        pages_handle: T.handle,
        page_indptr_handle: T.handle,
        page_values_handle: T.handle,
        length_handle: T.handle,
        k_offset_handle: T.handle,
        q_position_handle: T.handle,
        out_handle: T.handle,
        lse_handle: T.handle,
        causal: T.int32,
        rotary_mode: T.int32,
        rope_scale: T.float32,
        rope_theta: T.float32,
        sm_scale: T.float32,
    ):
        T.func_attr({"tirx.is_scheduled": True, "tirx.noalias": True})
        batch = T.int32()
        n = T.int32()
        used_pages = T.int32()
        all_pages = T.int32()
        offset_1 = T.int32()
        offset_2 = T.int32()
        offset_3 = T.int32()
        offset_4 = T.int32()
        offset_5 = T.int32()
        offset_6 = T.int32()
        q = T.match_buffer(q_handle, (n, heads, dim), "float32")
        q_indptr = T.match_buffer(q_indptr_handle, (batch + 1,), "int32", elem_offset=offset_1)
        pages = T.match_buffer(pages_handle, (all_pages, 2, kv_heads, page_size, dim), "float32")
        page_indptr = T.match_buffer(page_indptr_handle, (batch + 1,), "int32", elem_offset=offset_2)
        page_values = T.match_buffer(page_values_handle, (used_pages,), "int32", elem_offset=offset_3)
        k_offset = T.match_buffer(k_offset_handle, (batch,), "int32", elem_offset=offset_4)
        q_position = T.match_buffer(q_position_handle, (n,), "int32", elem_offset=offset_5)
        out = T.match_buffer(out_handle, (n, heads, dim), "float32")
        lse = T.match_buffer(lse_handle, (n, heads), "float32")
        last_page_length = T.match_buffer(length_handle, (batch,), "int32", elem_offset=offset_6)
        with T.sblock("kernel"):
            query = T.sblock_alloc_buffer((dim,), "float32", scope="local")
            mixed = T.sblock_alloc_buffer((dim,), "float32", scope="local")
            state = T.sblock_alloc_buffer((5,), "float32", scope="local")
            for bx_ in T.thread_binding(0, (n * heads + _THREADS - 1) // _THREADS, thread="blockIdx.x"):
                for tx_ in T.thread_binding(0, _THREADS, thread="threadIdx.x"):
                    with T.sblock("thread"):
                        bx, tx = T.axis.remap("SS", [bx_, tx_])
                        if bx * _THREADS + tx < n * heads:
                            row: T.let[T.int32] = (bx * _THREADS + tx) // heads
                            head: T.let[T.int32] = (bx * _THREADS + tx) % heads
                            m: T.let[T.int32] = T.max(
                                (page_indptr[1] - page_indptr[0] - 1) * page_size + last_page_length[0], 0
                            )
                            state[0] = T.float32(_LOWEST)
                            state[1] = T.float32(1)
                            for d in T.serial(dim):
                                query[d] = q[row, head, d] * (sm_scale * T.float32(_LOG2E))
                                mixed[d] = T.float32(0)
                            for j in T.serial(T.if_then_else(causal > 0, T.min(m - n + row + 1, m), m)):
                                page: T.let[T.int32] = page_values[page_indptr[0] + j // page_size]
                                state[2] = T.float32(0)
                                for d in T.serial(dim):
                                    state[2] = state[2] + query[d] * pages[page, 0, head // share, j % page_size, d]
                                state[3] = T.max(state[0], state[2])
                                state[4] = T.exp2(state[0] - state[3])
                                state[2] = T.exp2(state[2] - state[3])
                                state[1] = state[1] * state[4] + state[2]
                                state[0] = state[3]
                                for d in T.serial(dim):
                                    mixed[d] = (
                                        mixed[d] * state[4]
                                        + state[2] * pages[page, 1, head // share, j % page_size, d]
                                    )
                            for d in T.serial(dim):
                                out[row, head, d] = mixed[d] / state[1]
                            lse[row, head] = state[0] + T.log2(state[1])

    return attention


def decode_attention(heads: int, kv_heads: int, dim: int, page_size: int = 16):
    """One new token to the cache, which holds it already."""
    share = heads // kv_heads

    @T.prim_func(private=True, s_tir=True)
    def attention(
        q_handle: T.handle,
        pages_handle: T.handle,
        page_indptr_handle: T.handle,
        page_values_handle: T.handle,
        length_handle: T.handle,
        k_offset_handle: T.handle,
        q_position_handle: T.handle,
        out_handle: T.handle,
        lse_handle: T.handle,
        rotary_mode: T.int32,
        rope_scale: T.float32,
        rope_theta: T.float32,
        sm_scale: T.float32,
    ):
        T.func_attr({"tirx.is_scheduled": True, "tirx.noalias": True})
        batch = T.int32()
        used_pages = T.int32()
        all_pages = T.int32()
        offset_1 = T.int32()
        offset_2 = T.int32()
        offset_3 = T.int32()
        offset_4 = T.int32()
        offset_5 = T.int32()
        q = T.match_buffer(q_handle, (batch, heads, dim), "float32")
        pages = T.match_buffer(pages_handle, (all_pages, 2, kv_heads, page_size, dim), "float32")
        page_indptr = T.match_buffer(page_indptr_handle, (batch + 1,), "int32", elem_offset=offset_1)
        page_values = T.match_buffer(page_values_handle, (used_pages,), "int32", elem_offset=offset_2)
        k_offset = T.match_buffer(k_offset_handle, (batch,), "int32", elem_offset=offset_3)
        q_position = T.match_buffer(q_position_handle, (batch,), "int32", elem_offset=offset_4)
        out = T.match_buffer(out_handle, (batch, heads, dim), "float32")
        lse = T.match_buffer(lse_handle, (batch, heads), "float32")
        last_page_length = T.match_buffer(length_handle, (batch,), "int32", elem_offset=offset_5)
        with T.sblock("kernel"):
            query = T.sblock_alloc_buffer((dim,), "float32", scope="local")
            mixed = T.sblock_alloc_buffer((dim,), "float32", scope="local")
            state = T.sblock_alloc_buffer((5,), "float32", scope="local")
            for bx_ in T.thread_binding(0, (heads + _DECODE_THREADS - 1) // _DECODE_THREADS, thread="blockIdx.x"):
                for tx_ in T.thread_binding(0, _DECODE_THREADS, thread="threadIdx.x"):
                    with T.sblock("thread"):
                        bx, tx = T.axis.remap("SS", [bx_, tx_])
                        if bx * _DECODE_THREADS + tx < heads:
                            head: T.let[T.int32] = bx * _DECODE_THREADS + tx
                            state[0] = T.float32(_LOWEST)
                            state[1] = T.float32(1)
                            for d in T.serial(dim):
                                query[d] = q[0, head, d] * (sm_scale * T.float32(_LOG2E))
                                mixed[d] = T.float32(0)
                            for j in T.serial(
                                T.max((page_indptr[1] - page_indptr[0] - 1) * page_size + last_page_length[0], 0)
                            ):
                                page: T.let[T.int32] = page_values[page_indptr[0] + j // page_size]
                                state[2] = T.float32(0)
                                for d in T.serial(dim):
                                    state[2] = state[2] + query[d] * pages[page, 0, head // share, j % page_size, d]
                                state[3] = T.max(state[0], state[2])
                                state[4] = T.exp2(state[0] - state[3])
                                state[2] = T.exp2(state[2] - state[3])
                                state[1] = state[1] * state[4] + state[2]
                                state[0] = state[3]
                                for d in T.serial(dim):
                                    mixed[d] = (
                                        mixed[d] * state[4]
                                        + state[2] * pages[page, 1, head // share, j % page_size, d]
                                    )
                            for d in T.serial(dim):
                                out[0, head, d] = mixed[d] / state[1]
                            lse[0, head] = state[0] + T.log2(state[1])

    return attention
