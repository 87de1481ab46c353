"""`netstack cert`: whom it connects to, what it shows of good and bad servers, and with which exit status it ends."""

from __future__ import annotations

import io
import json
import re
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from netstack_sync.base.exception_map import exception_for
from netstack_sync.base.net_errors import ERR_CERT_AUTHORITY_INVALID
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.cli import cert_command
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.testing.certificates import CertificateAuthority
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.script import STALL
from netstack_sync.testing.server_tls import TlsRecipe
from tests.support.command_line import Netstack
from tests.workers.certificate_factory import make_authority
from tests.workers.certificate_lists import make_list

PAGE = Path(__file__).resolve().parents[2] / "docs" / "command-line.rst"


def server_of(server: EmbeddedServer) -> str:
    """HOST:PORT."""
    return f"127.0.0.1:{server.port}"


def test_a_good_server(netstack: Netstack, secure_server: EmbeddedServer) -> None:
    """Everything about it on standard output; it gets no request."""
    done = netstack("cert", "--cacert", secure_server.ca_file, server_of(secure_server))
    lines = done.out.decode().splitlines()
    assert (done.status, done.err) == (0, "")
    assert lines[0].startswith(f"127.0.0.1:{secure_server.port} (TLSv1.3, ")
    assert "  issuer      CN=netstack_sync throw-away CA" in lines and lines[-1] == "  verdict     good"
    assert not secure_server.requests


def test_a_bad_certificate_is_shown_all_the_same(netstack: Netstack) -> None:
    """With reasons and advice, and the status that a fetch would have."""
    with EmbeddedServer(tls=TlsRecipe("expired")) as server:
        done = netstack("cert", "--cacert", server.ca_file, server_of(server))
    lines = done.out.decode().splitlines()
    assert (done.status, done.err) == (60, "")
    assert "  subject     CN=localhost" in lines and any(", expired 1 day ago" in line for line in lines)
    assert lines[-3].startswith("  verdict     ERR_CERT_DATE_INVALID (-201): ")
    assert lines[-2].startswith("  - CN=localhost has expired on ") and lines[-1].startswith("The certificate expired ")


def test_no_verdict_is_asked_for(netstack: Netstack) -> None:
    """-k shows any certificate, without a word about risks: nothing is sent."""
    with EmbeddedServer(tls=TlsRecipe("self_signed")) as server:
        done = netstack("cert", "-k", server_of(server))
    assert (done.status, done.err) == (0, "")
    assert done.out.endswith(b"  verdict     none was asked for\n") and b"  issuer      itself\n" in done.out


def test_the_help_tells_how_to_trust_a_server(netstack: Netstack, tmp_path: Path) -> None:
    """-k --pem gives a file that --cacert takes."""
    assert b"netstack cert -k --pem HOST > server.pem" in netstack("cert", "--help").out
    with EmbeddedServer(tls=TlsRecipe("self_signed")) as server:
        pem = netstack("cert", "-k", "--pem", server_of(server))
        assert (pem.status, pem.err) == (0, "") and pem.out.startswith(b"-----BEGIN CERTIFICATE-----\n")
        (tmp_path / "server.pem").write_bytes(pem.out)
        trusting = netstack("cert", "--cacert", str(tmp_path / "server.pem"), server_of(server))
        assert trusting.status == 0 and trusting.out.endswith(b"  verdict     good\n")
        assert netstack("fetch", "--cacert", str(tmp_path / "server.pem"), server.url("/hello")).out == b"hello\n"


def test_pem_of_a_refused_chain(netstack: Netstack, secure_server: EmbeddedServer) -> None:
    """The chain goes to a file, what is wrong with it to the terminal."""
    done = netstack("cert", "--pem", "--cacert", secure_server.ca_file, server_of(secure_server))
    assert done.status == 0 and done.out.count(b"BEGIN") == 2
    with EmbeddedServer(tls=TlsRecipe("expired")) as server:
        done = netstack("cert", "--pem", "--cacert", server.ca_file, server_of(server))
    assert done.status == 60 and done.out.count(b"BEGIN") == 1
    assert done.err.startswith("netstack: ERR_CERT_DATE_INVALID (-201): ") and done.err.count("\n") == 1


