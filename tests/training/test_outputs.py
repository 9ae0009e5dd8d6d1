"""Where a run's files go: beside the checkpoint, never over earlier work, tried before step 1."""

import os

import pytest

from realsam_edu.runtime.errors import RealSamError
from realsam_edu.training.outputs import Outputs


def outputs(folder, name="v1.safetensors", **how) -> Outputs:
    return Outputs(folder / name, **how)


def files(one: Outputs) -> list:
    return [one.checkpoint, one.card, one.log, one.picture, one.resume_file]


def test_suffixes_are_appended_and_dots_stay(tmp_path):
    one, other = (outputs(tmp_path, f"sam_lr0.{i}.safetensors") for i in (1, 2))
    assert [path.name for path in files(one)] == [
        f"sam_lr0.1{end}" for end in (".safetensors", ".json", ".jsonl", ".png", ".resume")
    ]
    assert not set(files(one)) & set(files(other))


@pytest.mark.parametrize(
    "name", ["x.resume", "x", "sam_lr0.1", ".safetensors", "x.safetensors.bak"]
)
def test_a_checkpoint_is_called_safetensors(tmp_path, name):
    with pytest.raises(RealSamError, match=r"is no name for a checkpoint; choose one that ends in"):
        outputs(tmp_path, name)


@pytest.mark.parametrize("which", range(4))
def test_a_finished_run_is_replaced_on_request_only(tmp_path, which):
    there = files(outputs(tmp_path))[which]
    there.write_text("mine")
    with pytest.raises(
        RealSamError, match=rf"{there.name} is there already.*--resume.*--overwrite"
    ):
        outputs(tmp_path).claim()
    outputs(tmp_path, overwrite=True).claim()
    assert there.read_text() == "mine"  # a claim replaces nothing yet


def test_a_stopped_run_goes_on_or_is_begun_anew_on_request_only(tmp_path):
    waiting = outputs(tmp_path).resume_file
    waiting.write_text("mine")
    with pytest.raises(RealSamError, match=r"v1.resume; add --resume to go on.*--overwrite"):
        outputs(tmp_path).claim()
    outputs(tmp_path, resume=True).claim()
    outputs(tmp_path, overwrite=True).claim()
    outputs(tmp_path, "v2.safetensors").claim()  # of another run there is nothing


def test_places_that_cannot_be_written_are_found_out_before(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "v1.jsonl").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    os.symlink(tmp_path / "link.jsonl", tmp_path / "link.json")
    for name, says in (
        ("file/v1.safetensors", "Cannot write .*: (Not a directory|File exists); choose another"),
        ("v1.safetensors", "v1.jsonl is not a file that could be replaced"),
        ("pipe.safetensors", "pipe.json is not a file that could be replaced"),
        ("link.safetensors", r"link.json and .*link.jsonl are one file by a link; choose another"),
        ("x" * 250 + ".safetensors", "Cannot write .*: File name too long"),
    ):
        with pytest.raises(RealSamError, match=says):
            outputs(tmp_path, name, overwrite=True).claim()
    outputs(tmp_path, "new/folder/v1.safetensors").claim()
    assert not list((tmp_path / "new/folder").iterdir())  # tried, and nothing left there


def test_a_folder_without_permission_is_found_out_before(tmp_path, monkeypatch):
    def refused(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refused)  # root may write everywhere
    with pytest.raises(RealSamError, match="Permission denied; choose another name or folder"):
        outputs(tmp_path).claim()


def test_a_log_alone_needs_no_place_for_a_checkpoint(tmp_path):
    (tmp_path / "v1.safetensors").write_text("mine")
    outputs(tmp_path, keep_weights=False).claim()
    (tmp_path / "v1.jsonl").write_text("mine")
    with pytest.raises(RealSamError, match=r"v1\.jsonl is there already"):
        outputs(tmp_path, keep_weights=False).claim()
