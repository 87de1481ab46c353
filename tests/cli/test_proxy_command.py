"""`netstack proxy`: through whom a URL is reached, why, and with which exit status it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from netstack_sync.base.exception_map import exception_for
from netstack_sync.base.net_errors import ERR_TIMED_OUT
from netstack_sync.cli import proxy_command
from netstack_sync.fetcher.proxy_question import ExplainedProxies
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.explanation import ProxyExplanation
from netstack_sync.proxy.system_config import config_from_settings
from netstack_sync.workers.proxy_settings import SystemProxySettings
from tests.support.command_line import Netstack
from tests.support.requirements import module

NOWHERE = "http://127.0.0.1:1/proxy.pac"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """One proxy, and an exception."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("http_proxy", "http://me:secret@env.test:3128")
    monkeypatch.setenv("no_proxy", ".corp.test")


def lines(out: bytes) -> list[str]:
    """What was printed, without the blanks in front."""
    return [line.strip() for line in out.decode().splitlines()]


def test_the_environment_is_named(netstack: Netstack) -> None:
    """By its variables; no password is shown, neither of a proxy nor of a URL."""
    done = netstack("proxy", "www.test", "http://wiki.corp.test/", "https://me:secret@www.test/")
    assert (done.status, done.err) == (0, "") and b"secret" not in done.out
    settings = "settings    environment: http_proxy, no_proxy"
    assert lines(done.out) == [
        "http://www.test/",
        settings,
        "decided by  the proxies for http",
        "1.          http://env.test:3128",
        "http://wiki.corp.test/",
        settings,
        "decided by  bypass rule .corp.test",
        "1.          directly",
        "https://***@www.test/",
        settings,
        "decided by  no proxy is named for such URLs",
        "1.          directly",
    ]


