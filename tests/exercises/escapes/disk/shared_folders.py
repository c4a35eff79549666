"""Fills what others share: the folders for temporary files, shared memory, services' files."""

held = 0
for folder in ("/dev/shm", "/var/tmp", "/run", "/dev", "/", "/usr/tmp", "/var/lock", "@CLASS@", "/proc"):
    try:
        with open(f"{folder}/@MARK@", "wb") as file:
            for _ in range(15):
                held += file.write(bytes(1 << 20))
    except OSError:
        continue
if held > 128 << 20:
    raise ValueError("@REACHED@", held)
