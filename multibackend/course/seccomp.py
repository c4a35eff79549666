"""Seccomp: a filter of system calls, under which a process computes, and may start threads but no processes.

It is a list of what is allowed, `system_calls.csv`; whatever isn't there is refused: programs and processes, mounts and
namespaces, other processes' memory, and memory and queues that outlive a process or count as nobody's. The filter is a
program for the kernel's classic BPF, see seccomp(2) and linux/bpf_common.h; eight bytes an instruction.
"""

from __future__ import annotations

import csv
import platform
import struct
from collections.abc import Iterator
from importlib import resources

INSTRUCTION_BYTES = 8

LOAD, IF_EQUAL, IF_AT_LEAST, IF_ANY, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000  # linux/seccomp.h; an error's number is added to REFUSE
NOT_PERMITTED, NO_SUCH_CALL = REFUSE | 1, REFUSE | 38  # EPERM, ENOSYS
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT, THIRD_ARGUMENT = (
    0,
    4,
    16,
    24,
    32,
)  # offsets in struct seccomp_data

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""What linux/audit.h calls each machine."""

CLONE3 = 435
"""Its flags can't be read by a filter; it is said not to exist, upon which glibc uses clone."""

FIRST_UNKNOWN = 463
"""Of system calls newer than Linux 6.17; libraries fall back on others where these don't exist."""

THREAD = 0x10000  # CLONE_THREAD, linux/sched.h
FAMILIES = (1, 2, 10)
"""AF_UNIX, AF_INET and AF_INET6, which a namespace of its own keeps from everyone; AF_VSOCK or AF_ALG it doesn't."""

TERMINAL_INPUT = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX, which type into a terminal."""

BUFFER_SIZES = (7, 8, 32, 33)
"""SO_SNDBUF, SO_RCVBUF and what forces them: each socket may hold twice
net.core.wmem_max (4 MiB on Linux 6.18), which counts as nobody's."""

FILE_CONTROLS = (0, 1, 2, 3, 4, 1030, 1032)
"""fcntl(2): descriptors and their flags, and the size of a pipe. Not leases, locks and notices, which reach whoever
else has the file: a lease on a teacher's file keeps others waiting for 45 s."""

FLOCK = {"x86_64": 73, "aarch64": 32}
"""Said not to exist, upon which HDF5 does without."""

ARGUMENTS = {"ioctl": SECOND_ARGUMENT, "fcntl": SECOND_ARGUMENT, "setsockopt": THIRD_ARGUMENT}
"""Which argument decides, where it isn't the first."""

PROCESS_CONTROLS = (
    *(2, 3, 4, 15, 16, 21, 23, 29, 30, 38, 39, 41, 42),
    0x53564D41,
)
"""prctl(2): asking; dumpable, name, timer slack, no new privileges, huge pages; names for memory (PR_SET_VMA). Not
PR_SET_PDEATHSIG: the end of the process that guards it must stay its own."""

Rule = tuple[int, int, int, int]
"""A code, how many instructions to leave out if so and if not, and a value."""


def allowed_calls(machine: str) -> dict[str, int]:
    """The number of each allowed system call of a machine, by name.

    Raises:
        KeyError: no system calls are known of this machine.
    """
    text = resources.files("multibackend.course").joinpath("system_calls.csv").read_text(encoding="utf-8")
    return {row["name"]: int(row[machine]) for row in csv.DictReader(text.splitlines()) if row[machine]}


def write_filter(machine: str | None = None) -> bytes:
    """Write the filter's program for a machine, by default this one.

    Raises:
        KeyError: no system calls are known of this machine.
    """
    machine = machine or platform.machine()
    rules: list[Rule] = [
        (LOAD, 0, 0, ARCHITECTURE),
        *_unless(IF_EQUAL, AUDIT[machine], KILL),
        (LOAD, 0, 0, NUMBER),
        *_when(IF_EQUAL, CLONE3, NO_SUCH_CALL),
        *_when(IF_EQUAL, FLOCK[machine], NO_SUCH_CALL),
        *_when(IF_AT_LEAST, FIRST_UNKNOWN, NO_SUCH_CALL),  # x32's calls, from 0x40000000 on, too
    ]
    numbers = allowed_calls(machine)
    conditions = {
        "clone": [*_unless(IF_ANY, THREAD, NOT_PERMITTED)],
        "socket": [*_one_of(FAMILIES)],
        "prctl": [*_one_of(PROCESS_CONTROLS)],
        "fcntl": [*_one_of(FILE_CONTROLS)],
        "setsockopt": [rule for option in BUFFER_SIZES for rule in _when(IF_EQUAL, option, NOT_PERMITTED)],
        "ioctl": [rule for request in TERMINAL_INPUT for rule in _when(IF_EQUAL, request, NOT_PERMITTED)],
    }
    for name, condition in conditions.items():
        argument = ARGUMENTS.get(name, FIRST_ARGUMENT)
        body = [(LOAD, 0, 0, argument), *condition, (RETURN, 0, 0, ALLOW)]
        rules += [(IF_EQUAL, 0, len(body), numbers[name]), *body]
    for name, number in numbers.items():
        if name not in conditions:
            rules += _when(IF_EQUAL, number, ALLOW)
    rules.append((RETURN, 0, 0, NOT_PERMITTED))
    return b"".join(struct.pack("=HBBI", *rule) for rule in rules)


def _when(code: int, value: int, end: int) -> Iterator[Rule]:
    yield (code, 0, 1, value)
    yield (RETURN, 0, 0, end)


def _unless(code: int, value: int, end: int) -> Iterator[Rule]:
    yield (code, 1, 0, value)
    yield (RETURN, 0, 0, end)


def _one_of(values: tuple[int, ...]) -> Iterator[Rule]:
    for i, value in enumerate(values):
        yield (IF_EQUAL, len(values) - i, 0, value)
    yield (RETURN, 0, 0, NOT_PERMITTED)
