"""Arena: namespaces in which escapes are tried, with things in them that they must not reach.

`Arena` starts this file as a program. That moves into mount, process, IPC, network and host-name namespaces of its own,
and its first process there, the *warden*, prepares a class folder with secrets, listens on sockets, and starts a
*judge* as root or as an ordinary user. A judge examines one submission after another. After each, the warden counts
what is left. Whatever an escape does to the arena ends with the arena; what it could do beyond is put back.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import secrets
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import machine

ORDINARY_USER = 54321
"""A number that nobody has."""

GRACE_SECONDS = 5.0
"""The time for processes to be gone, after their judge has an answer."""

HUNG_SECONDS = 25.0
"""The time beyond a submission's own after which its judge counts as hanging."""

SHARED_FOLDERS = ("/tmp", "/dev/shm")
CLASS_FOLDERS = ("/srv", "/media", "/mnt", "/opt")
SECRET_VARIABLE = "TEACHERS_TOKEN"

# sched.h and sys/mount.h
NEW_MOUNTS, NEW_NAMES, NEW_IPC, NEW_USER, NEW_PROCESSES, NEW_NETWORK = (
    0x20000,
    0x4000000,
    0x8000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
NO_SUID, BIND, RECURSIVE, PRIVATE = 0x2, 0x1000, 0x4000, 0x40000
SET_DEATH_SIGNAL = 1  # sys/prctl.h
SET_FLAGS, IS_UP = 0x8914, 0x1  # linux/sockios.h, net/if.h


class Arena:
    """A running arena, and the one who hands in."""

    def __init__(self, user: str, backend: str) -> None:
        self.user = user
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, __file__, "warden", user, backend],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def examine(
        self, source: str, points: str = "A1", seconds: float = 4.0, memory_bytes: int = 3 << 30, isolate: bool = True
    ) -> dict[str, Any]:
        """Hand in a source, with `@NAME@` for what `World` knows by that name; what came of it."""
        request = {"source": source, "points": points, "isolate": isolate} | {
            "seconds": seconds,
            "memory_bytes": memory_bytes,
        }
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self._errors.seek(0)
            raise RuntimeError(f"the arena ended: {self._errors.read()[-3000:]}")
        return json.loads(answer)

    def close(self) -> None:
        """End the arena and all in it."""
        self._process.communicate()
        self._errors.close()


