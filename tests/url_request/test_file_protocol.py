"""file: URLs below a root."""

from __future__ import annotations

import ntpath
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netstack_sync.base.net_errors import ERR_ACCESS_DENIED, ERR_FILE_NOT_FOUND, ERR_METHOD_NOT_SUPPORTED, OK
from netstack_sync.base.url import Url
from netstack_sync.url_request import file_protocol as module
from netstack_sync.url_request.file_protocol import FileProtocol, names_of_path
from tests.support.jobs import Played, make_hop
from tests.support.scripted_stack import ScriptedStack, scripted_stack


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_bytes(b"secret")
    root = tmp_path / "a root"
    root.mkdir()
    (root / "a b?#%.txt").write_bytes(b"0123456789")
    return root


def played(
    stack: ScriptedStack, root: Path, url: str, method: str = "GET", headers: list[tuple[str, str]] | None = None
) -> Played:
    return Played(stack, FileProtocol(str(root)).create_job(make_hop(stack, url, method, headers)))


def test_a_file(stack: ScriptedStack, root: Path) -> None:
    """As pathlib spells its URL."""
    uri = (root / "a b?#%.txt").as_uri()
    answer = played(stack, root, uri)
    assert (answer.result, answer.body, answer.response.head.status) == (OK, b"0123456789", 200)
    assert answer.response.head.headers.get("content-type") == "text/plain"
    assert played(stack, root, uri, "HEAD").body == b""


@pytest.mark.parametrize("prefix", ["file://localhost/", "file:/", "file:////"])
def test_spellings(stack: ScriptedStack, root: Path, prefix: str) -> None:
    """RFC 8089 has several for the files of this machine."""
    uri = (root / "a b?#%.txt").as_uri().replace("file:///", prefix)
    assert played(stack, root, uri).body == b"0123456789"


def test_a_part(stack: ScriptedStack, root: Path) -> None:
    """Two of them are too many: the whole is given."""
    uri = (root / "a b?#%.txt").as_uri()
    answer = played(stack, root, uri, headers=[("Range", "bytes=2-4")])
    assert (answer.response.head.status, answer.body) == (206, b"234")
    assert answer.response.head.headers.get("content-range") == "bytes 2-4/10"
    answer = played(stack, root, uri, headers=[("Range", "bytes=2-4"), ("If-Range", '"x"')])
    assert (answer.response.head.status, answer.body) == (200, b"0123456789")
    answer = played(stack, root, uri, headers=[("Range", "bytes=0-1,4-5")])
    assert answer.response.head.status == 200
    assert played(stack, root, uri, headers=[("Range", "bytes=10-")]).response.head.status == 416


@pytest.mark.parametrize(
    "path",
    ["/../secret", "/%2e%2e/secret", "/%2E./secret", "/..%2fsecret", "/x/%2e%2e/../secret", "", "/", "/.", "/%00"],
)
def test_ways_out(stack: ScriptedStack, root: Path, path: str) -> None:
    """CVE-2024-23334 (aiohttp), CVE-2021-41773 (Apache): whichever way it is spelt."""
    answer = played(stack, root, root.as_uri() + path)
    assert answer.result == ERR_ACCESS_DENIED and answer.job.response is None


_NAMES = ["", ".", "..", "%2e%2e", "%2E.", "sub", "secret", "link", "..%2fsecret", "%5c..", "a%00", "%2f", "file"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from(_NAMES), max_size=6), st.sampled_from(["", "//", "//localhost", "//h", "///"]))
def test_no_path_leads_out(root: Path, names: list[str], start: str) -> None:
    """CVE-2024-23334 (aiohttp): whatever it is put together from, only what is inside comes out."""
    (root / "sub").mkdir(exist_ok=True)
    (root / "sub" / "file").write_bytes(b"inside")
    if not (root / "sub" / "link").is_symlink():
        (root / "sub" / "link").symlink_to(root.parent)
    url = "file:" + start + root.as_posix().replace(" ", "%20") + "/" + "/".join(names)
    with scripted_stack(is_async=False) as stack:
        assert played(stack, root, url).body in (b"", b"inside")


def test_other_places(stack: ScriptedStack, root: Path) -> None:
    """Beside the root, above it, and those whose names begin like its own."""
    (root.parent / "a root2").mkdir()
    (root.parent / "a root2" / "x").write_bytes(b"x")
    for path in (root.parent / "secret", root.parent / "a root2" / "x", Path("/etc/passwd"), Path("/")):
        answer = played(stack, root, path.as_uri())
        assert answer.result == ERR_ACCESS_DENIED and "is not below file_root=" in answer.job.error_detail


def test_other_machines(stack: ScriptedStack, root: Path) -> None:
    """CVE-2009-0037 (curl) and the UNC paths of Windows: nothing leaves this one."""
    answer = played(stack, root, f"file://server.test{root.as_posix().replace(' ', '%20')}/x")
    assert answer.result == ERR_ACCESS_DENIED and "server.test" in answer.job.error_detail


def test_names_that_are_no_text(stack: ScriptedStack, root: Path) -> None:
    """A name is bytes."""
    try:
        (root / os.fsdecode(b"\xff")).write_bytes(b"odd")
    except OSError:
        pytest.skip("this file system wants text")
    assert played(stack, root, root.as_uri() + "/%FF").body == b"odd"


def test_what_is_not_there(stack: ScriptedStack, root: Path) -> None:
    assert played(stack, root, root.as_uri() + "/none").result == ERR_FILE_NOT_FOUND


def test_it_can_only_be_read(stack: ScriptedStack, root: Path) -> None:
    """And no server can send anybody there."""
    uri = (root / "a b?#%.txt").as_uri()
    assert played(stack, root, uri, "PUT").result == ERR_METHOD_NOT_SUPPORTED
    assert not FileProtocol(str(root)).is_safe_redirect_target(Url.parse(uri))


def test_the_root_of_everything(stack: ScriptedStack, root: Path) -> None:
    """Somebody may want that."""
    assert played(stack, Path("/"), (root / "a b?#%.txt").as_uri()).body == b"0123456789"


def test_drives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of Windows: a name like another, compared without regard to case."""
    monkeypatch.setattr(module, "os", type("Os", (), {"path": ntpath, "sep": "\\"}))
    assert names_of_path("C:\\Users\\Me") == ["c:", "users", "me"]
    assert FileProtocol("C:\\Users")._names_below(Url.parse("file:///C:/USERS/a.txt")) == ["a.txt"]
