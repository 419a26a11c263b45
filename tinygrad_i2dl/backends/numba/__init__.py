"""Kernels that Numba compiles. Importing this package imports Numba: it is done on first use."""
