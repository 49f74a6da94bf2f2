"""From a shape to a WebLLM model library: one WebAssembly file with TVM's runtime, the model's code and its shaders."""

from __future__ import annotations

import json
from pathlib import Path

import tvm
from tvm import relax as rx
from tvm.relax.backend import gpu_generic
from tvm.relax.frontend import nn
from tvm.relax.frontend.nn.llm.kv_cache import PagedKVCache

from .kernels.logits import apply_bitmask, apply_logit_bias, apply_penalty
from .kernels.sampling import sample_top_p, softmax_with_temperature
from .kv_cache import add_kv_cache
from .llama import Llama
from .runtime import link
from .shape import Shape
from .target import Kernels, webgpu

_LONGEST_CONTEXT = 131072
"""Only bounds what TVM plans memory for ahead of time; the context length is chosen at load."""


def compile_library(shape: Shape, kernels: Kernels, runtime: Path, out: Path) -> None:
    """Writes the library to `out`. `runtime` holds the objects that `build_runtime` made."""
    target = webgpu()
    with target:
        module = _build_module(shape, kernels, target)

    @tvm.transform.module_pass(opt_level=0)
    def pipeline(module: tvm.ir.IRModule, _context: tvm.transform.PassContext) -> tvm.ir.IRModule:
        with target:
            return tvm.transform.Sequential(
                gpu_generic.library_dispatch_passes(target)
                + gpu_generic.legalize_passes(target)
                # WebGPU has no 64-bit integers.
                + [tvm.tirx.transform.ForceNarrowIndexToInt32()]
                + gpu_generic.dataflow_lower_passes(target)
                + gpu_generic.finalize_passes(target)
            )(module)

    def link_objects(output: str, objects: str | list[str], options: object = None, **_named: object) -> None:
        link(runtime, [objects] if isinstance(objects, str) else objects, output)

    link_objects.object_format = "o"
    with tvm.transform.PassContext(config={"tirx.disable_cse_tir": True}):
        executable = rx.build(module, target, relax_pipeline=pipeline, system_lib=True)
    executable.export_library(str(out), fcompile=link_objects)


def _build_module(shape: Shape, kernels: Kernels, target: tvm.target.Target) -> tvm.ir.IRModule:
    module, parameters = _export_model(shape, kernels)
    builder = rx.BlockBuilder(module)
    add_kv_cache(builder, shape, kernels, target)
    _add_sampling(builder, shape.vocab)
    with builder.function("_metadata", []):
        builder.emit_func_output(tvm.ir.StringImm(json.dumps(_metadata(shape, kernels, parameters))))
    module = builder.finalize()
    for make in (apply_bitmask, apply_logit_bias, apply_penalty):
        kernel = make(shape.vocab)
        module[kernel.attrs["global_symbol"]] = kernel
    bounds = {"seq_len": kernels.chunk, "total_seq_len": _LONGEST_CONTEXT, "batch_size": 1}
    for name, function in module.functions_items():
        if isinstance(function, rx.Function):
            module[name] = function.with_attr("tir_var_upper_bound", bounds).with_attr(
                "relax.memory_plan_dynamic_func_output", True
            )
    return module


def _export_model(shape: Shape, kernels: Kernels):
    """The module of `Llama`, and its parameters by name, in the order in which the library takes them."""
    packed = {"param_mode": "packed", "effect_mode": "none"}
    cache = nn.spec.Object(object_type=PagedKVCache)

    def embedded(length: int | str) -> nn.spec.Tensor:
        return nn.spec.Tensor([1, length, shape.hidden], kernels.dtype)

    module, parameters, _ = Llama(shape, kernels).export_tvm(
        spec={
            "embed": {"input_ids": nn.spec.Tensor(["seq_len"], "int32"), "$": packed},
            "prefill": {"input_embed": embedded("seq_len"), "paged_kv_cache": cache, "$": packed},
            "decode": {"input_embed": embedded(1), "paged_kv_cache": cache, "$": packed},
        },
        allow_extern=True,
    )
    return module, parameters


def _add_sampling(builder: rx.BlockBuilder, vocab: int) -> None:
    """Adds what WebLLM calls to get from logits to a token."""

    def floats(*sizes: int) -> rx.TensorType:
        return rx.TensorType(sizes, "float32")

    def ints(*sizes: int) -> rx.TensorType:
        return rx.TensorType(sizes, "int32")

    logits, temperature = rx.Var("logits", floats(1, 1, vocab)), rx.Var("temperature", floats(1))
    with builder.function("softmax_with_temperature", [logits, temperature]):
        with builder.dataflow():
            kernel = builder.add_func(softmax_with_temperature(vocab), "softmax_kernel")
            call = rx.call_tir(kernel, [logits, temperature], out_ty=floats(1, 1, vocab))
            result = builder.emit_output(call)
        builder.emit_func_output(result)

    # WebLLM hands this function's two results to the next one unread: nothing needs to be sorted.
    probabilities = rx.Var("probs", floats(1, vocab))
    with builder.function("argsort_probs", [probabilities]):
        with builder.dataflow():
            unread = builder.emit(rx.op.zeros((1, 1), "int32"))
            result = builder.emit_output(rx.Tuple([probabilities, unread]))
        builder.emit_func_output(result)

    parameters = [
        rx.Var("sorted_probs", floats(1, vocab)),
        rx.Var("sorted_indices", ints(1, 1)),
        rx.Var("uniform", floats(1)),
        rx.Var("sample_indices", ints(1)),
        rx.Var("top_p", floats(1)),
    ]
    with builder.function("sample_with_top_p", parameters):
        with builder.dataflow():
            kernel = builder.add_func(sample_top_p(vocab), "sample_kernel")
            call = rx.call_tir(kernel, [parameters[0], parameters[2], parameters[4]], out_ty=ints(1))
            result = builder.emit_output(call)
        builder.emit_func_output(result)


def _metadata(shape: Shape, kernels: Kernels, parameters: list) -> dict:
    """What WebLLM reads of a library before it loads weights."""
    return {
        "model_type": "llama",
        "quantization": f"q{shape.bits or 32}{'f16' if kernels.dtype == 'float16' else 'f32'}",
        "context_window_size": _LONGEST_CONTEXT,
        "sliding_window_size": -1,
        "attention_sink_size": -1,
        "prefill_chunk_size": kernels.chunk,
        "tensor_parallel_shards": 1,
        "pipeline_parallel_stages": 1,
        "disaggregation": False,
        "kv_state_kind": "kv_cache",
        "max_batch_size": 1,
        "active_vocab_size": None,
        "model_task": "chat",
        "kv_cache": {
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": shape.kv_heads,
            "head_dim": shape.head_dim,
        },
        "memory_usage": {},
        "params": [
            {
                "name": name,
                "shape": [int(size) for size in parameter.shape],
                "dtype": str(parameter.dtype),
                "preprocs": [],
                "pipeline_stages": [0],
            }
            for name, parameter in parameters
        ],
    }
