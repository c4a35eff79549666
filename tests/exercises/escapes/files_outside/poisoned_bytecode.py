"""Leaves bytecode and start files for the next student's process to import."""

import importlib.util
import os
import site
import sys

import keras
import multibackend.course.host

left = []
for module in (multibackend.course.host, keras, os):
    try:
        path = importlib.util.cache_from_source(module.__file__)
        for name in (path + ".@MARK@", os.path.dirname(module.__file__) + "/@MARK@.py"):
            os.makedirs(os.path.dirname(name), exist_ok=True)
            open(name, "w").close()
            left.append(name)
    except OSError:
        continue
for folder in (*site.getsitepackages(), site.getusersitepackages(), sys.prefix, sys.base_prefix):
    for name in ("@MARK@.pth", "@MARK@sitecustomize.py"):
        try:
            open(os.path.join(folder, name), "w").close()
        except OSError:
            continue
        left.append(name)
if left:
    raise ValueError("@REACHED@", left)
