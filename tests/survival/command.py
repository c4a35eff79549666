"""`multibackend` with a course of two experiments, trained by `trainer.py`; SURVIVAL_SECONDS is every limit of time."""

import functools
import os
from pathlib import Path

import multibackend.experiments.catalogue
from multibackend.experiments.course import Course, CourseExperiment
from multibackend.experiments.registry import Registry
from multibackend.launch import child, pool, probing, supervisor

TRAINER = str(Path(__file__).with_name("trainer.py"))
EXPERIMENTS = ("first", "second")

if __name__ == "__main__":
    course = Course("A course", {name: CourseExperiment("fake_course", name, name) for name in EXPERIMENTS})
    multibackend.experiments.catalogue.read_registry = lambda: Registry((course,), ())
    seconds = float(os.environ["SURVIVAL_SECONDS"])
    supervisor.START_SECONDS = supervisor.END_SECONDS = seconds
    probing.PROBE_SECONDS = child.KEEPER_SECONDS = seconds
    pool.start_worker = functools.partial(pool.start_worker, worker_command=(TRAINER,))
    from multibackend.cli import main

    main(prog_name="multibackend")
