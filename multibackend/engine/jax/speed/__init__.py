"""What makes training on JAX fast: slow operations replaced, and compilers used where they pay."""
