"""Files of documents: every public schema, what is wrong told in one sentence, and downloads."""

import dataclasses
import gzip
import io
import json
import random

import datasets
import pyarrow as pa
import pyarrow.parquet
import pytest

from realsam_edu.runtime import files
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.text import corpora
from realsam_edu.text import formats as records
from realsam_edu.text.public_sets import HUB, PUBLIC_SETS

STORY = "Once there was a cat. The cat ran!"


def encoded(file, rows) -> bytes:
    if file.endswith(".parquet"):
        data = io.BytesIO()
        pyarrow.parquet.write_table(pa.Table.from_pylist(rows), data)
        return data.getvalue()
    if file.endswith(".json"):
        return json.dumps(rows).encode()
    lines = "\n\n".join(map(json.dumps, rows)).encode()
    return gzip.compress(lines, mtime=0) if file.endswith(".gz") else lines


def one_sentence(error) -> str:
    text = str(error.value)
    assert text.endswith(".") and "\n" not in text
    return text


# --- reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [*range(13, 20), 2**20])
def test_text_between_markers(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(files, "CHUNK", chunk)  # a marker, a letter, a line end may be cut
    file = tmp_path / "a.txt"
    end = "<|endoftext|>"
    file.write_bytes(f"{end}Äß one.\r\n\r\nTwo.\n{end}\n\n{end} ö three ".encode())
    assert list(records.texts(file)) == ["Äß one.\n\nTwo.", "ö three"]


def test_text_between_empty_lines(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("One\ngoes on.\n\n \nTwo.\n")
    assert list(records.texts(file)) == ["One\ngoes on.", "Two."]


def test_a_document_without_end_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "LONGEST", 100)
    file = tmp_path / "a.txt"
    file.write_text("word " * 1000)
    assert max(map(len, records.texts(file))) <= 100


@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "json", "parquet"])
def test_all_kinds_of_records(tmp_path, kind):
    rows, file = [{"text": STORY}, {"text": "ä"}], tmp_path / f"a.{kind}"
    file.write_bytes(encoded(file.name, rows))
    got = list(records.rows(file, ("text",)))
    assert [record["text"] for _, record in got] == [STORY, "ä"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"", "a.txt is empty"),
        ("a.txt", b" \n ", "a.txt is empty"),
        ("a.txt", b"one\ntwo\0", "a.txt, line 2: this is not UTF-8 text"),
        ("a.txt", b"one\n\ntwo \xff", "a.txt, line 3: this is not UTF-8 text"),
        ("a.txt", b"cut \xc3", "a.txt, line 1: this is not UTF-8 text"),
        ("a.jsonl", b"", "a.jsonl is empty"),
        (
            "a.jsonl",
            b'{"text": "a"}\n{"story": "b"}\n',
            "line 2: there is no text in the field 'te",
        ),
        ("a.jsonl", b'{"text": 3}', "line 1: there is no text in the field 'text'"),
        ("a.jsonl", b'{"text": "a"}\n\n{"te', "line 3: this is not JSON"),
        ("a.jsonl", b'{"text": ' + b"9" * 5000 + b"}", "line 1: a number is too long"),
        ("a.jsonl", b"[" * 200_000, "line 1: a number is too long or brackets"),
        ("a.jsonl", b"[1, 2]", "line 1: expected a record with the fields text"),
        ("a.jsonl", b'{"text": "\xff"}', "line 1: this is not UTF-8 text"),
        ("a.jsonl.gz", b"not gzip", "Cannot read"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "a"}' * 99, mtime=0)[:-9], "Cannot read"),
        (
            "a.jsonl.gz",
            gzip.compress(b'{"text": "a"}\n{"text": "\xff"}', mtime=0),
            "line 2: this is not UTF-8",
        ),
        ("a.JSONL.GZ", b"not gzip \xff", "Cannot read"),
        ("a.json", b"", "a.json is empty"),
        ("a.json", b'[{"text": "a"},\n{"te', "line 2: this is not JSON"),
        ("a.json", b'[{"text": "a"}, {}]', "line 2: there is no text in the field 'text'"),
        ("a.parquet", b"PAR1 nonsense", "not a Parquet file"),
        ("a.csv", b"text\na\n", "has to end in .txt"),
    ],
)
def test_bad_files_get_one_sentence(tmp_path, name, content, says):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(RealSamError) as error:
        list(corpora.documents("tinystories", "train", file, phase="stories"))
    assert says in one_sentence(error)
    assert name in one_sentence(error)


