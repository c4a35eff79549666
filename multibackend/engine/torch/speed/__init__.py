"""What makes training on torch fast: slow operations replaced, and compilers used where they pay."""
