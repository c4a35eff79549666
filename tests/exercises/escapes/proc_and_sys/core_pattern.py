"""Writes the kernel's settings: what it starts when a process crashes, and the like."""

written = []
for name in (
    "kernel/core_pattern",
    "kernel/modprobe",
    "kernel/randomize_va_space",
    "kernel/sysrq",
    "vm/swappiness",
    "kernel/panic",
    "fs/suid_dumpable",
    "vm/overcommit_memory",
    "kernel/hostname",
    "kernel/domainname",
    "kernel/shmmax",
    "net/ipv4/ip_forward",
):
    try:
        with open(f"/proc/sys/{name}") as file:
            value = file.read()
        with open(f"/proc/sys/{name}", "w") as file:
            file.write(value)  # what it was: to be allowed is enough
    except OSError:
        continue
    written.append(name)
if written:
    raise ValueError("@REACHED@", written)
