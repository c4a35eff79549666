"""The speed of training on torch: slow operations replaced, and compilers used if they pay."""
