"""SentencePiece's scores as merges."""

import unittest

from webllm_model.tokenizer import CONTROL, NORMAL, merges_of


class MergesTest(unittest.TestCase):
    def test_a_higher_score_comes_first(self) -> None:
        tokens = ["a", "b", "c", "ab", "bc", "abc"]
        scores = [-9.0, -9.0, -9.0, -2.0, -1.0, -3.0]
        merges = merges_of(tokens, [NORMAL] * 6, scores)
        self.assertEqual(merges[:2], [["b", "c"], ["a", "b"]])

    def test_every_way_to_cut_a_token_in_two_tokens_is_a_merge(self) -> None:
        tokens = ["a", "b", "c", "ab", "bc", "abc"]
        merges = merges_of(tokens, [NORMAL] * 6, [0.0] * 6)
        self.assertIn(["ab", "c"], merges)
        self.assertIn(["a", "bc"], merges)

    def test_marks_are_never_put_together_of_letters(self) -> None:
        tokens = ["<", "s>", "<s>"]
        self.assertEqual(merges_of(tokens, [NORMAL, NORMAL, CONTROL], [0.0] * 3), [])
