"""Defines more than anyone compiles."""

source = "x = " + "(" * 150 + "1" + ")" * 150 + "\n"
exec("\n".join(f"def f{n}(): return [{n}, {n + 1}] * {n}" for n in range(2_000_000)))
