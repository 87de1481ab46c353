"""Where a body goes: complete files only, devices as they are, no binary data on a terminal."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import pytest

from netstack_sync.cli.exit_status import CommandError
from netstack_sync.cli.output import FileOutput, StreamOutput, open_output, standard_output


def names_in(folder: Path) -> list[str]:
    """The files of a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    """Until commit() there is a .part file beside it."""
    with open_output(str(tmp_path / "a")) as output:
        output.write(b"one ")
        output.write(b"two")
        [name] = names_in(tmp_path)
        assert name.startswith("a.") and name.endswith(".part")
        output.commit()
    assert names_in(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == b"one two"


def test_failure_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    """Without commit() nothing has happened."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), open_output(str(path)) as output:
        output.write(b"new")
        raise KeyboardInterrupt
    assert names_in(tmp_path) == ["a"] and path.read_bytes() == b"old"


def test_replaced_file_keeps_its_mode_and_its_links(tmp_path: Path) -> None:
    """What a link points at is replaced, not the link."""
    path, link = tmp_path / "a", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    with open_output(str(link)) as output:
        output.write(b"new")
        output.commit()
    assert link.is_symlink() and path.read_bytes() == b"new" and stat.S_IMODE(path.stat().st_mode) == 0o640


def test_device_is_written_directly() -> None:
    """-o /dev/null must not put a file in the place of the device."""
    with open_output(os.devnull) as output:
        output.write(b"x")
        output.commit()
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_full_disk_is_a_write_error() -> None:
    """The error names the file; closing does not raise another one."""
    said = "cannot write /dev/full: No space left"
    with pytest.raises(CommandError, match=said) as caught, open_output("/dev/full") as output:
        output.write(b"x")
    assert caught.value.status == 23


def test_reader_that_went_away_is_told_apart() -> None:
    """A closed pipe is no write error: the command is to end without a word."""

    class Closed(io.BytesIO):
        def write(self, data: object, /) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        StreamOutput(Closed(), "standard output").write(b"x")


@pytest.mark.parametrize("name", ["missing/a", "."])
def test_path_that_cannot_be_written_is_known_at_once(tmp_path: Path, name: str) -> None:
    """Before anything is sent."""
    with pytest.raises(CommandError, match="cannot write") as caught:
        open_output(str(tmp_path / name))
    assert caught.value.status == 23


def test_failing_write_and_rename_are_write_errors(tmp_path: Path) -> None:
    """What the file system says at any moment becomes exit status 23."""
    output = FileOutput(str(tmp_path / "a"))
    (tmp_path / "a").mkdir()
    with output, pytest.raises(CommandError, match=r"cannot write .*a: Is a directory"):
        output.commit()
    assert names_in(tmp_path) == ["a"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_disk_that_fills_up_meanwhile_is_a_write_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when only the flush of a large write finds out."""
    output = FileOutput(str(tmp_path / "a"))
    output._file.close()
    monkeypatch.setattr(output, "_file", open("/dev/full", "wb"))  # noqa: SIM115 - closed by the output
    with output, pytest.raises(CommandError, match="No space left"):
        output.write(bytes(1 << 20))
    assert names_in(tmp_path) == []


def test_standard_output_gets_everything_as_it_is(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Also binary data; what was written stays written without commit()."""
    with standard_output() as output, open_output("-") as other:
        output.write_head(b"HTTP/1.1 200 OK\r\n\r\n")
        output.write(b"\0")
        other.commit()
        output.commit()
    assert capfdbinary.readouterr().out == b"HTTP/1.1 200 OK\r\n\r\n\0"


def test_heads_go_into_files_too(tmp_path: Path) -> None:
    """As with curl -i -o."""
    with open_output(str(tmp_path / "a")) as output:
        output.write_head(b"head ")
        output.write(b"body")
        output.commit()
    assert (tmp_path / "a").read_bytes() == b"head body"


def test_name_that_a_server_chose_replaces_nothing(tmp_path: Path) -> None:
    """Neither a file nor a link that leads nowhere, and no file that came meanwhile."""
    path = tmp_path / "a"
    with open_output(str(path), may_replace=False) as output:
        output.commit()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for taken in (path, tmp_path / "link"):
        with pytest.raises(CommandError, match="is there already"):
            open_output(str(taken), may_replace=False)
    with open_output(str(tmp_path / "b"), may_replace=False) as output:
        (tmp_path / "b").write_bytes(b"mine")
        with pytest.raises(CommandError, match="is there already"):
            output.commit()
    assert names_in(tmp_path) == ["a", "b", "link"] and (tmp_path / "b").read_bytes() == b"mine"
