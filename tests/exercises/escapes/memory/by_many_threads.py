"""Wants 2 GB in stacks, each of which is small."""

import threading

threading.stack_size(32 << 20)


def fill():
    local = bytearray(16 << 20)
    for start in range(0, len(local), 4096):
        local[start] = 1
    threading.Event().wait()


for number in range(200):
    threading.Thread(target=fill, daemon=True).start()
raise ValueError("@REACHED@", number)
