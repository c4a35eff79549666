"""`multibackend` with a course of two experiments, trained by `trainer.py`; SURVIVAL_SECONDS is every limit of time."""

import functools
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import multibackend.launch.loop
from multibackend.launch import child, probing, supervisor

TRAINER = str(Path(__file__).with_name("trainer.py"))
EXPERIMENTS = ("first", "second")

if __name__ == "__main__":
    course = ModuleType("exercises")
    course.CATALOGUE = {name: SimpleNamespace(title=name, module="exercises.it") for name in EXPERIMENTS}
    sys.modules["exercises"] = course
    seconds = float(os.environ["SURVIVAL_SECONDS"])
    supervisor.START_SECONDS = supervisor.END_SECONDS = seconds
    probing.PROBE_SECONDS = child.KEEPER_SECONDS = seconds
    multibackend.launch.loop.launch = functools.partial(multibackend.launch.loop.launch, worker_command=(TRAINER,))
    from multibackend.cli import main

    main(prog_name="multibackend")
