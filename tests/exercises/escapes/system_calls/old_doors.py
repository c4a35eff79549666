"""Knocks at calls that no answer to an exercise needs, with arguments that do nothing."""

import ctypes
import errno
import platform

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
if platform.machine() != "x86_64":
    raise SystemExit
doors = {
    "modify_ldt": 154,
    "uselib": 134,
    "personality": 135,
    "ustat": 136,
    "sysfs": 139,
    "vhangup": 153,
    "_sysctl": 156,
    "adjtimex": 159,
    "acct": 163,
    "settimeofday": 164,
    "swapon": 167,
    "swapoff": 168,
    "sethostname": 170,
    "setdomainname": 171,
    "iopl": 172,
    "ioperm": 173,
    "create_module": 174,
    "init_module": 175,
    "delete_module": 176,
    "quotactl": 179,
    "lookup_dcookie": 212,
    "remap_file_pages": 216,
    "clock_settime": 227,
    "mq_open": 240,
    "kexec_load": 246,
    "migrate_pages": 256,
    "vmsplice": 278,
    "move_pages": 279,
    "name_to_handle_at": 303,
    "clock_adjtime": 305,
    "finit_module": 313,
    "kexec_file_load": 320,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "quotactl_fd": 443,
    "process_mrelease": 448,
    "statmount": 457,
    "listmount": 458,
    "shmget": 29,
    "semget": 64,
    "msgget": 68,
    "syslog": 103,
    "chroot": 161,
    "mount": 165,
    "umount2": 166,
    "pivot_root": 155,
    "unshare": 272,
    "setns": 308,
    "open_tree": 428,
    "move_mount": 429,
    "mount_setattr": 442,
    "mknod": 133,
    "seccomp": 317,
}
harmless = {"personality": 0xFFFFFFFF, "iopl": 99, "unshare": -1, "shmget": 1, "syslog": 99}
let_in = []
for name, number in doors.items():
    if name == "vhangup":
        continue
    first = harmless.get(name, -1)
    ctypes.set_errno(0)
    answer = libc.syscall(
        number, first, ctypes.c_long(-1), ctypes.c_long(-1), ctypes.c_long(-1), ctypes.c_long(-1), ctypes.c_long(-1)
    )
    if answer >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        let_in.append(name)
if let_in:
    raise ValueError("@REACHED@", let_in)
