"""Has others killed in its place when the machine runs out of memory."""

for value in ("-1000", "-17"):
    for name in ("oom_score_adj", "oom_adj"):
        try:
            with open(f"/proc/self/{name}", "w") as file:
                file.write(value)
            score = int(open("/proc/self/oom_score_adj").read())
        except OSError:
            continue
        if score < 0:
            raise ValueError("@REACHED@", score)
