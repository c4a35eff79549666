"""The speed of training on JAX: slow operations replaced, and compilers used if they pay."""