def test_nobody_names_a_proxy(netstack: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is said."""
    monkeypatch.delenv("http_proxy")
    assert "settings    none: no variable of the environment names a proxy" in lines(netstack("proxy", "www.test").out)


def test_arguments_come_first(netstack: Netstack) -> None:
    """Those of a fetch; the list is shown in its order."""
    done = netstack("proxy", "-x", "socks5://a.test,direct", "--noproxy", "b.test", "http://a.corp.test/", "b.test")
    assert lines(done.out) == [
        "http://a.corp.test/",
        "settings    --proxy",
        "decided by  the proxies for all URLs",
        "1.          socks5://a.test:1080",
        "2.          directly",
        "http://b.test/",
        "settings    --proxy",
        "decided by  bypass rule b.test",
        "1.          directly",
    ]


def test_the_system_is_asked(netstack: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the environment only."""
    settings = SystemProxySettings("KDE", rules="http=kde.test:80")
    environments: list[Mapping[str, str]] = []

    def read(environ: Mapping[str, str]) -> ProxyConfig:
        environments.append(environ)
        return config_from_settings(settings)

    monkeypatch.setattr(proxy_command, "read_system_config", read)
    assert "1.          http://env.test:3128" in lines(netstack("proxy", "-x", "system", "www.test").out)
    assert not environments
    monkeypatch.delenv("http_proxy")
    assert lines(netstack("proxy", "-x", "system", "www.test").out)[1:] == [
        "settings    system: KDE",
        "decided by  the proxies for http",
        "1.          http://kde.test:80",
    ]
    assert "HOME" in environments[0]


def test_a_system_that_does_not_answer_is_told(netstack: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here somebody waits for the reason."""

    def fail(_: object) -> ProxyConfig:
        raise TimeoutError("gsettings has not answered within 3 s")

    monkeypatch.delenv("http_proxy")
    monkeypatch.setattr(proxy_command, "read_system_config", fail)
    done = netstack("proxy", "-x", "system", "www.test")
    assert done.status == 1 and done.out == b""
    assert done.err == "netstack: the settings of the system cannot be read: gsettings has not answered within 3 s\n"


def test_json_is_a_line_for_each(netstack: Netstack) -> None:
    """For scripts."""
    done = netstack("proxy", "--json", "www.test", "https://www.test/")
    values: list[dict[str, Any]] = [json.loads(line) for line in done.out.splitlines()]
    assert [value["proxies"] for value in values] == [["http://env.test:3128"], ["direct://"]]
    assert values[0]["rule"] == {"kind": "proxies for a scheme", "text": "http"}


def test_a_script_that_is_not_to_be_had(netstack: Netstack) -> None:
    """A fetch would go on without it; this machine needs none."""
    done = netstack("proxy", "--pac", NOWHERE, "http://www.test/", "localhost")
    assert done.status == 0
    first, second = lines(done.out)[:5], lines(done.out)[5:]
    assert first[2].startswith(f"no script   {NOWHERE}: ") and first[4] == "1.          directly"
    assert second[2] == "decided by  implicit rule: this machine and link-local addresses go directly"


SCRIPT = """\
function FindProxyForURL(url, host) {
  alert("asked about " + url);
  if (isInNet(dnsResolve(host), "192.0.2.0", "255.255.255.0"))
    return "PROXY a.test:8080; DIRECT";
  throw new Error("no way");
}
"""


def test_each_run_of_a_script_is_shown(netstack: Netstack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the names, and of a secure URL only what a script may know; an error with its line."""
    module("quickjs", "quickjs-ng")
    monkeypatch.chdir(tmp_path)
    Path("proxy.pac").write_text(SCRIPT)
    rules = "MAP www.test 192.0.2.7, MAP * 198.51.100.1"
    done = netstack(
        "proxy", "--pac", "proxy.pac", "--host-resolver-rules", rules, "https://www.test/path", "other.test"
    )
    assert (done.status, done.err) == (0, "")
    assert [re.sub(r"[0-9.]+(?= ms)|(?<=column )[0-9]+", "N", line) for line in lines(done.out)] == [
        "https://www.test/path",
        "settings    --pac proxy.pac",
        "script      the script that was given, there after N ms",
        "run 1       N ms, asks for www.test",
        "name        www.test: 192.0.2.7",
        'run 2       N ms, answers "PROXY a.test:8080; DIRECT"',
        "alert       asked about https://www.test/",
        "decided by  the script",
        "1.          http://a.test:8080",
        "2.          directly",
        "http://other.test/",
        "settings    --pac proxy.pac",
        "script      the script that was given, there after N ms",
        "run 1       N ms, asks for other.test",
        "name        other.test: 198.51.100.1",
        "run 2       N ms, fails: line 5, column N: no way",
        "alert       asked about http://other.test/",
        "decided by  default: without the script's answer all goes directly",
        "1.          directly",
    ]


def test_a_script_of_a_file_that_is_none(netstack: Netstack, tmp_path: Path) -> None:
    """Is a wrong argument."""
    path = tmp_path / "proxy.pac"
    path.write_text("<html>")
    done = netstack("proxy", "--pac", str(path), "www.test")
    assert done.status == 2 and "HTML" in done.err


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_the_limit_is_a_failure(netstack: Netstack, monkeypatch: pytest.MonkeyPatch, form: tuple[str, ...]) -> None:
    """With what was found out until then; the others are told all the same."""
    error = exception_for(ERR_TIMED_OUT, detail="no answer within 5 s", timed_out="total")
    answers = [ExplainedProxies(ProxyExplanation(), None), ExplainedProxies(ProxyExplanation(script="a"), error)]
    limits: list[float | None] = []

    def explain(context: object, config: object, url: object, timeout_s: float | None) -> ExplainedProxies:
        limits.append(timeout_s)
        return answers.pop()

    monkeypatch.setattr(proxy_command, "explain_proxies", explain)
    done = netstack("proxy", *form, "-m", "5", "a.test", "b.test")
    assert done.status == 28 and limits == [5.0, 5.0] and b"b.test" in done.out
    assert "no answer within 5 s" in (json.loads(done.out.splitlines()[0])["error"] if form else done.err)
    assert bool(done.err) != bool(form)


def test_a_limit_of_zero_is_none(netstack: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of the other commands."""
    limits: list[float | None] = []

    def explain(context: object, config: object, url: object, timeout_s: float | None) -> ExplainedProxies:
        limits.append(timeout_s)
        return ExplainedProxies(ProxyExplanation(), None)

    monkeypatch.setattr(proxy_command, "explain_proxies", explain)
    for arguments in ((), ("-m", "0")):
        assert netstack("proxy", *arguments, "a.test").status == 0
    assert limits == [30.0, None]


@pytest.mark.parametrize(
    "arguments, status, message",
    [
        (("http://a..b/",), 3, "empty label"),
        (("www.test", "ftp://a.test/"), 3, "ftp: URLs go through no proxy"),
        (("file:///etc/hosts",), 3, "file: URLs go through no proxy"),
        (("-x", "gopher://a.test", "a.test"), 2, "'gopher'"),
        (("-x", "a.test", "--pac", NOWHERE, "a.test"), 2, "pass one"),
        (("-m", "x", "a.test"), 2, "'x' is not a number of seconds"),
        (("--enable-features", "Nonsense", "a.test"), 2, "Nonsense"),
        ((), 2, "the following arguments are required: URL"),
    ],
)
def test_wrong_arguments(netstack: Netstack, arguments: tuple[str, ...], status: int, message: str) -> None:
    """With what is wrong."""
    done = netstack("proxy", *arguments)
    assert done.status == status and message in done.err and not done.out


def test_a_variable_that_names_no_proxy(netstack: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named."""
    monkeypatch.setenv("http_proxy", "gopher://a.test")
    done = netstack("proxy", "a.test")
    assert done.status == 2 and "http_proxy" in done.err


def test_help_says_the_statuses(netstack: Netstack) -> None:
    """As the other commands do."""
    done = netstack("proxy", "--help")
    assert done.status == 0 and b"a time limit was reached" in done.out and b"--noproxy" in done.out


def test_a_script_without_its_engine(netstack: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is no reason to go directly."""
    monkeypatch.setattr("netstack_sync.workers.pac_extra.find_spec", lambda name: None)
    done = netstack("proxy", "--pac", "http://pac.test/", "http://a.test/")
    assert (
        done.status == 2 and done.err == "netstack: PAC scripts need the extra pac: pip install 'netstack-sync[pac]'\n"
    )
