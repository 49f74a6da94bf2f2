"""A GGUF's tokenizer as `tokenizer.json`, the form that WebLLM reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .gguf_file import GgufFile

_PRE_TOKENIZERS = Path(__file__).resolve().parent.parent / "pre-tokenizers.json"
"""By llama.cpp's names: the patterns that text is split by, one after the other, and whether whole words are looked up first."""

_SPACE = "\u2581"
"""What SentencePiece writes for a space."""

# The types that a GGUF gives its tokens.
NORMAL, UNKNOWN, CONTROL, USER_DEFINED = 1, 2, 3, 4


class Vocabulary:
    """What a GGUF says of its tokens."""

    def __init__(self, gguf: GgufFile) -> None:
        self._gguf = gguf
        self.kind: str = gguf.value("tokenizer.ggml.model")
        """`gpt2` (byte-level pairs) or `llama` (SentencePiece)."""
        self.tokens: list[str] = gguf.value("tokenizer.ggml.tokens")
        self.types: list[int] = gguf.value("tokenizer.ggml.token_type") or [NORMAL] * len(self.tokens)
        self.bos = self._special("bos")
        self.eos = self._special("eos")
        self.adds_bos: bool = gguf.value("tokenizer.ggml.add_bos_token", self.kind == "llama")
        """Whether every text begins with the token `bos`."""
        self.adds_space: bool = self.kind == "llama" and gguf.value("tokenizer.ggml.add_space_prefix", True)
        """Whether a text is read as if a space came before it."""

    def text(self, token: int | None) -> str:
        return "" if token is None else self.tokens[token]

    def ends(self) -> list[int]:
        """The tokens that end an answer: those the file names, and those known to by their text."""
        named = [self._special(name) for name in ("eos", "eot", "eom")]
        known = [i for i, text in enumerate(self.tokens) if text in _ENDS and self.types[i] == CONTROL]
        return sorted({token for token in [*named, *known] if token is not None})

    def pieces(self) -> dict[str, Any]:
        """`tokenizer.json`."""
        byte_level = self.kind == "gpt2"
        return {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": self._added_tokens(),
            "post_processor": None,
            **(self._byte_level() if byte_level else self._sentence_pieces()),
        }

    def _special(self, name: str) -> int | None:
        return self._gguf.value(f"tokenizer.ggml.{name}_token_id")

    def _added_tokens(self) -> list[dict[str, Any]]:
        shared = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
        return [
            {"id": i, "content": self.tokens[i], **shared, "special": kind != USER_DEFINED}
            for i, kind in enumerate(self.types)
            if kind in (CONTROL, USER_DEFINED) or (kind == UNKNOWN and self.kind == "llama")
        ]

    def _byte_level(self) -> dict[str, Any]:
        known = json.loads(_PRE_TOKENIZERS.read_text())
        rules = known[self._gguf.value("tokenizer.ggml.pre", "default")]
        bytes_only = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
        splits = [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
            for pattern in rules["splits"]
        ]
        return {
            "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [*splits, bytes_only]},
            "decoder": bytes_only,
            "model": {
                **_PAIRS,
                "ignore_merges": rules.get("ignoreMerges", False),
                "vocab": {text: i for i, text in enumerate(self.tokens)},
                "merges": list(self._gguf.value("tokenizer.ggml.merges")),
            },
        }

    def _sentence_pieces(self) -> dict[str, Any]:
        prefix = [{"type": "Prepend", "prepend": _SPACE}] if self.adds_space else []
        strip = [{"type": "Strip", "content": " ", "start": 1, "stop": 0}] if self.adds_space else []
        unknown = self._gguf.value("tokenizer.ggml.unknown_token_id")
        return {
            "normalizer": {
                "type": "Sequence",
                "normalizers": [*prefix, {"type": "Replace", "pattern": {"String": " "}, "content": _SPACE}],
            },
            "pre_tokenizer": None,
            "decoder": {
                "type": "Sequence",
                "decoders": [
                    {"type": "Replace", "pattern": {"String": _SPACE}, "content": " "},
                    {"type": "ByteFallback"},
                    {"type": "Fuse"},
                    *strip,
                ],
            },
            "model": {
                **_PAIRS,
                "unk_token": None if unknown is None else self.tokens[unknown],
                "fuse_unk": True,
                "byte_fallback": True,
                "vocab": {text: i for i, text in enumerate(self.tokens)},
                "merges": merges_of(self.tokens, self.types, self._gguf.value("tokenizer.ggml.scores")),
            },
        }


def merges_of(tokens: list[str], types: list[int], scores: list[float]) -> list[list[str]]:
    """
    SentencePiece's scores as an order of merges: it always joins the two neighbours whose union has the highest
    score, so that every way to cut a token in two tokens is a merge, and the merges go by the score of the whole.
    """
    ids = {text: i for i, text in enumerate(tokens) if types[i] == NORMAL}
    merges: list[tuple[float, int, int, list[str]]] = []
    for text, i in ids.items():
        for cut in range(1, len(text)):
            left, right = text[:cut], text[cut:]
            if left in ids and right in ids:
                merges.append((-scores[i], ids[left], ids[right], [left, right]))
    return [pair for *_, pair in sorted(merges)]


_PAIRS: dict[str, Any] = {
    "type": "BPE",
    "dropout": None,
    "unk_token": None,
    "continuing_subword_prefix": None,
    "end_of_word_suffix": None,
    "fuse_unk": False,
    "byte_fallback": False,
}

_ENDS = {
    "<|im_end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<end_of_turn>",
    "</s>",
}
"""llama.cpp takes these for the end too, whatever the file names."""
