"""The filter's program, run here as the kernel runs it: what it allows and refuses on each machine."""

from __future__ import annotations

import struct

import pytest

from multibackend.course import seccomp

MACHINES = ("x86_64", "aarch64")
REFUSED = {
    "x86_64": {
        "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "ptrace": 101, "process_vm_readv": 310,
        "process_vm_writev": 311, "process_madvise": 440, "unshare": 272, "setns": 308, "mount": 165, "umount2": 166,
        "pivot_root": 155, "chroot": 161, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsmount": 432,
        "mount_setattr": 442, "shmget": 29, "shmat": 30, "semget": 64, "msgget": 68, "mq_open": 240,
        "memfd_create": 319,
        "memfd_secret": 447, "io_uring_setup": 425, "io_uring_enter": 426, "bpf": 321, "perf_event_open": 298,
        "add_key": 248, "request_key": 249, "keyctl": 250, "userfaultfd": 323, "pidfd_open": 434, "pidfd_getfd": 438,
        "pidfd_send_signal": 424, "inotify_init": 253, "inotify_init1": 294, "fanotify_init": 300,
        "name_to_handle_at": 303,
        "open_by_handle_at": 304, "setuid": 105, "setresuid": 117, "setgroups": 116, "capset": 126, "personality": 135,
        "modify_ldt": 154, "iopl": 172, "reboot": 169, "kexec_load": 246, "init_module": 175, "finit_module": 313,
        "settimeofday": 164, "sethostname": 170, "syslog": 103, "mknod": 133, "swapon": 167, "sync": 162, "acct": 163,
        "sched_setscheduler": 144, "kcmp": 312, "vmsplice": 278, "splice": 275, "seccomp": 317, "move_pages": 279,
        "migrate_pages": 256, "quotactl": 179, "lookup_dcookie": 212, "landlock_create": 444,
    },
    "aarch64": {
        "execve": 221, "execveat": 281, "ptrace": 117, "process_vm_readv": 270, "unshare": 97, "setns": 268,
        "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "shmget": 194, "memfd_create": 279, "bpf": 280,
        "perf_event_open": 241, "keyctl": 219, "userfaultfd": 282, "io_uring_setup": 425, "pidfd_getfd": 438,
        "inotify_init1": 26, "fanotify_init": 262, "open_by_handle_at": 265, "setuid": 146, "mknodat": 33,
    },
}  # fmt: skip


def run(machine, number, *arguments, audit=None):
    """The answer of a filter: the classic BPF of linux/filter.h, as far as it is used."""
    data = struct.pack("=IIQ6Q", number, audit or seccomp.AUDIT[machine], 0, *(*arguments, *[0] * 6)[:6])
    program = list(struct.iter_unpack("=HBBI", seccomp.write_filter(machine)))
    at, accumulator = 0, 0
    while True:
        code, yes, no, value = program[at]
        at += 1
        match code:
            case seccomp.LOAD:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case seccomp.RETURN:
                return value
            case seccomp.IF_EQUAL:
                at += yes if accumulator == value else no
            case seccomp.IF_AT_LEAST:
                at += yes if accumulator >= value else no
            case seccomp.IF_ANY:
                at += yes if accumulator & value else no


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_listed_is_allowed_and_nothing_else(machine):
    numbers = seccomp.allowed_calls(machine)
    assert len(set(numbers.values())) == len(numbers)
    conditional = {numbers[name] for name in ("clone", "socket", "prctl", "fcntl")}
    for number in range(seccomp.FIRST_UNKNOWN):
        if number in conditional or number in (seccomp.CLONE3, seccomp.FLOCK[machine]):
            continue
        expected = seccomp.ALLOW if number in numbers.values() else seccomp.NOT_PERMITTED
        assert run(machine, number) == expected, number


@pytest.mark.parametrize("machine", MACHINES)
def test_what_leads_out_or_lasts_is_refused(machine):
    for name, number in REFUSED[machine].items():
        assert name not in seccomp.allowed_calls(machine)
        assert run(machine, number) == seccomp.NOT_PERMITTED, name


@pytest.mark.parametrize("machine", MACHINES)
def test_threads_but_no_processes(machine):
    clone = seccomp.allowed_calls(machine)["clone"]
    assert run(machine, clone, 0x3D0F00) == seccomp.ALLOW, "glibc's flags for a thread"
    for flags in (17, 0x4111, 0x10000000 | 17, 0x20000 | 17, 0x01200011):
        assert run(machine, clone, flags) == seccomp.NOT_PERMITTED, hex(flags)
    assert run(machine, seccomp.CLONE3) == seccomp.NO_SUCH_CALL


@pytest.mark.parametrize("machine", MACHINES)
def test_sockets_of_namespaces_alone(machine):
    call = seccomp.allowed_calls(machine)["socket"]
    assert {family for family in range(64) if run(machine, call, family) == seccomp.ALLOW} == {1, 2, 10}


@pytest.mark.parametrize("machine", MACHINES)
def test_nothing_on_a_file_that_others_would_notice(machine):
    """Leases keep others waiting, locks are a channel, notices tell what others do."""
    fcntl = seccomp.allowed_calls(machine)["fcntl"]
    for command in (5, 6, 7, 8, 10, 36, 37, 38, 1024, 1025, 1026, 1031, 1033):
        assert run(machine, fcntl, 0, command) == seccomp.NOT_PERMITTED, command
    assert run(machine, fcntl, 0, 1030) == seccomp.ALLOW
    assert run(machine, seccomp.FLOCK[machine]) == seccomp.NO_SUCH_CALL


@pytest.mark.parametrize("machine", MACHINES)
def test_the_tie_to_the_warden_stays(machine):
    call = seccomp.allowed_calls(machine)["prctl"]
    for option in (1, 8, 10, 22, 24, 28, 31, 34, 35, 36, 43, 47, 53, 59, 0x59616D61):
        assert run(machine, call, option) == seccomp.NOT_PERMITTED, option
    assert run(machine, call, 15) == seccomp.ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_other_ways_to_call_the_kernel(machine):
    """32-bit calls have other numbers; x32's have a bit set; those that nobody knows yet don't exist."""
    assert run(machine, 11, audit=0x40000003) == seccomp.KILL
    assert run(machine, 1, audit=0x40000028) == seccomp.KILL
    for number in (0x40000000, 0x40000000 + 59, 0x40000000 + 520, 463, 1000, 0xFFFFFFFF):
        assert run(machine, number) == seccomp.NO_SUCH_CALL
    ioctl = seccomp.allowed_calls(machine)["ioctl"]
    assert run(machine, ioctl, 0, 0x5412) == run(machine, ioctl, 0, 0x541C) == seccomp.NOT_PERMITTED
    assert run(machine, ioctl, 0, 0x541B) == seccomp.ALLOW


def test_no_machine_without_a_list():
    with pytest.raises(KeyError):
        seccomp.write_filter("pdp11")
