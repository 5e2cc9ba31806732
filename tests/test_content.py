"""Uploads: kept whole or not at all, found by hash, bounded, and honest about what is missing or damaged."""

from __future__ import annotations

import os
import string
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from rnnviz import content
from rnnviz.content import FILE_LIMIT, MissingContent, Reason, UnreadableContent
from rnnviz.tasks import TASKS
from rnnviz.text import LANGUAGES, Text, catalogue


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("RNNVIZ_CONTENT", str(tmp_path / "content"))
    return tmp_path / "content"


def test_what_is_put_comes_back(folder):
    sha256 = content.put(b"1,2,3")
    assert content.get(sha256) == b"1,2,3"
    assert content.put(b"1,2,3") == sha256 and len(list(folder.iterdir())) == 1


def test_it_lies_in_the_cache_of_the_user_unless_told_otherwise(monkeypatch):
    monkeypatch.delenv("RNNVIZ_CONTENT")
    assert content.folder().parts[-2:] == ("rnnviz", "content")


def test_what_is_not_there_is_missed_by_name():
    with pytest.raises(MissingContent, match="upload the file again") as missed:
        content.get("a" * 64)
    assert missed.value.sha256 == "a" * 64 and not missed.value.damaged


@pytest.mark.parametrize("name", ["", "..", "../secret", "/etc/passwd", "a/../../secret"])
def test_no_name_leads_out_of_the_folder(folder, name):
    content.put(b"something")
    (folder.parent / "secret").write_bytes(b"secret")
    with pytest.raises(MissingContent):
        content.get(name)


def test_a_damaged_file_is_set_aside_and_named(folder):
    sha256 = content.put(b"the truth")
    (folder / sha256).write_bytes(b"the trufh")
    with pytest.raises(MissingContent, match=r"a damaged copy was set aside as [0-9a-f]{64}\.damaged") as missed:
        content.get(sha256)
    assert (folder / missed.value.damaged).read_bytes() == b"the trufh"
    assert content.get(content.put(b"the truth")) == b"the truth"


def test_a_damaged_file_is_mended_by_the_next_upload(folder):
    sha256 = content.put(b"the truth")
    (folder / sha256).write_bytes(b"the tru")
    content.put(b"the truth")
    assert content.get(sha256) == b"the truth"


def test_a_file_has_a_largest_size(folder):
    assert content.get(content.put(bytes(FILE_LIMIT))) == bytes(FILE_LIMIT)
    with pytest.raises(UnreadableContent) as refused:
        content.put(bytes(FILE_LIMIT + 1))
    assert refused.value.reason == "too_large"
    assert refused.value.detail == {"found": FILE_LIMIT + 1, "limit": FILE_LIMIT}


def test_the_longest_unused_go_first(folder, monkeypatch):
    monkeypatch.setattr(content, "TOTAL_LIMIT", 30)
    first, second, third = (content.put(letter * 10) for letter in (b"a", b"b", b"c"))
    for age, sha256 in ((300, first), (200, second), (100, third)):
        os.utime(folder / sha256, (1e9 - age, 1e9 - age))
    content.get(first)  # used again: now the second is the one that waits longest
    fourth = content.put(b"d" * 10)
    assert {path.name for path in folder.iterdir()} == {first, third, fourth}


def test_what_was_just_put_is_never_the_one_to_go(monkeypatch):
    monkeypatch.setattr(content, "TOTAL_LIMIT", 5)
    assert content.get(content.put(b"0123456789")) == b"0123456789"


def test_half_written_files_go_when_their_writer_is_long_gone(folder):
    content.put(b"something")
    old, new = folder / "old.part", folder / "new.part"
    old.write_bytes(b"x")
    new.write_bytes(b"x")
    os.utime(old, (1e9, 1e9))
    content.put(b"something else")
    assert not old.exists() and new.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on file sizes to run into")
def test_a_write_that_fails_leaves_nothing_behind(folder):
    """A size limit stands for a full disk: os.write then writes a part and says so only in its return value."""
    program = (
        "import resource, rnnviz.content as c\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: c.put(bytes(5000))\n"
        "except OSError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "refused" and list(folder.iterdir()) == []


def test_writers_at_once_leave_one_whole_file(folder):
    program = "import rnnviz.content as c\nfor _ in range(50): c.put(b'x' * 100_000); c.get(c.hash_of(b'x' * 100_000))"
    writers = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    assert [path.name for path in folder.iterdir()] == [content.hash_of(b"x" * 100_000)]


def test_what_is_built_in_needs_no_file(folder):
    sha256 = content.built_in(b"a sample")
    assert content.get(sha256) == b"a sample" and content.put(b"a sample") == sha256
    assert not folder.exists()


# Words

EXAMPLE = {  # for every reason the detail that its words may use, as the errors carry it
    "too_large": {"found", "limit"}, "not_utf8": {"position"}, "binary": set(), "short_text": {"found", "least"},
    "too_many_marks": {"row", "limit"},
    "short_series": {"column", "found", "least"}, "no_source": {"module"}, "long_line": {"row", "limit"},
    "malformed": {"row"}, "too_many_columns": {"found", "limit"}, "too_many_rows": {"found", "limit"},
    "uneven_rows": {"row", "found", "expected"}, "no_rows": set(), "no_numbers": set(),
    "missing_values": {"column", "row"}, "constant": {"column"},
}  # fmt: skip


def placeholders(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words(language):
    text = Text(language)
    assert set(EXAMPLE) == set(get_args(Reason))
    for reason, detail in EXAMPLE.items():
        assert placeholders(catalogue(language)[f"error.unreadable_content.{reason}"]) <= detail
    assert "abc" in text("error.missing_content", sha256="abc")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_task_and_every_parameter_of_it_has_words(language):
    text = Text(language)
    for task in TASKS:
        kind = task.model_fields["kind"].default
        assert text(f"option.task.{kind}.label") and text(f"option.task.{kind}.help")
        for parameter in task.parameters_declared():
            assert text(f"parameter.{parameter.name}.label") and text(f"parameter.{parameter.name}.help")
            for word in getattr(parameter.domain, "words", ()):
                assert text(f"option.{parameter.name}.{word}.label")
