"""The sweep: every public class and function of Keras that computes, on all backends, forward and gradient.

`cases/` lists what is run, as data. `execute` runs one case with a runner of `runners`, and `worker` runs all cases of
a backend in its own process. `judge` compares the results with NumPy alone. `known` holds the known divergences, and
`report` shows the findings.
"""
