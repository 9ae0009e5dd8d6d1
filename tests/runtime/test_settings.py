"""What a machine can do, and what its terminal can show."""

import io
import os
import signal
import sys
from pathlib import Path

import pytest
import torch

from realsam_edu.runtime import settings
from realsam_edu.runtime.errors import RealSamError


@pytest.fixture
def says_nothing(monkeypatch):
    """A processor of which torch knows nothing good."""
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False)
    return monkeypatch


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16 amx_tile", True),
        ("flags\t\t: fpu amx_bf16", True),
        ("Features\t: fp asimd bf16 i8mm", True),  # ARM
        ("flags\t\t: fpu avx2 avx512f", False),
        ("", False),
    ],
)
def test_bf16_units_of_a_processor(says_nothing, tmp_path, line, expected):
    (tmp_path / "cpuinfo").write_text(f"model name : some processor\n{line}\n")
    says_nothing.setattr(settings, "CPUINFO", tmp_path / "cpuinfo")
    assert settings.has_bf16(torch.device("cpu")) is expected


def test_bf16_units_where_nobody_lists_them(says_nothing, tmp_path):
    says_nothing.setattr(settings, "CPUINFO", tmp_path / "none")
    assert settings.has_bf16(torch.device("cpu")) is False
    says_nothing.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    assert settings.has_bf16(torch.device("cpu")) is True


def test_bf16_units_of_a_graphics_card(monkeypatch):
    asked = {}
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **how: asked.update(how) or False)
    assert settings.has_bf16(torch.device("cuda", 1)) is False
    assert asked == {"including_emulation": False}


@pytest.mark.parametrize("name", ["cpu", "CPU", "cpu:0"])
def test_a_device_by_its_names(name):
    assert settings.pick_device(name).type == "cpu"


def test_one_of_several_cards(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert settings.pick_device("cuda:1") == torch.device("cuda", 1)
    assert settings.pick_device().type == "cuda"
    for name in ("cuda:2", "cuda:", "cuda:-1", "cuda:one", "gpu", "", "cpu:1"):
        with pytest.raises(RealSamError, match="choose one of"):
            settings.pick_device(name)


def test_a_data_folder_in_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv("REALSAM_DATA", "~/sam")
    assert settings.data_dir() == Path("/somewhere/sam")


@pytest.mark.parametrize("name", settings.STOPS)
def test_a_signal_to_stop_is_a_flag_and_a_second_one_acts(name):
    number, heard = getattr(signal, name), []
    before = signal.signal(number, lambda *_: heard.append(name))
    try:
        with settings.interrupt_flag() as flag:
            os.kill(os.getpid(), number)
            assert flag.is_set() and not heard
            os.kill(os.getpid(), number)
            assert heard == [name]
        os.kill(os.getpid(), number)
        assert heard == [name, name]
    finally:
        signal.signal(number, before)


def test_ctrl_c_is_heard_where_a_script_started_it_in_the_background():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with settings.interrupt_flag() as flag:
            os.kill(os.getpid(), signal.SIGINT)
            assert flag.is_set()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with settings.interrupt_flag() as flag:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not flag.is_set()
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_terminal_shows_what_it_can(encoding, monkeypatch):
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding=encoding))
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw
    settings.show_anything()
    print("a – b ✓", flush=True)
    assert shown.getvalue() == b"a ? b ?\n"
