"""x @ w.T for software adapters: without barriers, which those are slow at."""

from __future__ import annotations

from tvm.script import tirx as T

from ..quantize import GROUP

Tile = tuple[int, int, int]
"""Rows of w and tokens of x that a thread computes, and threads in a workgroup."""

PROMPT_TILE: Tile = (8, 4, 8)
TOKEN_TILE: Tile = (4, 1, 16)


def quantized_matmul(n: int, k: int, bits: int, tile: Tile, residual: bool):
    """
    out = x @ w.T, or residual + x @ w.T; x is [1, s, k], w is [n, k] in groups (`Quantized`), out is [1, s, n].

    A group's minimum counts as minimum * sum(x), so that the inner loop is a dot product with the bare codes.
    """
    per_word = 32 // bits
    words, mask = GROUP // per_word, (1 << bits) - 1
    R, S, TX = tile
    blocks, residual_width = -(-n // (R * TX)), n if residual else k

    @T.prim_func(private=True, s_tir=True)
    def matmul(
        x_handle: T.handle,
        codes: T.Buffer((n, k // per_word), "uint32"),
        scale: T.Buffer((n, k // GROUP), "float32"),
        minimum: T.Buffer((n, k // GROUP), "float32"),
        residual_handle: T.handle,
        out_handle: T.handle,
    ):
        T.func_attr({"tirx.is_scheduled": True, "tirx.noalias": True})
        s = T.int32()
        x = T.match_buffer(x_handle, (1, s, k), "float32")
        before = T.match_buffer(residual_handle, (1, s, residual_width), "float32")
        out = T.match_buffer(out_handle, (1, s, n), "float32")
        with T.sblock("kernel"):
            total = T.sblock_alloc_buffer((R * S,), "float32", scope="local")
            dot = T.sblock_alloc_buffer((R * S,), "float32", scope="local")
            sum_x = T.sblock_alloc_buffer((S,), "float32", scope="local")
            part = T.sblock_alloc_buffer((per_word * S,), "float32", scope="local")
            word = T.sblock_alloc_buffer((1,), "uint32", scope="local")
            code = T.sblock_alloc_buffer((1,), "float32", scope="local")
            for by_ in T.thread_binding(0, (s + S - 1) // S, thread="blockIdx.y"):
                for bx_ in T.thread_binding(0, blocks, thread="blockIdx.x"):
                    for tx_ in T.thread_binding(0, TX, thread="threadIdx.x"):
                        with T.sblock("thread"):
                            by, bx, tx = T.axis.remap("SSS", [by_, bx_, tx_])
                            for i in T.unroll(R * S):
                                total[i] = T.float32(0)
                            for g in T.serial(k // GROUP):
                                for i in T.unroll(R * S):
                                    dot[i] = T.float32(0)
                                for j in T.unroll(S):
                                    sum_x[j] = T.float32(0)
                                for w in T.serial(words):
                                    for j in T.unroll(S):
                                        for e in T.unroll(per_word):
                                            part[j * per_word + e] = x[
                                                0, T.min(by * S + j, s - 1), g * GROUP + w * per_word + e
                                            ]
                                            sum_x[j] = sum_x[j] + part[j * per_word + e]
                                    for i in T.unroll(R):
                                        word[0] = codes[
                                            T.min(bx * (R * TX) + i * TX + tx, n - 1), g * words + w
                                        ]
                                        for e in T.unroll(per_word):
                                            code[0] = T.cast(
                                                (word[0] >> T.cast(e * bits, "uint32")) & T.uint32(mask), "float32"
                                            )
                                            for j in T.unroll(S):
                                                dot[i * S + j] = dot[i * S + j] + code[0] * part[j * per_word + e]
                                for i in T.unroll(R):
                                    for j in T.unroll(S):
                                        total[i * S + j] = (
                                            total[i * S + j]
                                            + scale[T.min(bx * (R * TX) + i * TX + tx, n - 1), g] * dot[i * S + j]
                                            + minimum[T.min(bx * (R * TX) + i * TX + tx, n - 1), g] * sum_x[j]
                                        )
                            for j in T.unroll(S):
                                if by * S + j < s:
                                    for i in T.unroll(R):
                                        if bx * (R * TX) + i * TX + tx < n:
                                            if residual:
                                                out[0, by * S + j, bx * (R * TX) + i * TX + tx] = (
                                                    before[0, by * S + j, bx * (R * TX) + i * TX + tx]
                                                    + total[i * S + j]
                                                )
                                            else:
                                                out[0, by * S + j, bx * (R * TX) + i * TX + tx] = total[i * S + j]

    return matmul


def float_matmul(n: int, k: int, tile: Tile, residual: bool):
    """The same for w as plain float32."""
    R, S, TX = tile
    blocks, residual_width = -(-n // (R * TX)), n if residual else k

    @T.prim_func(private=True, s_tir=True)
    def matmul(x_handle: T.handle, w: T.Buffer((n, k), "float32"), residual_handle: T.handle, out_handle: T.handle):
        T.func_attr({"tirx.is_scheduled": True, "tirx.noalias": True})
        s = T.int32()
        x = T.match_buffer(x_handle, (1, s, k), "float32")
        before = T.match_buffer(residual_handle, (1, s, residual_width), "float32")
        out = T.match_buffer(out_handle, (1, s, n), "float32")
        with T.sblock("kernel"):
            total = T.sblock_alloc_buffer((R * S,), "float32", scope="local")
            for by_ in T.thread_binding(0, (s + S - 1) // S, thread="blockIdx.y"):
                for bx_ in T.thread_binding(0, blocks, thread="blockIdx.x"):
                    for tx_ in T.thread_binding(0, TX, thread="threadIdx.x"):
                        with T.sblock("thread"):
                            by, bx, tx = T.axis.remap("SSS", [by_, bx_, tx_])
                            for i in T.unroll(R * S):
                                total[i] = T.float32(0)
                            for e in T.serial(k):
                                for i in T.unroll(R):
                                    for j in T.unroll(S):
                                        total[i * S + j] = (
                                            total[i * S + j]
                                            + w[T.min(bx * (R * TX) + i * TX + tx, n - 1), e]
                                            * x[0, T.min(by * S + j, s - 1), e]
                                        )
                            for j in T.unroll(S):
                                if by * S + j < s:
                                    for i in T.unroll(R):
                                        if bx * (R * TX) + i * TX + tx < n:
                                            if residual:
                                                out[0, by * S + j, bx * (R * TX) + i * TX + tx] = (
                                                    before[0, by * S + j, bx * (R * TX) + i * TX + tx]
                                                    + total[i * S + j]
                                                )
                                            else:
                                                out[0, by * S + j, bx * (R * TX) + i * TX + tx] = total[i * S + j]

    return matmul
