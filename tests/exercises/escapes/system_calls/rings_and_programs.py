"""Uses the kernel's own engines: rings of requests, programs, counters."""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
calls = {
    "io_uring_setup": (425, 8, ctypes.create_string_buffer(120)),
    "bpf": (321, 0, (ctypes.c_uint32 * 32)(2, 4, 8, 1), 72),
    "bpf program": (321, 5, (ctypes.c_uint64 * 16)(1), 72),
    "perf_event_open": (298, (ctypes.c_uint32 * 32)(1, 128), 0, -1, -1, 0),
    "perf_event_open of all": (298, (ctypes.c_uint32 * 32)(1, 128), -1, 0, -1, 0),
    "userfaultfd": (323, 0),
    "userfaultfd of users": (323, 1),
    "memfd_create": (319, b"m", 0),
    "memfd_secret": (447, 0),
    "inotify_init": (253,),
    "inotify_init1": (294, 0),
    "fanotify_init": (300, 0, 0),
    "landlock_create_ruleset": (444, None, 0, 1),
    "lsm_list_modules": (461, (ctypes.c_uint64 * 8)(), (ctypes.c_uint32 * 2)(64), 0),
}
done = [name for name, call in calls.items() if libc.syscall(*call) >= 0]
if done:
    raise ValueError("@REACHED@", done)
