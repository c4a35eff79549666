"""Says that nothing more will come, and listens no more, but holds on to the connection."""

import os
import socket
import time

for descriptor in range(3, 4096):
    try:
        socket.socket(fileno=os.dup(descriptor)).shutdown(socket.SHUT_RDWR)
    except OSError:
        continue
time.sleep(1e6)