def test_json_is_one_object(netstack: Netstack) -> None:
    """Also of a refusal."""
    with EmbeddedServer(tls=TlsRecipe("wrong_host")) as server:
        done = netstack("cert", "--json", "--cacert", server.ca_file, server_of(server))
    values: dict[str, Any] = json.loads(done.out)
    assert (done.status, done.err, values["error"]) == (60, "", "ERR_CERT_COMMON_NAME_INVALID")
    assert values["chain"][0]["names"] == ["wrong.host.test"] and values["reasons"] and values["advice"]


def test_json_of_a_failure(netstack: Netstack) -> None:
    """When there is nothing to show."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{bound.getsockname()[1]}"
        done = netstack("cert", "--json", server)
        assert (done.status, done.err) == (7, "")
        values = json.loads(done.out)
        assert values.pop("detail").startswith(server)
        assert values == {"server": server, "net_error": -102, "error": "ERR_CONNECTION_REFUSED", "advice": ""}
        plain = netstack("cert", server)
        assert plain.status == 7 and plain.err.startswith("netstack: ERR_CONNECTION_REFUSED (-102): ")


def test_a_server_that_wants_a_certificate(netstack: Netstack, tmp_path: Path) -> None:
    """-E and --key are those of fetch."""
    authority = CertificateAuthority()
    certificate, key = authority.issue(["me"], is_client=True).write(tmp_path)
    recipe = TlsRecipe(client_ca=authority.pem, max_version=ssl.TLSVersion.TLSv1_2)
    with EmbeddedServer(tls=recipe) as server:
        trusting = ("cert", "--cacert", server.ca_file, server_of(server))
        shown = netstack(*trusting, "-E", certificate, "--key", key)
        refused = netstack(*trusting, "--json")
    assert (shown.status, shown.err) == (0, "") and b"(TLSv1.2, " in shown.out
    assert refused.status == 35
    assert json.loads(refused.out)["advice"] == "Pass --cert certificate.pem --key key.pem."


@pytest.mark.parametrize("flags, version", [(("--tls-max", "1.2"), "1.2"), (("--tlsv1.3",), "1.3")])
def test_which_tls_is_spoken(
    netstack: Netstack, secure_server: EmbeddedServer, flags: tuple[str, ...], version: str
) -> None:
    """The limits are those of fetch."""
    done = netstack("cert", "--cacert", secure_server.ca_file, *flags, server_of(secure_server))
    assert done.status == 0 and f"(TLSv{version}, ".encode() in done.out


def test_folders_of_authorities_and_revocation_lists(
    netstack: Netstack, secure_server: EmbeddedServer, tmp_path: Path
) -> None:
    """--capath and --crlfile are those of fetch too."""
    (tmp_path / "ca.pem").write_bytes(Path(secure_server.ca_file).read_bytes())
    lists = tmp_path / "lists.crl"
    lists.write_bytes(make_list(make_authority("somebody else")).public_bytes(Encoding.DER))
    server = server_of(secure_server)
    assert netstack("cert", "--capath", str(tmp_path), server).status == 0
    done = netstack("cert", "--capath", str(tmp_path), "--crlfile", str(lists), server)
    assert done.status == 60 and b"ERR_CERT_UNABLE_TO_CHECK_REVOCATION" in done.out
    assert b"--crlfile" in done.out.splitlines()[-1]


def test_a_terminal_without_the_letters(
    monkeypatch: pytest.MonkeyPatch, netstack: Netstack, secure_server: EmbeddedServer
) -> None:
    """Names are of all scripts; a script's output is often ASCII."""
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii", write_through=True))
    monkeypatch.setattr("netstack_sync.cli.cert_report.CertReport.lines", lambda _: ["日本", "b"])
    assert netstack("cert", "-k", server_of(secure_server)).status == 0
    assert written.getvalue() == b"\\u65e5\\u672c\nb\n"


def test_the_limit_holds(netstack: Netstack) -> None:
    """As the -m of the other commands."""
    with EmbeddedServer(tls=TlsRecipe(handshake=(STALL,))) as server:
        done = netstack("cert", "-m", "0.1", server_of(server))
    assert done.status == 28 and "no handshake within 0.1 s" in done.err


