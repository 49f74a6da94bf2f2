"""What a compiled library depends on, and nothing else does: the same shape is served by the same library."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Shape:
    """A model of the Llama architecture. RoPE's frequencies are no part of it: they are weights here."""

    hidden: int
    """Width of the residual stream."""
    inter: int
    """Width of the feed-forward part."""
    layers: int
    heads: int
    kv_heads: int
    """Heads of keys and of values; each serves heads / kv_heads query heads."""
    head_dim: int
    rotary_dim: int
    """Of a head's dimensions, how many RoPE turns; the others are left as they are."""
    vocab: int
    eps: float
    """Of the RMS norms."""
    tied: bool
    """Whether the embedding is the output matrix too."""
    bits: int
    """Of a weight in the layers' matrices: 4 or 8, or 0 for float32."""
    embed_bits: int
    """The same for the embedding and the output matrix."""

    @staticmethod
    def parse(values: dict[str, Any]) -> "Shape":
        """From JSON; what is missing or unknown raises TypeError."""
        return Shape(**values)

    def as_json(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}
