"""Sets the clock, and timers that end the judge's waiting."""

import ctypes
import time

libc = ctypes.CDLL(None, use_errno=True)
now = (ctypes.c_long * 2)(int(time.time()), 0)
done = [clock for clock in range(12) if libc.clock_settime(clock, now) == 0]
if libc.settimeofday(now, None) == 0 or libc.adjtimex((ctypes.c_long * 32)(0x8000)) == 0:
    done.append("adjtimex")
if done:
    raise ValueError("@REACHED@", done)
