"""What WebLLM does to logits in place before it samples: a grammar's mask, biases, penalties."""

from __future__ import annotations

from tvm.script import tirx as T

_THREADS = 256


def apply_bitmask(vocab: int):
    """Forbids the tokens whose bit is 0."""
    words = -(-vocab // 32)

    @T.prim_func(s_tir=True)
    def bitmask(
        logits: T.Buffer((1, vocab), "float32"),
        seq_ids: T.Buffer((1,), "int32"),
        mask: T.Buffer((1, words), "int32"),
    ):
        T.func_attr(
            {"global_symbol": "apply_bitmask_inplace", "tirx.is_scheduled": True, "tirx.noalias": True}
        )
        for b in T.thread_binding(0, (vocab + _THREADS - 1) // _THREADS, thread="blockIdx.x"):
            for t in T.thread_binding(0, _THREADS, thread="threadIdx.x"):
                with T.sblock("block"):
                    v = T.axis.spatial(vocab, b * _THREADS + t)
                    T.where(b * _THREADS + t < vocab)
                    T.reads(logits[0, v], mask[0, 0:words])
                    T.writes(logits[0, v])
                    logits[0, v] = T.if_then_else(
                        (mask[0, v // 32] >> (v % 32)) & 1 == 1, logits[0, v], T.min_value("float32")
                    )

    return bitmask


def apply_logit_bias(vocab: int):
    """Adds a bias to each of some tokens."""

    @T.prim_func(s_tir=True)
    def bias(
        logits: T.Buffer((1, vocab), "float32"),
        position_handle: T.handle,
        token_handle: T.handle,
        bias_handle: T.handle,
    ):
        T.func_attr(
            {"global_symbol": "apply_logit_bias_inplace", "tirx.is_scheduled": True, "tirx.noalias": True}
        )
        n = T.int32()
        position = T.match_buffer(position_handle, (n,), "int32")
        token = T.match_buffer(token_handle, (n,), "int32")
        amount = T.match_buffer(bias_handle, (n,), "float32")
        for b in T.thread_binding(0, (n + _THREADS - 1) // _THREADS, thread="blockIdx.x"):
            for t in T.thread_binding(0, _THREADS, thread="threadIdx.x"):
                with T.sblock("block"):
                    v = T.axis.spatial(n, b * _THREADS + t)
                    T.where(b * _THREADS + t < n)
                    T.reads(position[v], token[v], amount[v], logits[0, 0:vocab])
                    T.writes(logits[0, 0:vocab])
                    logits[position[v], token[v]] = logits[position[v], token[v]] + amount[v]

    return bias


def apply_penalty(vocab: int):
    """Presence, frequency and repetition penalties, in this order in `penalties`, for tokens that have come before."""

    @T.prim_func(s_tir=True)
    def penalty(
        logits: T.Buffer((1, vocab), "float32"),
        seq_ids: T.Buffer((1,), "int32"),
        position_handle: T.handle,
        token_handle: T.handle,
        count_handle: T.handle,
        penalties: T.Buffer((1, 3), "float32"),
    ):
        T.func_attr(
            {"global_symbol": "apply_penalty_inplace", "tirx.is_scheduled": True, "tirx.noalias": True}
        )
        n = T.int32()
        position = T.match_buffer(position_handle, (n,), "int32")
        token = T.match_buffer(token_handle, (n,), "int32")
        count = T.match_buffer(count_handle, (n,), "int32")
        for b in T.thread_binding(0, (n + _THREADS - 1) // _THREADS, thread="blockIdx.x"):
            for t in T.thread_binding(0, _THREADS, thread="threadIdx.x"):
                with T.sblock("block"):
                    v = T.axis.spatial(n, b * _THREADS + t)
                    T.where(b * _THREADS + t < n)
                    T.reads(
                        position[v], token[v], count[v], seq_ids[0:1], penalties[0, 0:3], logits[0, 0:vocab]
                    )
                    T.writes(logits[0, 0:vocab])
                    logits[seq_ids[position[v]], token[v]] = logits[seq_ids[position[v]], token[v]] - (
                        penalties[0, 0] + T.cast(count[v], "float32") * penalties[0, 1]
                    )
                    logits[seq_ids[position[v]], token[v]] = T.if_then_else(
                        logits[seq_ids[position[v]], token[v]] < T.float32(0),
                        logits[seq_ids[position[v]], token[v]] * penalties[0, 2],
                        logits[seq_ids[position[v]], token[v]] / penalties[0, 2],
                    )

    return penalty
