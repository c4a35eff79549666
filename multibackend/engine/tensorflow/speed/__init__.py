"""What makes training on TensorFlow fast: slow operations replaced, and compilers used where they pay."""
