"""Isolation shows and hides the right folders, on trees and mounts as a machine may have them."""

from __future__ import annotations

from multibackend.course.examiner import _list_hidden
from multibackend.course.root_folder import mounts_below

COURSES = ("one_course", "another_course")

MOUNTINFO = """\
21 1 254:0 / / rw - ext4 /dev/vda rw
30 21 0:30 / /tmp rw - tmpfs tmp rw
31 30 0:31 / /tmp/.mount_image rw - fuse image rw
40 30 0:40 / /tmp rw - tmpfs tmpfs rw
41 40 0:41 / /tmp/tmp rw - tmpfs tmpfs rw
42 40 254:0 /usr /tmp/usr rw - ext4 /dev/vda rw
43 42 0:43 / /tmp/usr/with\\040space rw - tmpfs tmpfs rw
"""


def test_mounts_that_the_new_root_covers_are_left_alone(tmp_path):
    """Such as a program image's, which can't be reached any more."""
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTINFO)
    found = [str(place) for place in mounts_below(type(path)("/tmp"), path)]
    assert found == ["/tmp/tmp", "/tmp/usr", "/tmp/usr/with space"]


def test_solutions_are_hidden_wherever_they_are_installed(tmp_path):
    """So are those of another installation, and all that is installed where this Python doesn't look."""
    ours, users, others = (tmp_path / name for name in ("v/lib/python3.11/site-packages", "u", "o"))
    base = tmp_path / "base/lib/python3.11/site-packages"
    for folder in (ours, users, base, others):
        for course in COURSES:
            (folder / course).mkdir(parents=True)
    shown = [tmp_path / "v/lib", ours, users, tmp_path / "base/lib"]
    hidden = set(_list_hidden(shown, [str(ours), str(users)], COURSES))
    assert {base, *(folder / course for folder in (ours, users) for course in COURSES)} <= hidden
    assert not {ours, users, tmp_path / "v/lib"} & hidden
