"""A GGUF as a WebLLM model directory: weights, tokenizer, chat template, and the configuration that ties them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from .chat_template import ChatTemplateError, conversation, template_of
from .gguf_file import GgufFile
from .shape import Shape
from .tokenizer import Vocabulary
from .weights import write_weights


def convert(gguf: GgufFile, shape: Shape, context: int, folder: Path) -> None:
    """Writes the directory's files into `folder`, which is there. `context` is the context length in tokens."""
    write_weights(gguf, shape, folder)
    vocabulary = Vocabulary(gguf)
    _write(folder / "tokenizer.json", vocabulary.pieces())
    template = template_of(gguf.value("tokenizer.chat_template"), vocabulary.tokens)
    bos, eos = vocabulary.text(vocabulary.bos), vocabulary.text(vocabulary.eos)
    # For those who render the template itself, which can do more than WebLLM's fixed texts.
    _write(folder / "tokenizer_config.json", {"chat_template": template, "bos_token": bos, "eos_token": eos})
    _write(folder / "mlc-chat-config.json", _chat_config(vocabulary, template, shape, context))


def _chat_config(vocabulary: Vocabulary, template: str, shape: Shape, context: int) -> dict[str, Any]:
    ends = vocabulary.ends()
    return {
        "version": "0.1.0",
        "model_type": "llama",
        "quantization": f"q{shape.bits or 32}f32",
        # By these the page knows what a token of context takes.
        "model_config": {
            "hidden_size": shape.hidden,
            "intermediate_size": shape.inter,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": shape.kv_heads,
            "head_dim": shape.head_dim,
        },
        "vocab_size": shape.vocab,
        "context_window_size": context,
        "sliding_window_size": -1,
        "attention_sink_size": -1,
        "tensor_parallel_shards": 1,
        "temperature": 0.7,
        "top_p": 0.95,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "repetition_penalty": 1,
        "tokenizer_files": ["tokenizer.json"],
        "tokenizer_info": {
            "token_postproc_method": "byte_level" if vocabulary.kind == "gpt2" else "byte_fallback",
            "prepend_space_in_encode": vocabulary.adds_space,
            "strip_space_in_decode": vocabulary.adds_space,
        },
        "conv_template": {
            "name": "from-gguf",
            **_conversation(template, vocabulary),
            "stop_token_ids": ends,
        },
        "bos_token_id": vocabulary.bos,
        "eos_token_id": vocabulary.eos,
        "pad_token_id": vocabulary.eos,
    }


def _conversation(template: str, vocabulary: Vocabulary) -> dict[str, Any]:
    bos, eos = vocabulary.text(vocabulary.bos), vocabulary.text(vocabulary.eos)
    try:
        found = conversation(template, bos, eos)
    except (TemplateError, ChatTemplateError) as error:
        print(f"The chat template cannot be said in WebLLM's words ({error}): messages get plain marks instead", flush=True)
        found = conversation(template_of(None, vocabulary.tokens), bos, eos)
    begins = found.pop("begins_with_bos") or vocabulary.adds_bos and not found["roles"]["user"].startswith(bos)
    found["system_prefix_token_ids"] = [vocabulary.bos] if begins and vocabulary.bos is not None else None
    return found


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False))
