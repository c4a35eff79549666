"""Computes in one step of Python's that nothing interrupts."""

import re

re.match(r"(a+)+$", "a" * 64 + "b")
9**9**9
