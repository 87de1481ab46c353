"""GNOME's settings as the real gsettings tells them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from netstack_sync import Session
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.workers.proxy_settings import SystemProxySettings
from netstack_sync.workers.proxy_settings_gnome import read_gnome_settings
from tests.support.requirements import program, unavailable

pytestmark = pytest.mark.live
SCHEMA = "org.gnome.system.proxy"


@pytest.fixture
def gsettings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The program, with settings of its own in a file."""
    path = program("gsettings", "libglib2.0-bin")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("GSETTINGS_BACKEND", "keyfile")
    if subprocess.run([path, "list-keys", SCHEMA], capture_output=True, check=False).returncode:
        unavailable("the schemas of GNOME are missing (apt-get install gsettings-desktop-schemas)")
    return path


def write(gsettings: str, values: dict[str, str]) -> None:
    """Sets keys; those of "http" are "http host" and so on."""
    for name, literal in values.items():
        scheme, _, key = name.rpartition(" ")
        schema = f"{SCHEMA}.{scheme}" if scheme else SCHEMA
        subprocess.run([gsettings, "set", schema, key, literal], check=True)


def test_nobody_has_changed_anything(gsettings: str) -> None:
    """No proxy."""
    assert read_gnome_settings() == SystemProxySettings("GNOME")


def test_what_is_set_is_read(gsettings: str) -> None:
    """Quotes and other letters included."""
    values = {
        "mode": "'manual'",
        "ignore-hosts": "['*.test', '2001:db8::1', 'bücher.test']",
        "http host": "'proxy.test'",
        "http port": "3128",
        "http use-authentication": "true",
        "http authentication-user": "'me'",
        "http authentication-password": '"a\\"b\'c\\\\d\\u00fc"',
        "socks host": "'socks.test'",
        "socks port": "1080",
    }
    write(gsettings, values)
    assert read_gnome_settings() == SystemProxySettings(
        "GNOME",
        rules="http=proxy.test:3128;socks=socks5://socks.test:1080",
        bypass="*.test,[2001:db8::1],bücher.test",
        login=("me", "a\"b'c\\dü"),
    )
    write(gsettings, {"ignore-hosts": "[]"})
    assert read_gnome_settings().bypass == ""


def test_automatic_settings_are_read(gsettings: str) -> None:
    """With and without a URL."""
    write(gsettings, {"mode": "'auto'"})
    assert read_gnome_settings() == SystemProxySettings("GNOME", auto_detect=True)
    write(gsettings, {"autoconfig-url": "'http://pac.test/proxy.pac'"})
    assert read_gnome_settings() == SystemProxySettings("GNOME", pac_url="http://pac.test/proxy.pac")


def test_a_session_goes_through_the_proxy_of_the_desktop(gsettings: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And directly to what the desktop exempts."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "GNOME")
    with EmbeddedServer() as proxy, EmbeddedServer() as exempt:
        exempt.route("/here", Answer(body=b"direct"))
        write(gsettings, {"mode": "'manual'", "http host": "'127.0.0.1'", "http port": str(proxy.port)})
        with Session(proxy="system") as session:
            through, direct = session.get("http://www.test/there"), session.get(exempt.url("/here"))
        assert through.proxy_chain == (f"http://127.0.0.1:{proxy.port}",)
        assert [request.target for request in proxy.requests] == ["http://www.test/there"]
        assert direct.content == b"direct" and not direct.proxy_chain
