"""A matrix of the model, quantised or not, and what is computed with it."""

from __future__ import annotations

from tvm import te, tirx
from tvm.relax.frontend import nn
from tvm.relax.frontend.nn import Tensor, op

from .kernels.software_matmul import PROMPT_TILE, TOKEN_TILE, float_matmul, quantized_matmul
from .quantize import GROUP
from .target import Kernels


class Matrix(nn.Module):
    """An [n, k] matrix: float32, or codes of `bits` bits in groups (`quantize.py`). Parameters are float32 with every arithmetic."""

    def __init__(self, n: int, k: int, bits: int, kernels: Kernels) -> None:
        self.n, self.k, self.bits, self.kernels = n, k, bits, kernels
        if bits:
            self.q_weight = nn.Parameter((n, k * bits // 32), "uint32")
            self.q_scale = nn.Parameter((n, k // GROUP), "float32")
            self.q_min = nn.Parameter((n, k // GROUP), "float32")
        else:
            self.weight = nn.Parameter((n, k), "float32")

    def forward(self, x: Tensor, residual: Tensor | None = None, out_dtype: str | None = None) -> Tensor:
        """x @ self.T, plus `residual` where there is one; x is [1, s, k]."""
        if self.kernels.software:
            return self._software(x, residual)
        y = self._scheduled(x, out_dtype or self.kernels.dtype)
        return y if residual is None else residual + y

    def rows(self, ids: Tensor) -> Tensor:
        """The rows of these ids, [s, k]: an embedding's look-up."""
        dtype = self.kernels.dtype

        def take(ids, *parameters):
            return te.compute(
                (ids.shape[0], self.k), lambda i, c: self._value(parameters, ids[i], c).astype(dtype), name="take"
            )

        return op.tensor_expr_op(take, "embed_take", [ids, *self._parameters()])

    def _parameters(self) -> list[nn.Parameter]:
        return [self.q_weight, self.q_scale, self.q_min] if self.bits else [self.weight]

    def _value(self, parameters, r, c):
        """One weight, as a float32 expression."""
        if not self.bits:
            return parameters[0][r, c]
        codes, scale, minimum = parameters
        per_word = 32 // self.bits
        shift = (c % per_word * self.bits).astype("uint32")
        code = (codes[r, c // per_word] >> shift) & tirx.const((1 << self.bits) - 1, "uint32")
        return code.astype("float32") * scale[r, c // GROUP] + minimum[r, c // GROUP]

    def _software(self, x: Tensor, residual: Tensor | None) -> Tensor:
        b, s, _ = x.shape
        tile = TOKEN_TILE if isinstance(s, int) else PROMPT_TILE
        if self.bits:
            kernel = quantized_matmul(self.n, self.k, self.bits, tile, residual is not None)
        else:
            kernel = float_matmul(self.n, self.k, tile, residual is not None)
        arguments = [x, *self._parameters(), x if residual is None else residual]
        return op.tensor_ir_op(kernel, "matmul", arguments, out=Tensor.placeholder((b, s, self.n), "float32"))

    def _scheduled(self, x: Tensor, out_dtype: str) -> Tensor:
        """Left to TVM's schedules for GPUs; sums are float32 with every arithmetic."""

        def multiply(x, *parameters):
            b, s, k = x.shape
            w = te.compute((self.n, k), lambda r, c: self._value(parameters, r, c), name="dequantize")
            j = te.reduce_axis((0, k), name="k")
            y = te.compute(
                (b, s, self.n),
                lambda i, t, r: te.sum(x[i, t, j].astype("float32") * w[r, j], axis=j),
                name="NT_matmul",
            )
            if out_dtype == "float32":
                return y
            return te.compute((b, s, self.n), lambda i, t, r: y[i, t, r].astype(out_dtype), name="cast")

        return op.tensor_expr_op(multiply, "NT_matmul", [x, *self._parameters()])
