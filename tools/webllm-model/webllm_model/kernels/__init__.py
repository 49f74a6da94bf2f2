"""Kernels of our own, written in TVM's script language. `software` in a name: for adapters that compute on the CPU."""