DAMAGED = [{"text": f"Story {i} of a cat that ran {i * i} miles."} for i in range(500)]


@pytest.mark.parametrize("kind", ["jsonl.gz", "parquet"])
def test_flipped_bytes_are_never_a_traceback(tmp_path, kind):
    """Where a format notices, it is one sentence; Parquet has no checksum of its own."""
    name, told = f"a.{kind}", 0
    good, rng = encoded(name, DAMAGED), random.Random(0)
    for _ in range(60):
        data = bytearray(good)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        (tmp_path / name).write_bytes(data)
        try:
            list(records.rows(tmp_path / name, ("text",)))
        except RealSamError as error:
            told += 1
            assert name in str(error) and "\n" not in str(error)
    assert told >= (55 if kind == "jsonl.gz" else 25)


def test_names_in_capitals_and_with_signs_that_mean_something_else(tmp_path):
    rows = [{"text": STORY}]
    for name in ("A.JSONL", "A.JSONL.GZ", "A.PARQUET", "A.JSON", "a[1]*?.jsonl", "A.TXT"):
        data = STORY.encode() if name == "A.TXT" else encoded(name.lower(), rows)
        (tmp_path / name).write_bytes(data)
        got = [
            text
            for split in corpora.SPLITS
            for _, text in corpora.documents("tinystories", split, tmp_path / name, phase="stories")
        ]
        assert got == [STORY], name


@pytest.mark.parametrize(
    ("name", "is_val"),
    [
        ("oasst-val.jsonl", True),
        ("OASST_VALID_2.JSONL", True),
        ("validation-oasst.jsonl", True),
        ("oasst_approval.jsonl", False),
        ("oasst-interval.jsonl", False),
        ("oasst-values.jsonl", False),
    ],
)
def test_validation_is_a_word_of_the_name(tmp_path, name, is_val):
    (tmp_path / "oasst-train.jsonl").write_text("")
    (tmp_path / name).write_text("")
    found = corpora.CORPORA["oasst"].files(tmp_path, tmp_path)
    assert ([file.name for file in found.val] == [name]) == is_val
    assert len(found.all) == 2


def test_parquet_without_the_column(tmp_path):
    file = tmp_path / "a.parquet"
    file.write_bytes(encoded(file.name, [{"story": "a"}]))
    with pytest.raises(RealSamError, match=r"a.parquet, line 1: .*'text' \(it has story\)"):
        list(records.rows(file, ("text",)))


def test_missing_file_and_folder_without_the_corpus(tmp_path):
    with pytest.raises(RealSamError, match="Cannot read"):
        list(corpora.documents("alpaca", "train", tmp_path / "none.jsonl"))
    (tmp_path / "tinystories-train.txt").write_text(STORY)
    with pytest.raises(RealSamError, match="no file of 'alpaca'"):
        list(corpora.documents("alpaca", "train", tmp_path))


# --- from the Hub, without one ----------------------------------------------------------------

PUBLIC = {  # two records of each public schema
    "tinystories": [{"text": STORY}, {"text": STORY * 2}],
    "alpaca": [{"instruction": "Say hi.", "input": "", "output": "Hi.", "text": "…"}] * 2,
    "dolly": [{"instruction": "Why?", "context": "", "response": "So.", "category": "qa"}] * 2,
    "oasst": [
        {
            "message_tree_id": str(i),
            "prompt": {
                "text": "Hello?",
                "role": "prompter",
                "lang": "en",
                "replies": [{"text": "Hi.", "role": "assistant", "lang": "en", "replies": []}],
            },
        }
        for i in range(2)
    ],
}


