"""From logits to a token, in one workgroup on every kind of adapter."""

from __future__ import annotations

from tvm.script import tirx as T

_THREADS = 256


def softmax_with_temperature(vocab: int):
    """out = softmax(logits / temperature); [1, 1, vocab], temperature [1]."""
    rounds = -(-vocab // _THREADS)

    @T.prim_func(private=True, s_tir=True)
    def softmax(
        logits: T.Buffer((1, 1, vocab), "float32"),
        temperature: T.Buffer((1,), "float32"),
        out: T.Buffer((1, 1, vocab), "float32"),
    ):
        T.func_attr({"tirx.is_scheduled": True, "tirx.noalias": True})
        with T.sblock("kernel"):
            parts = T.sblock_alloc_buffer((_THREADS,), "float32", scope="shared")
            largest = T.sblock_alloc_buffer((1,), "float32", scope="local")
            total = T.sblock_alloc_buffer((1,), "float32", scope="local")
            for bx in T.thread_binding(0, 1, thread="blockIdx.x"):
                for tx_ in T.thread_binding(0, _THREADS, thread="threadIdx.x"):
                    with T.sblock("thread"):
                        tx = T.axis.spatial(_THREADS, tx_)
                        largest[0] = T.min_value("float32")
                        for i in T.serial(rounds):
                            if i * _THREADS + tx < vocab:
                                largest[0] = T.max(largest[0], logits[0, 0, i * _THREADS + tx])
                        parts[tx] = largest[0]
                        T.tvm_storage_sync("shared")
                        largest[0] = T.min_value("float32")
                        for i in T.serial(_THREADS):
                            largest[0] = T.max(largest[0], parts[i])
                        T.tvm_storage_sync("shared")
                        total[0] = T.float32(0)
                        for i in T.serial(rounds):
                            if i * _THREADS + tx < vocab:
                                total[0] = total[0] + T.exp(
                                    (logits[0, 0, i * _THREADS + tx] - largest[0]) / temperature[0]
                                )
                        parts[tx] = total[0]
                        T.tvm_storage_sync("shared")
                        total[0] = T.float32(0)
                        for i in T.serial(_THREADS):
                            total[0] = total[0] + parts[i]
                        for i in T.serial(rounds):
                            if i * _THREADS + tx < vocab:
                                out[0, 0, i * _THREADS + tx] = (
                                    T.exp((logits[0, 0, i * _THREADS + tx] - largest[0]) / temperature[0]) / total[0]
                                )

    return softmax


_TOP_P_STEPS = 30
"""Bisections of the probability from which on tokens count; the next step takes the mass above it."""
_LAST_STEP = 61
"""Bisections of the drawn token's probability end before it; it takes the mass above that."""


def sample_top_p(vocab: int):
    """
    Draws a token of the likeliest that together have `top_p`, by the uniform number `u`, without a sort:
    bisects the probability whose tail holds top_p, then the one at which the mass, from the likeliest token
    down, passes u. From the likeliest down because WebLLM's first u of a small seed is near 0.
    """
    each = -(-vocab // _THREADS)

    @T.prim_func(private=True, s_tir=True)
    def sample(
        p: T.Buffer((1, vocab), "float32"),
        u: T.Buffer((1,), "float32"),
        top_p: T.Buffer((1,), "float32"),
        out: T.Buffer((1,), "int32"),
    ):
        T.func_attr({"tirx.is_scheduled": True, "tirx.noalias": True})
        with T.sblock("kernel"):
            parts = T.sblock_alloc_buffer((_THREADS,), "float32", scope="shared")
            low = T.sblock_alloc_buffer((1,), "float32", scope="local")
            high = T.sblock_alloc_buffer((1,), "float32", scope="local")
            mass = T.sblock_alloc_buffer((1,), "float32", scope="local")
            below = T.sblock_alloc_buffer((1,), "float32", scope="local")
            middle = T.sblock_alloc_buffer((1,), "float32", scope="local")
            wanted = T.sblock_alloc_buffer((1,), "float32", scope="local")
            found = T.sblock_alloc_buffer((1,), "int32", scope="local")
            for bx in T.thread_binding(0, 1, thread="blockIdx.x"):
                for tx_ in T.thread_binding(0, _THREADS, thread="threadIdx.x"):
                    with T.sblock("thread"):
                        tx = T.axis.spatial(_THREADS, tx_)
                        low[0] = T.float32(0)
                        high[0] = T.float32(1)
                        for step in T.serial(_LAST_STEP + 1):
                            middle[0] = T.if_then_else(
                                step == _TOP_P_STEPS,
                                low[0],
                                T.if_then_else(step == _LAST_STEP, high[0], (low[0] + high[0]) * T.float32(0.5)),
                            )
                            mass[0] = T.float32(0)
                            for i in T.serial(each):
                                if tx * each + i < vocab:
                                    if p[0, tx * each + i] >= middle[0]:
                                        mass[0] = mass[0] + p[0, tx * each + i]
                            T.tvm_storage_sync("shared")
                            parts[tx] = mass[0]
                            T.tvm_storage_sync("shared")
                            mass[0] = T.float32(0)
                            for i in T.serial(_THREADS):
                                mass[0] = mass[0] + parts[i]
                            if step < _TOP_P_STEPS:
                                if mass[0] >= top_p[0]:
                                    low[0] = middle[0]
                                else:
                                    high[0] = middle[0]
                            elif step == _TOP_P_STEPS:
                                wanted[0] = mass[0] * u[0]
                                high[0] = T.float32(1.0001)
                            elif step < _LAST_STEP:
                                if mass[0] > wanted[0]:
                                    low[0] = middle[0]
                                else:
                                    high[0] = middle[0]
                            else:
                                wanted[0] = wanted[0] - mass[0]
                        # Of tokens as likely as each other, the position decides: first whose share of them it is.
                        mass[0] = T.float32(0)
                        for i in T.serial(each):
                            if tx * each + i < vocab:
                                if p[0, tx * each + i] >= low[0] and p[0, tx * each + i] < high[0]:
                                    mass[0] = mass[0] + p[0, tx * each + i]
                        T.tvm_storage_sync("shared")
                        parts[tx] = mass[0]
                        T.tvm_storage_sync("shared")
                        if tx == 0:
                            below[0] = T.float32(0)
                            mass[0] = T.float32(0)
                            found[0] = -1
                            for i in T.serial(_THREADS):
                                # Read into a local first: TVM refuses a shared load in a condition.
                                middle[0] = parts[i]
                                if middle[0] > T.float32(0):
                                    if found[0] < 0 or below[0] <= wanted[0]:
                                        found[0] = i
                                        mass[0] = below[0]
                                below[0] = below[0] + middle[0]
                            out[0] = -1
                            for i in T.serial(each):
                                if found[0] >= 0 and found[0] * each + i < vocab:
                                    middle[0] = p[0, T.max(found[0], 0) * each + i]
                                    if middle[0] >= low[0] and middle[0] < high[0]:
                                        if out[0] < 0 or mass[0] <= wanted[0]:
                                            out[0] = found[0] * each + i
                                        mass[0] = mass[0] + middle[0]

    return sample
