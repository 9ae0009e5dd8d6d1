"""Files of documents: every public schema, what is wrong told in one sentence, and downloads."""

import gzip
import json

import huggingface_hub
import pyarrow as pa
import pyarrow.parquet
import pytest

from realsam_edu.runtime.errors import RealSamError
from realsam_edu.text import corpora
from realsam_edu.text import formats as records
from realsam_edu.text import public_sets as hub

STORY = "Once there was a cat. The cat ran!"


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def parquet(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path)
    return path


def one_sentence(error) -> str:
    text = str(error.value)
    assert text.endswith(".") and "\n" not in text
    return text


# --- reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [*range(13, 20), 2**20])
def test_text_between_markers(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(records, "CHUNK", chunk)  # a marker, a letter, a line end may be cut
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
    if kind == "parquet":
        parquet(file, rows)
    elif kind == "json":
        file.write_text(json.dumps(rows))
    else:
        data = "\n\n".join(map(json.dumps, rows)).encode()
        file.write_bytes(gzip.compress(data) if kind.endswith("gz") else data)
    got = list(records.rows(file, ("text",)))
    assert [record["text"] for _, record in got] == [STORY, "ä"]
    if kind != "json":
        assert records.count(file) == 2


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
        ("a.jsonl", b"[1, 2]", "line 1: expected a record with the fields text"),
        ("a.jsonl", b'{"text": "\xff"}', "line 1: this is not UTF-8 text"),
        ("a.jsonl.gz", b"not gzip", "Cannot read"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "a"}' * 99)[:-9], "Cannot read"),
        ("a.json", b"", "a.json is empty"),
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


def test_parquet_without_the_column(tmp_path):
    file = parquet(tmp_path / "a.parquet", [{"story": "a"}])
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
def fake_hub(monkeypatch):
    """Answer each request with a small file of the right schema; remember what was asked."""
    asked = []

    def download(repo, file, *, repo_type, local_dir):
        asked.append((repo, file, repo_type))
        name = next(name for name, public in hub.SETS.items() if public.repo == repo)
        target, rows = local_dir / file, PUBLIC[name]
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.endswith(".parquet"):
            parquet(target, rows)
        elif file.endswith(".gz"):
            target.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
        else:
            lines(target, rows)
        return str(target)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    return asked


@pytest.mark.parametrize("name", hub.SETS)
def test_each_set_is_fetched_once_counted_and_read(tmp_path, monkeypatch, fake_hub, name):
    public = hub.SETS[name]
    files = [*public.train, *public.val]
    smaller = {**vars(public), "rows": 2 * len(files)}
    monkeypatch.setitem(hub.SETS, name, hub.PublicSet(**smaller))
    for _ in range(2):
        texts = [
            text
            for split in corpora.SPLITS
            for _, text in corpora.documents(
                name, split, folder=tmp_path, phase=corpora.PHASES_OF[name][-1]
            )
        ]
        assert len(texts) == 2 * len(files)
    assert fake_hub == [(public.repo, file, "dataset") for file in files]


def test_wrong_number_of_records(tmp_path, fake_hub):
    with pytest.raises(RealSamError) as error:
        list(corpora.documents("dolly", "train", folder=tmp_path))
    assert "holds 2 records of dolly where 15,011 were expected" in one_sentence(error)
    assert list(corpora.documents("dolly", "train", tmp_path / "dolly"))  # the way out


def test_no_network_is_one_sentence(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise ConnectionError("Name or service not known.\nMore lines of it.")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", refused)
    with pytest.raises(RealSamError) as error:
        list(corpora.documents("oasst", "train", folder=tmp_path))
    text = one_sentence(error)
    assert "(Name or service not known)" in text
    assert "again to go on" in text and "--path oasst=" in text


def test_offline_library(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(RealSamError, match="Could not download"):
        list(corpora.documents("alpaca", "val", folder=tmp_path))