@pytest.mark.parametrize(
    "text, host, port",
    [
        ("a.test", "a.test", 443),
        ("A.test:993", "a.test", 993),
        ("https://a.test", "a.test", 443),
        ("https://a.test:8443/path?query", "a.test", 8443),
        ("192.0.2.1", "192.0.2.1", 443),
        ("192.0.2.1:25", "192.0.2.1", 25),
        ("::1", "::1", 443),
        ("[::1]:465", "::1", 465),
    ],
)
def test_whom_it_connects_to(
    netstack: Netstack, monkeypatch: pytest.MonkeyPatch, text: str, host: str, port: int
) -> None:
    """A host with or without a port, or a URL."""
    asked: list[tuple[SchemeHostPort, bool, float | None]] = []

    def note(_: object, origin: SchemeHostPort, tls: TlsConfig, timeout_s: float | None) -> SSLInfo:
        asked.append((origin, tls.trust.verify, timeout_s))
        return SSLInfo("TLSv1.3", "", "", ())

    monkeypatch.setattr(cert_command, "handshake", note)
    for arguments in ((), ("-m", "0"), ("-k", "--max-time", "1.5")):
        done = netstack("cert", text, *arguments)
        assert done.status == 0 and done.out.startswith(f"{'[::1]' if host == '::1' else host}:{port} (".encode())
    origin = SchemeHostPort("https", host, port)
    assert asked == [(origin, True, 30.0), (origin, True, None), (origin, False, 1.5)]


def test_a_refusal_of_which_nothing_is_known(netstack: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is only the message."""

    def refuse(*_: object) -> SSLInfo:
        raise exception_for(ERR_CERT_AUTHORITY_INVALID, detail="a.test:443: nobody knows")

    monkeypatch.setattr(cert_command, "handshake", refuse)
    done = netstack("cert", "a.test")
    assert done.status == 60 and "nobody knows" in done.err and done.out == b""


@pytest.mark.parametrize(
    "arguments, status, words",
    [
        (("http://a.test",), 3, "'http://a.test' is without TLS; pass an https URL, or HOST:PORT"),
        (("a..test",), 3, "empty label"),
        (("a.test:0x",), 3, "a.test:0x"),
        (("--cacert", "/nowhere.pem", "a.test"), 2, "netstack: --cacert: the CA file '/nowhere.pem' "),
        (("--capath", "/nowhere", "a.test"), 2, "netstack: --capath: the CA file '/nowhere' "),
        (("-E", "/nowhere.pem", "a.test"), 2, "netstack: --cert: cannot read '/nowhere.pem'"),
        (("--crlfile", "/nowhere.crl", "a.test"), 2, "netstack: --crlfile: there is no file or directory "),
        (("--key", "x", "a.test"), 2, "--key belongs to a certificate"),
        (("--pem", "--json", "a.test"), 2, "not allowed with"),
        (("-m", "x", "a.test"), 2, "'x' is not a number of seconds"),
        ((), 2, "the following arguments are required: HOST[:PORT]"),
    ],
)
def test_wrong_arguments(netstack: Netstack, arguments: tuple[str, ...], status: int, words: str) -> None:
    """With what is wrong."""
    done = netstack("cert", *arguments)
    assert done.status == status and words in done.err


def test_documentation_names_every_option(netstack: Netstack) -> None:
    """The page is kept true by this."""
    section = PAGE.read_text(encoding="utf-8").partition("``netstack cert ")[2].partition("\n``netstack ")[0]
    options = set(
        re.findall(r"(?<![\w-])--[a-z][\w-]*", netstack("cert", "--help").out.partition(b"exit status")[0].decode())
    )
    options -= {"--help", "--host-resolver-rules", "--doh-url", "--enable-features", "--disable-features"}
    assert [name for name in sorted(options) if f"``{name}" not in section] == []


def test_the_rules_of_names_hold(netstack: Netstack, secure_server: EmbeddedServer) -> None:
    """As in every session: the host that is asked for must be in the certificate, wherever it leads."""
    rules = f"MAP a.test 127.0.0.1:{secure_server.port}"
    done = netstack("cert", "--host-resolver-rules", rules, "--cacert", secure_server.ca_file, "a.test")
    assert done.status == 60 and b"not for 'a.test'" in done.out