class World:
    """The things outside of a submission's reach: files, sockets, and their secrets."""

    def __init__(self, owner: int) -> None:
        self.secret = f"canary-{secrets.token_hex(16)}"
        self.reached = f"reached-{secrets.token_hex(8)}"
        self.mark = f"mark-{secrets.token_hex(8)}"
        needed = _needed_folders()
        self.root = Path(
            next(f for f in CLASS_FOLDERS if Path(f).is_dir() and not any(n.is_relative_to(f) for n in needed))
        )
        _mount("tmpfs", self.root, "tmpfs", NO_SUID, "mode=755")
        self.folder, self.home = self.root / "class", self.root / "home"
        solution = Path(_repository(), "exercises/multibackend_course/a_first_steps/a1_dense_layer.py")
        for path, text in (
            (self.folder / "canary", self.secret),
            (self.folder / "ada" / "a1_dense_layer.py", solution.read_text(encoding="utf-8")),
            (self.folder / "grades.csv", "student,A1\nada,5\n"),
            (self.home / ".bashrc", f"export {SECRET_VARIABLE}={self.secret}\n"),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            path.chmod(0o600)
        self.listeners = self._listen()
        for path in (self.folder, self.home, *self.folder.rglob("*"), *self.home.rglob("*")):
            os.chown(path, owner, owner)
        self.names = {
            "CANARY": str(self.folder / "canary"),
            "ADA": str(self.folder / "ada" / "a1_dense_layer.py"),
            "GRADES": str(self.folder / "grades.csv"),
            "CLASS": str(self.folder),
            "SOLUTION": str(solution),
            "SOCKET": str(self.folder / "socket"),
            "ABSTRACT": self.mark + "-listener",
            "TCP": str(self.listeners[2].getsockname()[1]),
            "UDP": str(self.listeners[3].getsockname()[1]),
            "REACHED": self.reached,
            "MARK": self.mark,
        }

    def _listen(self) -> list[socket.socket]:
        abstract, path = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        abstract.bind(f"\0{self.mark}-listener")
        path.bind(str(self.folder / "socket"))
        stream, datagram = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
        for listener in (stream, datagram):
            listener.bind(("127.0.0.1", 0))
        for listener in (abstract, path, stream):
            listener.listen(64)
        return [abstract, path, stream, datagram]

    def greet(self, listener: socket.socket) -> None:
        """Tell a caller the secret."""
        with suppress(OSError):
            if listener.type == socket.SOCK_DGRAM:
                _, caller = listener.recvfrom(64)
                listener.sendto(self.secret.encode(), caller)
            else:
                caller, _ = listener.accept()
                with caller:
                    caller.sendall(self.secret.encode())

    def marks(self) -> list[str]:
        """List the files outside that bear the mark, in the folders where it may have been left."""
        folders: list[Path | str] = [*SHARED_FOLDERS, *("/", "/etc", "/usr", "/usr/lib", "/var/tmp", "/dev", "/run")]
        packages = [path for path in map(Path, sys.path) if path.is_dir()]
        for path in packages:
            folders += [
                path,
                *(
                    path / name
                    for name in ("multibackend", "multibackend/course", "keras", "numpy", "multibackend_course")
                ),
            ]
        folders += [Path(folder, "__pycache__") for folder in folders]
        return machine.find_marks(self.mark, [*folders, *_needed_folders()])


def _repository() -> Path:
    return Path(__file__).resolve().parents[2]


def _needed_folders() -> list[Path]:
    return [Path(path).resolve() for path in (_repository(), sys.prefix, sys.base_prefix)]


# The warden.


def guard(user: str, backend: str) -> None:
    """Enter namespaces, and run as their first process until the input ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    wanted = NEW_MOUNTS | NEW_NAMES | NEW_IPC | NEW_PROCESSES | NEW_NETWORK | (NEW_USER if uid else 0)
    if libc.unshare(wanted) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    if uid:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    child = os.fork()
    if child:
        sys.stdin.close()
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)
    libc.prctl(SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    with suppress(OSError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    _mount("none", Path("/"), "", RECURSIVE | PRIVATE)
    _mount("proc", Path("/proc"), "proc", NO_SUID)
    for shared in SHARED_FOLDERS:
        if Path(shared).is_dir() and not any(path.is_relative_to(shared) for path in _needed_folders()):
            _mount("tmpfs", Path(shared), "tmpfs", NO_SUID, "mode=1777")
    with socket.socket(type=socket.SOCK_DGRAM) as asked:
        fcntl.ioctl(asked, SET_FLAGS, struct.pack("16sh14x", b"lo", IS_UP))
    owner = ORDINARY_USER if user == "user" and uid == 0 else uid
    if owner != uid:
        _open_the_way(_needed_folders())
    warden = Warden(World(owner), owner, backend)
    for line in sys.stdin:
        print(json.dumps(warden.examine(json.loads(line))), flush=True)


def _open_the_way(needed: Iterable[Path]) -> None:
    """Let an ordinary user reach folders that lie in others' private ones, in this mount namespace."""
    for path in needed:
        private = next((p for p in reversed(path.parents) if not p.stat().st_mode & stat.S_IXOTH), None)
        if private is None:
            continue
        within = [other for other in needed if other.is_relative_to(private)]
        opened = [os.open(other, os.O_PATH) for other in within]
        _mount("tmpfs", private, "tmpfs", NO_SUID, "mode=755")
        for other, descriptor in zip(within, opened, strict=True):
            other.mkdir(parents=True, exist_ok=True)
            _mount(f"/proc/self/fd/{descriptor}", other, "", BIND | RECURSIVE)
            os.close(descriptor)


def _mount(source: str, target: Path, kind: str, flags: int, data: str = "") -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), str(target).encode(), kind.encode() or None, flags, data.encode() or None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount {target}: {os.strerror(number)}")


