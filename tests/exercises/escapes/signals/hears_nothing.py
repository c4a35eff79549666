"""Ignores, blocks and handles every signal, and computes for ever."""

import signal
import threading

for number in range(1, 65):
    for handler in (lambda *_: None, signal.SIG_IGN):
        try:
            signal.signal(number, handler)
        except (OSError, ValueError):
            continue
signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.valid_signals()))
signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
for _ in range(4):
    threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()
while True:
    pass
