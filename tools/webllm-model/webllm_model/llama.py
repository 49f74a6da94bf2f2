"""The Llama architecture in TVM's nn: what `prefill`, `decode` and `embed` compute."""

from __future__ import annotations

from tvm import te
from tvm.relax.frontend import nn
from tvm.relax.frontend.nn import Tensor, op
from tvm.relax.frontend.nn.llm.kv_cache import PagedKVCache

from .kernels.rotary import rotary
from .matrix import Matrix
from .shape import Shape
from .target import Kernels


class Norm(nn.Module):
    """RMS norm. Its sum is float32 with every arithmetic: half floats would overflow."""

    def __init__(self, width: int, eps: float) -> None:
        self.eps = eps
        self.weight = nn.Parameter((width,), "float32")

    def forward(self, x: Tensor) -> Tensor:
        y = op.rms_norm(op.astype(x, "float32"), self.weight, axes=-1, epsilon=self.eps)
        return op.astype(y, x.dtype)


class Layer(nn.Module):
    """Attention, then the gated feed-forward part, each added to the residual stream."""

    def __init__(self, shape: Shape, kernels: Kernels) -> None:
        self.shape = shape
        self.heads = shape.heads + 2 * shape.kv_heads
        self.dtype = kernels.dtype
        self.input_norm = Norm(shape.hidden, shape.eps)
        self.qkv = Matrix(self.heads * shape.head_dim, shape.hidden, shape.bits, kernels)
        self.o = Matrix(shape.hidden, shape.heads * shape.head_dim, shape.bits, kernels)
        self.post_norm = Norm(shape.hidden, shape.eps)
        self.gate_up = Matrix(2 * shape.inter, shape.hidden, shape.bits, kernels)
        self.down = Matrix(shape.hidden, shape.inter, shape.bits, kernels)

    def forward(self, x: Tensor, positions: Tensor, frequencies: Tensor, cache: PagedKVCache, layer: int) -> Tensor:
        shape = self.shape
        b, s, _ = x.shape
        qkv = op.reshape(self.qkv(self.input_norm(x)), (b, s, self.heads, shape.head_dim))
        qkv = op.tensor_ir_op(
            rotary(shape.heads, shape.kv_heads, shape.head_dim, shape.rotary_dim, self.dtype),
            "rotary",
            [qkv, positions, frequencies],
            out=Tensor.placeholder(qkv.shape, self.dtype),
        )
        mixed = cache.attention_with_fused_qkv(layer, qkv, shape.heads, sm_scale=shape.head_dim**-0.5)
        x = self.o(op.reshape(mixed, (b, s, shape.heads * shape.head_dim)), x)
        gate, up = op.split(self.gate_up(self.post_norm(x)), 2, axis=-1)
        return self.down(op.silu(gate) * up, x)


class Llama(nn.Module):
    """Its parameters are those that `weights.py` writes, by the same names."""

    def __init__(self, shape: Shape, kernels: Kernels) -> None:
        self.embed_tokens = Matrix(shape.vocab, shape.hidden, shape.embed_bits, kernels)
        self.rope_frequencies = nn.Parameter((shape.rotary_dim // 2,), "float32")
        self.layers = nn.ModuleList([Layer(shape, kernels) for _ in range(shape.layers)])
        self.norm = Norm(shape.hidden, shape.eps)
        if not shape.tied:
            self.output = Matrix(shape.vocab, shape.hidden, shape.embed_bits, kernels)
        self.tied = shape.tied

    def embed(self, input_ids: Tensor) -> Tensor:
        return self.embed_tokens.rows(input_ids)

    def prefill(self, input_embed: Tensor, paged_kv_cache: PagedKVCache):
        def last(x):
            b, s, width = x.shape
            return te.compute((b, 1, width), lambda i, _, c: x[i, s - 1, c], name="last")

        hidden = self._run(input_embed, paged_kv_cache)
        return self._logits(op.tensor_expr_op(last, "last", [hidden])), paged_kv_cache

    def decode(self, input_embed: Tensor, paged_kv_cache: PagedKVCache):
        return self._logits(self._run(input_embed, paged_kv_cache)), paged_kv_cache

    def _run(self, x: Tensor, cache: PagedKVCache) -> Tensor:
        positions = cache.get_query_positions(x.shape[0] * x.shape[1])
        for index, layer in enumerate(self.layers):
            x = layer(x, positions, self.rope_frequencies, cache, index)
        return x

    def _logits(self, x: Tensor) -> Tensor:
        output = self.embed_tokens if self.tied else self.output
        # WebLLM reads logits as float32.
        return output(self.norm(x), out_dtype="float32")
