"""Merging what a prompt chunk attends to in itself with what it attends to in the cache, on every kind of adapter."""

from __future__ import annotations

from tvm.script import tirx as T

_THREADS = 8


def merge_states(heads: int, dim: int, dtype: str):
    """
    v, s = the mix of (v, s) and (v_other, s_other), weighted by the log-sums s, in place.

    TVM's own kernel has several threads on one row, one of which writes its s while the others may not have
    read it yet: wrong answers from the second prompt chunk on, seen on a software adapter. Here a row is one
    thread's.
    """

    @T.prim_func(private=True, s_tir=True)
    def merge(v_handle: T.handle, s_handle: T.handle, v_other_handle: T.handle, s_other_handle: T.handle):
        T.func_attr({"tirx.is_scheduled": True, "tirx.noalias": True})
        n = T.int32()
        v = T.match_buffer(v_handle, (n, heads, dim), dtype)
        s = T.match_buffer(s_handle, (n, heads), "float32")
        v_other = T.match_buffer(v_other_handle, (n, heads, dim), dtype)
        s_other = T.match_buffer(s_other_handle, (n, heads), "float32")
        with T.sblock("kernel"):
            # The larger log-sum, and both weights.
            state = T.sblock_alloc_buffer((3,), "float32", scope="local")
            for bx_ in T.thread_binding(0, (n * heads + _THREADS - 1) // _THREADS, thread="blockIdx.x"):
                for tx_ in T.thread_binding(0, _THREADS, thread="threadIdx.x"):
                    with T.sblock("thread"):
                        bx, tx = T.axis.remap("SS", [bx_, tx_])
                        if bx * _THREADS + tx < n * heads:
                            row: T.let[T.int32] = (bx * _THREADS + tx) // heads
                            head: T.let[T.int32] = (bx * _THREADS + tx) % heads
                            state[0] = T.max(s[row, head], s_other[row, head])
                            state[1] = T.exp2(s[row, head] - state[0])
                            state[2] = T.exp2(s_other[row, head] - state[0])
                            for d in T.serial(dim):
                                v[row, head, d] = T.cast(
                                    (
                                        T.cast(v[row, head, d], "float32") * state[1]
                                        + T.cast(v_other[row, head, d], "float32") * state[2]
                                    )
                                    / (state[1] + state[2]),
                                    dtype,
                                )
                            s[row, head] = T.log2(state[1] + state[2]) + state[0]

    return merge
