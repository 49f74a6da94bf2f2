"""RoPE's frequencies, as llama.cpp has them."""

import unittest

import numpy as np

from webllm_model.rope import inverse_frequencies


class FakeGguf:
    """What `inverse_frequencies` asks of a GgufFile."""

    def __init__(self, values: dict, factors: list[float] | None = None) -> None:
        self._values, self._factors = values, factors

    def value(self, key: str, fallback: object = None) -> object:
        return self._values.get(key, fallback)

    def has(self, name: str) -> bool:
        return name == "rope_freqs.weight" and self._factors is not None

    def tensor(self, name: str) -> np.ndarray:
        return np.array(self._factors, np.float32)


class FrequenciesTest(unittest.TestCase):
    def test_the_base(self) -> None:
        found = inverse_frequencies(FakeGguf({"llama.rope.freq_base": 100.0}), 4)
        np.testing.assert_allclose(found, [1, 0.1], rtol=1e-6)

    def test_linear_scaling(self) -> None:
        values = {"llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 4.0}
        np.testing.assert_allclose(inverse_frequencies(FakeGguf(values), 4), [0.25, 0.0025], rtol=1e-6)

    def test_linear_scaling_in_older_files(self) -> None:
        found = inverse_frequencies(FakeGguf({"llama.rope.scale_linear": 2.0}), 4)
        np.testing.assert_allclose(found, [0.5, 0.005], rtol=1e-6)

    def test_factors_of_each_pair(self) -> None:
        found = inverse_frequencies(FakeGguf({"llama.rope.freq_base": 100.0}, [1.0, 8.0]), 4)
        np.testing.assert_allclose(found, [1, 0.0125], rtol=1e-6)
