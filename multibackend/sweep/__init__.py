"""The sweep: every public class and function of Keras that computes, on all backends, forward and gradient.

`cases/` says what is run, as data; `execute` runs one case and `worker` all of a backend's, in its own process;
`judge` compares what they left, with NumPy alone; `known` holds what is known to differ, and `report` shows it.
"""
