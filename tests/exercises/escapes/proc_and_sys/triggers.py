"""Opens what makes the kernel do something: restart, load, register, write into devices."""

import os

opened = []
for path in (
    "sysrq-trigger",
    "sys/fs/binfmt_misc/register",
    "mtrr",
    "acpi/wakeup",
    "irq/default_smp_affinity",
    "irq/1/smp_affinity",
    "scsi/scsi",
    "fs/nfsd",
    "kmsg",
    "kcore",
    "driver/rtc",
    "pressure/memory",
    "timer_list",
    "sched_debug",
    "slabinfo",
    "vmallocinfo",
    "kpagecount",
    "kpageflags",
):
    try:
        opened.append(os.open(f"/proc/{path}", os.O_WRONLY))
    except OSError:
        continue
for path in ("kcore", "kmsg", "kpageflags", "vmallocinfo", "slabinfo"):
    try:
        opened.append(os.open(f"/proc/{path}", os.O_RDONLY | os.O_NONBLOCK))
    except OSError:
        continue
if opened:
    raise ValueError("@REACHED@", [os.readlink(f"/proc/self/fd/{number}") for number in opened])
