"""What a session is told of other schemes."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from netstack_sync import HandlerAnswer, HandlerRequest, InvalidURL, Session
from netstack_sync.fetcher.options import check_url
from netstack_sync.fetcher.scheme_arguments import check_schemes
from netstack_sync.url_request.interceptor import URLRequestInterceptor
from netstack_sync.url_request.late_schemes import HTTP_SCHEMES
from netstack_sync.url_request.protocol_handler import ProtocolHandler


def handler(request: HandlerRequest) -> HandlerAnswer:
    return HandlerAnswer()


def check(**values: Any) -> Any:
    arguments: dict[str, Any] = {"file_root": None, "ftp": False, "schemes": None, "interceptors": (), **values}
    return check_schemes(**arguments)


def test_nothing_is_said() -> None:
    settings = check()
    assert (settings.file_root, settings.ftp, settings.handlers, settings.interceptors) == (None, False, {}, ())


def test_everything_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both forms of handlers and interceptors; a root stays the one it is whatever the process makes its folder."""
    (tmp_path / "x").mkdir()
    monkeypatch.chdir(tmp_path)
    low, protocol = URLRequestInterceptor(), ProtocolHandler()
    settings = check(
        file_root=tmp_path / "x", ftp=True, schemes={"a+b": handler, "c": protocol}, interceptors=iter([handler, low])
    )
    assert settings.file_root == str(tmp_path / "x") and settings.ftp
    assert settings.handlers == {"a+b": handler, "c": protocol} and settings.interceptors == (handler, low)
    assert check(file_root="x").file_root == os.path.abspath("x")


def test_a_root_that_is_no_folder(tmp_path: Path) -> None:
    """Else each of its files would be missing, and nobody told why."""
    (tmp_path / "file").touch()
    for name in ("nothing", "file"):
        with pytest.raises(ValueError, match="file_root: no such folder: .*" + name):
            check(file_root=tmp_path / name)


@pytest.mark.parametrize(
    "values, kind, words",
    [
        ({"ftp": 1}, TypeError, "ftp: must be True or False"),
        ({"file_root": 5}, TypeError, "file_root: must be the path of a folder, not 5"),
        ({"file_root": b"x"}, TypeError, "file_root: must be the path of a folder, not b'x'"),
        ({"file_root": ""}, ValueError, "file_root: '' is no path"),
        ({"file_root": "a\0b"}, ValueError, "file_root: "),
        ({"schemes": handler}, TypeError, "schemes: must be a mapping of scheme to handler, not function"),
        ({"schemes": {"App": handler}}, ValueError, "schemes: 'App' is no scheme"),
        ({"schemes": {5: handler}}, ValueError, "schemes: 5 is no scheme"),
        ({"schemes": {"": handler}}, ValueError, "schemes: '' is no scheme"),
        ({"schemes": {"http": handler}}, ValueError, "schemes: 'http' cannot be served by a handler"),
        ({"schemes": {"file": handler}}, ValueError, "schemes: 'file' cannot be served by a handler"),
        ({"schemes": {"app": "x"}}, TypeError, "schemes: the handler of 'app' must be a function, not str"),
        ({"interceptors": handler}, TypeError, "interceptors: pass a list of functions"),
        ({"interceptors": URLRequestInterceptor()}, TypeError, "interceptors: pass a list of functions"),
        ({"interceptors": "x"}, TypeError, "interceptors: pass a list of functions"),
        ({"interceptors": None}, TypeError, "interceptors: pass a list of functions"),
        ({"interceptors": {}}, TypeError, "interceptors: pass a list of functions"),
        ({"interceptors": [5]}, TypeError, "interceptors: must be functions, not int"),
    ],
)
def test_mistakes(values: dict[str, Any], kind: type[Exception], words: str) -> None:
    """Said to who makes the session."""
    with pytest.raises(kind, match=re.escape(words)):
        check(**values)
    with pytest.raises(kind, match=re.escape(words)):
        Session(**values)


@pytest.mark.parametrize(
    "url, words",
    [
        ("file:///x", "use http or https; Session(file_root=...) names the folder whose files may be read"),
        ("ftp://a/", "use http or https; Session(ftp=True) turns it on"),
        ("app:x", "use http or https; Session(schemes={'app': handler}) serves one of your own"),
        ("wss://a/", "use http or https"),
    ],
)
def test_schemes_that_are_off(url: str, words: str) -> None:
    """The message says how to turn one on."""
    with Session() as session, pytest.raises(InvalidURL, match=re.escape(f"is not supported; {words}") + "$"):
        session.get(url)


@pytest.mark.parametrize("url", ["data:,x", "about:blank", "ftp://a/", "app:x"])
def test_where_only_http_makes_sense(url: str) -> None:
    with pytest.raises(InvalidURL, match=r"is not supported; use http or https$"):
        check_url(url)
    with Session(ftp=True, schemes={"app": handler}) as session:
        with pytest.raises(InvalidURL):
            session.preconnect(url)
        with pytest.raises(InvalidURL):
            session.cookies.for_url(url)


def test_there_is_always_http() -> None:
    assert check().names > HTTP_SCHEMES
