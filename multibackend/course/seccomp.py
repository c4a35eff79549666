"""Seccomp: a filter of system calls, by which a process may start threads but no processes.

A program for the kernel's classic BPF, see seccomp(2) and linux/bpf_common.h; eight bytes an instruction.
"""

from __future__ import annotations

import platform
import struct

INSTRUCTION_BYTES = 8

LOAD, IF_EQUAL, IF_AT_LEAST, IF_ANY, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000  # linux/seccomp.h; an error's number is added to REFUSE
EPERM, ENOSYS = 1, 38
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
CLONE_THREAD = 0x10000
FOREIGN_CALLS = 0x40000000  # x32's on x86_64

# Of each machine: audit's name, fork, vfork, execve, execveat and ptrace (where there are), clone, clone3.
CALLS = {
    "x86_64": (0xC000003E, (57, 58, 59, 322, 101), 56, 435),
    "aarch64": (0xC00000B7, (221, 281, 117), 220, 435),
}


def forbid_processes() -> bytes:
    """The filter's program: new processes and programs are refused with EPERM, threads and all else allowed.

    clone3's flags can't be read by a filter; it is said not to exist, upon which glibc uses clone.

    Raises:
        KeyError: no system calls are known of this machine.
    """
    audit, refused, clone, clone3 = CALLS[platform.machine()]
    rules = [
        (LOAD, "", "", ARCHITECTURE),
        (IF_EQUAL, "", "kill", audit),
        (LOAD, "", "", NUMBER),
        (IF_AT_LEAST, "refuse", "", FOREIGN_CALLS),
        *((IF_EQUAL, "refuse", "", number) for number in refused),
        (IF_EQUAL, "absent", "", clone3),
        (IF_EQUAL, "", "allow", clone),
        (LOAD, "", "", FIRST_ARGUMENT),
        (IF_ANY, "allow", "refuse", CLONE_THREAD),
    ]
    ends = {"refuse": REFUSE | EPERM, "absent": REFUSE | ENOSYS, "allow": ALLOW, "kill": KILL}
    at = {"": 0} | {name: len(rules) + i for i, name in enumerate(ends)}
    program = b""
    for i, (code, yes, no, value) in enumerate(rules):
        jumps = [at[name] - i - 1 if name else 0 for name in (yes, no)]
        program += struct.pack("=HBBI", code, *jumps, value)
    return program + b"".join(struct.pack("=HBBI", RETURN, 0, 0, value) for value in ends.values())