@pytest.fixture
def fake_hub(monkeypatch, server):
    """Serve small files of the right schema, as many records as expected; returns the server."""
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", server.url)
    for public in PUBLIC_SETS:
        files = [*public.train, *public.val]
        for file in files:
            path = public.origin.removeprefix(HUB) + f"/resolve/main/{file}"
            server.files[path] = encoded(file, PUBLIC[public.name])
        smaller = dataclasses.replace(public, records=2 * len(files))
        monkeypatch.setitem(corpora.CORPORA, public.name, smaller)
    return server


def everything(name, **where):
    level = corpora.CORPORA[name].levels[-1]
    found = (corpora.documents(name, split, phase=level, **where) for split in corpora.SPLITS)
    return [text for texts in found for _, text in texts]


@pytest.mark.parametrize("name", PUBLIC)
def test_each_set_is_fetched_once_counted_and_read(tmp_path, fake_hub, name):
    public = corpora.CORPORA[name]
    for _ in range(2):
        assert len(everything(name, folder=tmp_path)) == public.records
    fetched = [path.partition("/resolve/main/")[2] for path, _, _ in fake_hub.sent]
    assert fetched == [*public.train, *public.val]
    assert not list(tmp_path.rglob("*.part"))


def test_wrong_number_of_records(tmp_path, monkeypatch, fake_hub):
    monkeypatch.setitem(corpora.CORPORA, "dolly", next(s for s in PUBLIC_SETS if s.name == "dolly"))
    with pytest.raises(RealSamError) as error:
        everything("dolly", folder=tmp_path)
    assert "holds 2 records of dolly where 15,011 were expected" in one_sentence(error)
    assert everything("dolly", path=tmp_path / "dolly")  # the way out


def test_a_download_goes_on_where_it_broke_off(tmp_path, fake_hub):
    [file] = corpora.CORPORA["oasst"].train
    fake_hub.break_after = 40
    for n in (1, 2):
        with pytest.raises(RealSamError) as error:
            everything("oasst", folder=tmp_path)
        assert "again to go on" in one_sentence(error)
        assert (tmp_path / "oasst" / f"{file}.part").stat().st_size == 40 * n
    fake_hub.break_after = None
    assert len(everything("oasst", folder=tmp_path)) == 2
    assert [start for _, start, _ in fake_hub.sent] == [0, 40, 80]
    assert sum(sent for *_, sent in fake_hub.sent) == len(
        next(data for path, data in fake_hub.files.items() if path.endswith(file))
    )


def test_a_server_that_cannot_go_on_sends_it_all(tmp_path, fake_hub):
    fake_hub.break_after, fake_hub.ranges = 40, False
    with pytest.raises(RealSamError):
        everything("oasst", folder=tmp_path)
    fake_hub.break_after = None
    assert len(everything("oasst", folder=tmp_path)) == 2


def test_a_download_that_was_complete_or_too_long_starts_anew(tmp_path, fake_hub):
    [file] = corpora.CORPORA["dolly"].train
    part = tmp_path / "dolly" / f"{file}.part"
    part.parent.mkdir()
    part.write_bytes(b"x" * 5000)
    assert len(everything("dolly", folder=tmp_path)) == 2


def test_a_download_that_is_not_what_the_hub_tells(tmp_path, fake_hub):
    path = next(path for path in fake_hub.files if path.endswith("trees.jsonl.gz"))
    fake_hub.told[path] = b"another file"
    with pytest.raises(RealSamError) as error:
        everything("oasst", folder=tmp_path)
    assert "is damaged" in one_sentence(error)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_no_network_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(RealSamError) as error:
        everything("oasst", folder=tmp_path)
    text = one_sentence(error)
    assert "refused)" in text
    assert "again to go on" in text and "--path oasst=" in text


def test_offline_library(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(RealSamError, match="Could not download"):
        everything("alpaca", folder=tmp_path)
