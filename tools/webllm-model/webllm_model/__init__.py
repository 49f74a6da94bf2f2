"""A WebLLM model from a Llama GGUF: weights, tokenizer and chat template converted, and a library compiled for its shape."""
