"""The record beside an unfinished download."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from netstack_sync.workers.gaps import Gap
from netstack_sync.workers.part_record import PartRecord, read_part_record, remove_part_record, write_part_record

GOOD = '{"format": 1, "url": "http://h/", "validator": "\\"a\\"", "size": 5}'


@pytest.mark.parametrize("size", [None, 0, 10**15])
def test_what_is_read_is_what_was_written(size: int | None, tmp_path: Path) -> None:
    """In a file for its owner only: URLs hold secrets."""
    path = str(tmp_path / "f.part.json")
    record = PartRecord("https://h/ä?token=1", '"\xe4"', size)
    write_part_record(path, record)
    assert read_part_record(path) == record
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


@pytest.mark.parametrize("gaps", [(), (Gap(0, 2), Gap(4, 10))])
def test_a_part_with_gaps(gaps: tuple[Gap, ...], tmp_path: Path) -> None:
    """Whoever does not know of gaps must not take it for a whole file, so its format has another number."""
    path = str(tmp_path / "f.part.json")
    record = PartRecord("http://h/", '"a"', 10, gaps)
    for is_synced in (True, False):
        write_part_record(path, record, is_synced)
        assert read_part_record(path) == record
    assert json.loads(Path(path).read_text())["format"] == 2


@pytest.mark.parametrize(
    "gaps",
    [
        *("5", "null", "{}", "[5]", "[[1]]", "[[1, 2, 3]]", "[[2, 1]]", "[[1, 1]]", "[[-1, 2]]", "[[4, 6]]"),
        *("[[1, 3], [2, 4]]", "[[2, 3], [0, 1]]", "[[0, true]]", "[[0, 1.5]]", '[["a", "b"]]'),
    ],
)
def test_gaps_that_make_no_sense_are_no_record(gaps: str, tmp_path: Path) -> None:
    """Of five bytes; a wrong one would be taken for a byte of the file."""
    path = tmp_path / "f.part.json"
    path.write_text(GOOD.replace("1", "2", 1).replace("}", f', "gaps": {gaps}}}'))
    assert read_part_record(str(path)) is None
    path.write_text(GOOD.replace("1", "2", 1).replace("}", ', "gaps": [[0, 1], [1, 5]]}'))
    assert read_part_record(str(path)) == PartRecord("http://h/", '"a"', 5, (Gap(0, 1), Gap(1, 5)))
    path.write_text(GOOD.replace("1", "2", 1).replace("5", "null").replace("}", ', "gaps": []}'))
    assert read_part_record(str(path)) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "{",
            "[" * 60_000,
            "[]",
            "5",
            "null",
            "{}",
            "\xff",
            GOOD.replace("1", "2"),
            GOOD.replace('"http://h/"', "5"),
        ),
        *(GOOD.replace("5", value) for value in ("-1", "true", '"5"', "1.5")),
        *(
            GOOD.replace('"\\"a\\""', value)
            for value in ("5", "null", '""', r'"\"a\r\nX: y\""', r'"\u20ac"', r'"\u007f"')
        ),
    ],
)
def test_what_makes_no_sense_is_no_record(text: str, tmp_path: Path) -> None:
    """Whoever writes it must not be able to put anything into a request."""
    path = tmp_path / "f.part.json"
    path.write_bytes(text.encode("latin-1"))
    assert read_part_record(str(path)) is None


def test_the_good_one_of_these_is_good(tmp_path: Path) -> None:
    path = tmp_path / "f.part.json"
    path.write_text(GOOD)
    assert read_part_record(str(path)) == PartRecord("http://h/", '"a"', 5)


def test_one_that_is_not_there(tmp_path: Path) -> None:
    path = str(tmp_path / "f.part.json")
    assert read_part_record(path) is None
    remove_part_record(path)
    Path(path).write_text(GOOD)
    remove_part_record(path)
    assert not os.path.exists(path)
    with pytest.raises(OSError):
        remove_part_record(str(tmp_path))