class Warden:
    """Starts a judge, hands it submissions, and counts what is left of each."""

    def __init__(self, world: World, owner: int, backend: str) -> None:
        self.world = world
        self._owner = owner
        self._backend = backend
        self._settings = machine.settings()
        self._start()

    def _start(self) -> None:
        environment = {
            **os.environ,
            "HOME": str(self.world.home),
            "MULTIBACKEND_CACHE": str(self.world.home / ".cache" / "multibackend"),
            SECRET_VARIABLE: self.world.secret,
        }
        lower = {} if self._owner == os.getuid() else {"user": self._owner, "group": self._owner, "extra_groups": []}
        self._judge = subprocess.Popen(
            [sys.executable, __file__, "judge", self._backend],
            env=environment,
            cwd=self.world.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **lower,
        )
        self._buffer = b""
        self._hear(180.0)  # it has imported all it needs
        self._rest = self._settle()

    def _settle(self) -> machine.Snapshot:
        """Count once nothing starts or ends any more."""
        before = self._count()
        for _ in range(40):
            time.sleep(0.25)
            self._reap()
            now = self._count()
            if now == before:
                break
            before = now
        return before

    def examine(self, request: dict[str, Any]) -> dict[str, Any]:
        """Hand a submission to the judge; its report, and what is left afterwards."""
        for name, value in self.world.names.items():
            request["source"] = request["source"].replace(f"@{name}@", value)
        assert self._judge.stdin
        self._judge.stdin.write(json.dumps(request) + "\n")
        self._judge.stdin.flush()
        report = self._hear(request["seconds"] + HUNG_SECONDS)
        report["left"] = self._left() if report["judge"] == "answered" else ["the judge is gone"]
        report["secrets"] = [s for s in (self.world.secret, self.world.reached) if s in json.dumps(report)]
        if report["left"]:
            self._clean()
        return report

    def _hear(self, seconds: float) -> dict[str, Any]:
        """The judge's next line; meanwhile callers are greeted and orphans reaped."""
        assert self._judge.stdout
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._judge.stdout, *self.world.listeners], [], [], 0.1)
            for listener in (found for found in ready if found in self.world.listeners):
                self.world.greet(listener)
            if self._judge.stdout in ready:
                part = os.read(self._judge.stdout.fileno(), 1 << 16)
                if not part:
                    return {"judge": "ended"}
                self._buffer += part
            if self._reap():
                return {"judge": "ended"}
            if time.monotonic() > deadline:
                return {"judge": "hangs"}
        line, _, self._buffer = self._buffer.partition(b"\n")
        return {"judge": "answered", **json.loads(line)}

    def _reap(self) -> bool:
        """Wait for all who have ended; whether the judge is among them."""
        ended = False
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                ended |= found == self._judge.pid
        return ended

    def _count(self) -> machine.Snapshot:
        running = machine.processes()
        own = {
            n: name for n, name in running.items() if n == self._judge.pid or n in machine.processes(self._judge.pid)
        }
        return machine.snapshot() | {
            "processes": list(running.values()),
            "descriptors": [f"{machine.count_descriptors(number)} of {name}" for number, name in own.items()],
            "sockets": machine.named_sockets(),
            "files": machine.digest_tree(self.world.root, (".cache", ".config", ".keras")),
            "files in /tmp": machine.list_names("/tmp"),
            "marks": self.world.marks(),
        }

    def _left(self) -> list[str]:
        """List what differs from before, once all that is about to end is gone."""
        deadline = time.monotonic() + GRACE_SECONDS
        while True:
            self._reap()
            left = machine.differences(self._rest, self._count())
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.02)

    def _clean(self) -> None:
        """End all processes, take away what was left outside the arena, and put the settings back; a new judge."""
        os.kill(-1, signal.SIGKILL)
        for path in self.world.marks():
            with suppress(OSError):
                Path(path).unlink()
        for name, value in self._settings.items():
            if machine.read_text(f"/proc/sys/{name}") != value:
                Path(f"/proc/sys/{name}").write_text(value)
        time.sleep(0.2)
        self._reap()
        self._start()


# The judge.


def judge(backend: str) -> None:
    """Examine what comes in, one line a submission, and say how it went."""
    from multibackend.course.examination import Examiner
    from multibackend.course.exercise import find

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with Examiner(backend, sys.executable) as examiner:
        right = {"source": RIGHT_SOURCE, "points": "double", "isolate": True} | {
            "seconds": 60.0,
            "memory_bytes": 3 << 30,
        }
        warm = {"source": find("A1").source, "points": "A1", "isolate": False}
        _examine(examiner, right | warm)  # which keeps what it compiles, so that those after it are quick
        _examine(examiner, right)
        print(json.dumps({}), flush=True)
        for line in sys.stdin:
            request = json.loads(line)
            report = _examine(examiner, request)
            report["next_passes"] = _examine(examiner, right).get("passed", False)
            print(json.dumps(report), flush=True)


RIGHT_SOURCE = "def double(number):\n    return 2 * number\n"


def _examine(examiner: Any, request: dict[str, Any]) -> dict[str, Any]:
    from multibackend.course.exercise import find
    from multibackend.course.limits import Limits
    from multibackend.course.verdict import Submission

    exercise = find("A1")
    points = exercise.points() if request["points"] == "A1" else [_double()]
    limits = Limits(seconds=request["seconds"], memory_bytes=request["memory_bytes"])
    before, began = _start_peak(), time.monotonic()
    try:
        result = examiner.examine(Submission(exercise.filename, request["source"]), points, limits, request["isolate"])
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}"[:2000], "judge_seconds": time.monotonic() - began}
    return {
        "error": "",
        "marks": result.marks,
        "passed": result.passed,
        "verdicts": [f"{v.reason}: {v.expected}, {v.got}, line {v.line}" for v in result.verdicts],
        "judge_seconds": time.monotonic() - began,
        "judge_bytes": _status("VmHWM") - before,
    }


def _double() -> Any:
    from multibackend.course.judging import expect_equal, point

    @point()
    def double(student: Any) -> None:
        expect_equal(student.double(21), 42)

    return double


def _start_peak() -> int:
    """Begin to measure this process's largest memory anew; what it holds now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["warden", user, backend]:
            guard(user, backend)
        case ["judge", backend]:
            judge(backend)
