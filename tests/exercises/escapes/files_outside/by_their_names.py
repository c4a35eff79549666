"""Opens what it knows the names of: another's answer, the reference, the teacher's files."""

import glob
import os

for path in ("@ADA@", "@SOLUTION@", *glob.glob("@CLASS@/**/*.py", recursive=True)):
    if os.path.exists(path):
        exec(open(path).read(), globals())
for path in ("@CANARY@", os.path.expanduser("~/.bashrc"), "@CLASS@/../home/.bashrc"):
    if os.path.exists(path):
        raise ValueError(open(path).read())
