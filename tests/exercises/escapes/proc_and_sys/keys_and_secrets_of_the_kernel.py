"""Reads what the kernel tells of others: addresses, keys, sockets, mounts, disks."""

told = []
for path, secret in (
    ("/proc/kallsyms", lambda text: any(line.split()[0].strip("0") for line in text.splitlines()[:50])),
    ("/proc/keys", lambda text: "_uid.0" in text),
    ("/proc/net/unix", lambda text: "@ABSTRACT@" in text),
    ("/proc/1/net/unix", lambda text: "@ABSTRACT@" in text),
    (
        "/proc/self/mountinfo",
        lambda text: "@CLASS@" in text or " / / " in text and "ext4" in text.split(" / / ")[1].splitlines()[0],
    ),
    ("/proc/cmdline", bool),
    ("/proc/modules", bool),
    ("/proc/partitions", bool),
    ("/proc/sysvipc/shm", lambda text: len(text.splitlines()) > 1),
    ("/proc/locks", bool),
    ("/proc/swaps", bool),
):
    try:
        text = open(path).read()
    except OSError:
        continue
    if secret(text):
        told.append(path)
if told:
    raise ValueError("@REACHED@", told)
