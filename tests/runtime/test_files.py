"""How a file is replaced: whole or not at all, and nothing but files."""

import os
import stat

import pytest

from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.files import atomic_file, write_atomic


def test_links_are_followed_and_modes_are_kept(tmp_path):
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_atomic(link, b"new")
    assert link.is_symlink() and real.read_bytes() == b"new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    (tmp_path / "ahead.txt").symlink_to(tmp_path / "later.txt")  # to what is not there yet
    write_atomic(tmp_path / "ahead.txt", b"new")
    assert (tmp_path / "later.txt").read_bytes() == b"new"
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".txt"] * 4


def test_only_files_are_replaced(tmp_path):
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for path in (pipe, folder, "/dev/null"):
        with pytest.raises(RealSamError, match="is not a file that could be replaced"):
            write_atomic(path, b"new")
    assert stat.S_ISFIFO(pipe.stat().st_mode) and stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_what_breaks_off_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_file(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
