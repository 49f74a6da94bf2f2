"""A GGUF, in one file or several: metadata by key, tensors as float32."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np
from gguf import GGUFReader, dequantize


class GgufFile:
    """What is read of a model's files. Tensors are read from the disk when they are asked for."""

    def __init__(self, paths: Iterable[str]) -> None:
        readers = [GGUFReader(path) for path in paths]
        self._fields = readers[0].fields
        self._tensors = {tensor.name: tensor for reader in readers for tensor in reader.tensors}

    def value(self, key: str, fallback: Any = None) -> Any:
        """A metadata value as Python's own types: a list for an array; `fallback` where there is none."""
        return self._fields[key].contents() if key in self._fields else fallback

    def has(self, name: str) -> bool:
        """Whether there is a tensor of that name."""
        return name in self._tensors

    def tensor(self, name: str) -> np.ndarray:
        """A tensor as float32, rows first, whatever it is stored as."""
        found = self._tensors[name]
        return dequantize(found.data, found.tensor_type).astype(np.float32)
