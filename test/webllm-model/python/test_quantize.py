"""Weights in groups: what comes back is near what went in."""

import unittest

import numpy as np

from webllm_model.quantize import GROUP, dequantize, quantize


class QuantizeTest(unittest.TestCase):
    def test_no_weight_is_off_by_more_than_half_a_step(self) -> None:
        weights = np.random.default_rng(1).standard_normal((70, 96)).astype(np.float32)
        for bits in (4, 8):
            with self.subTest(bits=bits):
                quantized = quantize(weights, bits)
                half_step = np.repeat(quantized.scale, GROUP, axis=1) / 2
                off = np.abs(dequantize(quantized, bits) - weights)
                self.assertTrue((off <= half_step * 1.001 + 1e-7).all())

    def test_the_ends_of_a_group_come_back_as_they_were(self) -> None:
        weights = np.linspace(-3, 5, 2 * GROUP, dtype=np.float32).reshape(1, -1)
        back = dequantize(quantize(weights, 4), 4)
        self.assertAlmostEqual(back[0, 0], -3, places=5)
        self.assertAlmostEqual(back[0, -1], 5, places=5)

    def test_a_group_of_equal_weights_comes_back(self) -> None:
        weights = np.full((2, GROUP), 0.25, np.float32)
        np.testing.assert_array_equal(dequantize(quantize(weights, 4), 4), weights)

    def test_the_first_weight_is_in_the_lowest_bits(self) -> None:
        weights = np.zeros((1, GROUP), np.float32)
        weights[0, 1] = 15
        self.assertEqual(quantize(weights, 4).codes[0, 0], 15 << 4)

    def test_many_rows_are_as_few(self) -> None:
        weights = np.random.default_rng(2).standard_normal((9000, GROUP)).astype(np.float32)
        whole = quantize(weights, 8)
        np.testing.assert_array_equal(whole.codes[8000:8004], quantize(weights[8000:8004], 8).codes)
