"""Reads how the examiner was started, and by whom."""

import getpass
import os
import socket
import sys

said = {"argv": sys.orig_argv, "name": socket.gethostname(), "folder": os.getcwd(), "path": sys.path}
for name, ask in (("user", getpass.getuser), ("login", os.getlogin), ("group", os.getgroups)):
    try:
        said[name] = ask()
    except Exception:
        continue
if "@CLASS@" in str(said) or 0 in said.get("group", []):
    raise ValueError("@REACHED@", said)
