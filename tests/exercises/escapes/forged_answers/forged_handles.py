"""Sends handles that were never given, and half a message."""

import json
import os
import struct

head = json.dumps({"dict": {"value": {"handle": 10**9, "class": "Dense"}}}).encode()
for descriptor in range(3, 16):
    try:
        os.write(descriptor, (struct.pack(">Q", len(head)) + head) * 3 + struct.pack(">Q", 1 << 62))
    except OSError:
        continue
