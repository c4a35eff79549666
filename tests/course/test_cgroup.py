"""Control groups on a tree as the kernel shows it; that the kernel then holds the bounds is its own affair."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from multibackend.course.cgroup import SHARED_BYTES, make_group
from multibackend.course.limits import Limits

FILES = ("memory.max", "memory.swap.max", "pids.max", "cgroup.procs", "cgroup.kill")


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A mounted tree whose user's own group, `user/session`, can't be divided, while `user` can."""
    root = tmp_path / "cgroup"
    (root / "user" / "session").mkdir(parents=True)
    for folder, controllers in (("", "cpu memory pids"), ("user", "memory pids"), ("user/session", "")):
        (root / folder / "cgroup.subtree_control").write_text(controllers + "\n")
    made = os.mkdir

    def mkdir(path, *rest, **more):
        made(path, *rest, **more)
        for name in FILES:
            Path(path, name).touch()

    monkeypatch.setattr(os, "mkdir", mkdir)
    mountinfo, own = tmp_path / "mountinfo", tmp_path / "own"
    mountinfo.write_text(
        "21 26 0:19 / /sys rw,nosuid - sysfs sysfs rw\n"
        f"30 21 0:26 / {root} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
    )
    own.write_text("1:name=systemd:/x\n0::/user/session\n")
    return root, str(mountinfo), str(own)


def test_the_nearest_group_that_can_be_divided_is(tree):
    root, mountinfo, own = tree
    group = make_group(Limits(memory_bytes=1 << 30, threads=99), mountinfo, own)
    (folder,) = [path for path in (root / "user").iterdir() if path.name.startswith("multibackend-")]
    assert (folder / "memory.max").read_text() == str((1 << 30) + SHARED_BYTES)
    assert (folder / "memory.swap.max").read_text() == "0"
    assert (folder / "pids.max").read_text() == "99"
    group.join()
    assert (folder / "cgroup.procs").read_text() == "0", "this process, in the kernel's words"
    group.kill()
    assert (folder / "cgroup.kill").read_text() == "1"
    for name in FILES:
        (folder / name).unlink()
    group.remove()
    assert not folder.exists()


def test_none_where_none_may_be_divided(tree):
    root, mountinfo, own = tree
    for folder in ("", "user"):
        (root / folder / "cgroup.subtree_control").write_text("cpu\n")
    assert make_group(Limits(), mountinfo, own) is None


def test_none_of_version_1_or_of_another_system(tmp_path, tree):
    _, _, own = tree
    first = tmp_path / "version-1"
    first.write_text("30 21 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n")
    assert make_group(Limits(), str(first), own) is None
    assert make_group(Limits(), str(tmp_path / "absent"), own) is None
