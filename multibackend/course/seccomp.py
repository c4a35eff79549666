"""Seccomp: a filter of system calls, under which a process can compute and start threads, but no processes.

`system_calls.csv` lists the calls that are allowed. All others are refused: programs and processes, mounts and
namespaces, other processes' memory, and memory and queues that outlive a process or count as nobody's. The filter is a
program for the kernel's classic BPF, eight bytes an instruction; see seccomp(2) and linux/bpf_common.h.
"""

from __future__ import annotations

import csv
import platform
import struct
from collections.abc import Iterator
from importlib import resources
from typing import NamedTuple

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
"""The number of each machine in linux/audit.h."""

CLONE3 = 435
"""The call clone3: a filter can't read its flags. It is reported as missing, and glibc then uses clone."""

FIRST_UNKNOWN = 463
"""The first call newer than Linux 6.17. Newer calls are reported as missing, and libraries then use older ones."""

THREAD = 0x10000  # CLONE_THREAD, linux/sched.h
FAMILIES = (1, 2, 10)
"""AF_UNIX, AF_INET and AF_INET6: its own namespace cuts these off from everyone. AF_VSOCK and AF_ALG it wouldn't."""

TERMINAL_INPUT = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX, which write into a terminal's input."""

BUFFER_SIZES = (7, 8, 32, 33)
"""SO_SNDBUF, SO_RCVBUF and the options that force them: with these, each socket could hold twice net.core.wmem_max
(4 MiB on Linux 6.18) of memory that counts as nobody's."""

FILE_CONTROLS = (0, 1, 2, 3, 4, 1030, 1032)
"""Commands of fcntl(2) that are allowed: descriptors and their flags, and the size of a pipe. Leases, locks and notices
are refused, since they reach others who have the file: a lease on a teacher's file keeps others waiting for 45 s."""

FLOCK = {"x86_64": 73, "aarch64": 32}
"""The call flock: it is reported as missing, and HDF5 then works without it."""

ARGUMENTS = {"ioctl": SECOND_ARGUMENT, "fcntl": SECOND_ARGUMENT, "setsockopt": THIRD_ARGUMENT}
"""The argument that decides, where it isn't the first."""

PROCESS_CONTROLS = (
    *(2, 3, 4, 15, 16, 21, 23, 29, 30, 38, 39, 41, 42),
    0x53564D41,
)
"""Options of prctl(2) that are allowed: all that only ask; dumpable, name, timer slack, no new privileges, huge pages;
names for memory (PR_SET_VMA). PR_SET_PDEATHSIG is refused: a submission must always end with its warden."""


class Rule(NamedTuple):
    """An instruction: a code, the instructions to skip if it holds and if it doesn't, and a value."""

    code: int
    skip_if: int
    skip_else: int
    value: int


def allowed_calls(machine: str) -> dict[str, int]:
    """Return the number of each allowed system call of a machine, by name.

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
        Rule(LOAD, 0, 0, ARCHITECTURE),
        *_unless(IF_EQUAL, AUDIT[machine], KILL),
        Rule(LOAD, 0, 0, NUMBER),
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
        body = [Rule(LOAD, 0, 0, argument), *condition, Rule(RETURN, 0, 0, ALLOW)]
        rules += [Rule(IF_EQUAL, 0, len(body), numbers[name]), *body]
    for name, number in numbers.items():
        if name not in conditions:
            rules += _when(IF_EQUAL, number, ALLOW)
    rules.append(Rule(RETURN, 0, 0, NOT_PERMITTED))
    return b"".join(struct.pack("=HBBI", *rule) for rule in rules)


def _when(code: int, value: int, end: int) -> Iterator[Rule]:
    yield Rule(code, 0, 1, value)
    yield Rule(RETURN, 0, 0, end)


def _unless(code: int, value: int, end: int) -> Iterator[Rule]:
    yield Rule(code, 1, 0, value)
    yield Rule(RETURN, 0, 0, end)


def _one_of(values: tuple[int, ...]) -> Iterator[Rule]:
    for i, value in enumerate(values):
        yield Rule(IF_EQUAL, len(values) - i, 0, value)
    yield Rule(RETURN, 0, 0, NOT_PERMITTED)
