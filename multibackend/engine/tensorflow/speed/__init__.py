"""The speed of training on TensorFlow: slow operations replaced, and compilers used if they pay."""
