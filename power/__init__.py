"""Power: a study of what the comparison finds. It plants faults, trains clean runs, and scores what is found.

| command, from the repository's root | what it does |
|---|---|
| `python -m power` | train every fault and every clean run, compare, write docs/power.md: 17 minutes on two cores |
| `python -m power NAME... --output FOLDER` | only these faults of `faults.toml`; print the page, write no file of it |
| `python -m power.reduce_all` | reduce every fault to a script; append to runs/reduced/reduced.jsonl |
| `KERAS_BACKEND=B python -m power.undone` | show as JSON what each fault changes of Keras' code, and what it leaves |
| `multibackend parity power/corpus.py:NAME` | compare one fault, or `clean-MODEL`, as any other experiment |

`MULTIBACKEND_PYTHON` names the interpreters of the backends; this package is not installed.

`faults.toml` is the table of faults: what each is, and where it must be found (`table.py`). `forward.py`,
`gradients.py`, `updates.py` and `saving.py` hold the faults, and `planting.py` plants and undoes them. `zoo.py` and
`samples.py` hold the models and their data; `corpus.py` makes experiments of models and faults. `study.py` trains and
compares, `lending.py` saves trainings that a fault doesn't touch, `score.py` scores, `page.py` writes the page.
`numerical_test.py` is Keras' own test, for comparison. `convergence.py` and `planted.py` hold the small experiments
that `tests/` trains.
"""
