"""What the arguments of `netstack fetch` make of a request: method, headers, body, limits."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.cli.exit_status import BAD_URL, USAGE, CommandError
from netstack_sync.cli.fetch_request import plan_requests, session_pins
from netstack_sync.cli.main import make_parser, parse
from netstack_sync.cli.trust_options import session_tls
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.pins import pins_from_value
from netstack_sync.fetcher.session import Session
from netstack_sync.fetcher.timeout import Timeout
from netstack_sync.fetcher.tls_settings import TlsSettings
from netstack_sync.sockets.tls_config import ClientCertificate
from netstack_sync.testing.certificates import process_authority
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.command_line import Netstack


def request_of(*arguments: str) -> FetchRequest:
    """The request that a command line stands for; nothing is sent."""
    options = parse(make_parser(), ["fetch", *arguments])
    plan = plan_requests(options)
    return plan.prepare(Session(**session_tls(options)), plan.urls[0])


class Echo:
    """What the server saw of one command line."""

    def __init__(self, text: bytes) -> None:
        seen = json.loads(text)
        self.method: str = seen["method"]
        self.body: str = seen["body"]
        self.headers: dict[str, str] = seen["headers"]


def echo(netstack: Netstack, server: EmbeddedServer, *arguments: str) -> Echo:
    """Sends it."""
    done = netstack("fetch", server.url("/echo"), *arguments)
    assert (done.status, done.err) == (0, "")
    return Echo(done.out)


def test_url_without_scheme_gets_http() -> None:
    """As curl has it; a port is no scheme."""
    assert request_of("localhost:8000/x").url.href == "http://localhost:8000/x"
    assert request_of("https://h/").url.href == "https://h/"


@pytest.mark.parametrize(
    "arguments, method",
    [
        ((), "GET"),
        (("-I",), "HEAD"),
        (("-d", "x"), "POST"),
        (("--json", "{}"), "POST"),
        (("-F", "a=b"), "POST"),
        (("-XPUT", "-d", "x"), "PUT"),
        (("-X", "delete"), "DELETE"),
        (("-T", "f"), "PUT"),
        (("-G", "-d", "x"), "GET"),
        (("-IG", "-d", "x"), "HEAD"),
        (("a=b",), "POST"),
        (("a@/dev/null",), "POST"),
        (("a==b", "A:b"), "GET"),
        (("-X", "PUT", "a=b"), "PUT"),
    ],
)
def test_method_follows_from_the_arguments(arguments: tuple[str, ...], method: str) -> None:
    """-X wins over what a body implies."""
    assert request_of("h", *arguments).method == method


@pytest.mark.parametrize(
    "arguments, timeout",
    [
        ((), Timeout(connect=30, read=60)),
        (("-m", "5"), Timeout(total=5)),
        (("-m", "5", "--connect-timeout", "2"), Timeout(total=5, connect=2)),
        (("--connect-timeout", "2.5"), Timeout(connect=2.5, read=60)),
        (("-m", "0"), Timeout()),
        (("--connect-timeout", "0"), Timeout(read=60)),
    ],
)
def test_limits(arguments: tuple[str, ...], timeout: Timeout) -> None:
    """A deadline of the user's stands alone; 0 is none."""
    assert request_of("h", *arguments).timeout == timeout


def test_redirects_are_followed_only_when_asked_for() -> None:
    """curl's behaviour, not that of fetch()."""
    assert not request_of("h").follow_redirects
    followed = request_of("h", "-L", "--max-redirs", "3")
    assert followed.follow_redirects and followed.max_redirects == 3


def test_trust(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--cacert and --capath, which add up; -k goes over them."""
    file = tmp_path / "x.pem"
    file.write_bytes(process_authority().pem)
    path, folder = str(file), str(tmp_path)
    assert request_of("h").tls.trust.uses_default_roots
    assert request_of("h", "--cacert", path).tls.trust == TrustConfig(ca_file=path)
    assert request_of("h", "--capath", folder).tls.trust == TrustConfig(ca_path=folder)
    both = request_of("h", "--capath", folder, "--cacert", path)
    assert both.tls.trust == TrustConfig(ca_file=path, extra_ca=(folder,))
    assert capsys.readouterr().err == ""
    assert not request_of("h", "-k", "--cacert", path).tls.trust.verify


@pytest.mark.parametrize("arguments, is_told", [(("-k",), True), (("-ks",), False), (("-ksS",), False), ((), False)])
def test_trusting_anybody_is_told_in_one_line(
    netstack: Netstack,
    server: EmbeddedServer,
    arguments: tuple[str, ...],
    is_told: bool,
    recwarn: pytest.WarningsRecorder,
) -> None:
    """And not as a warning about lines of a program."""
    done = netstack("fetch", server.url("/hello"), *arguments)
    assert not recwarn.list
    line = "netstack: -k accepts any certificate: whoever is on the way can read and change this\n"
    assert done.status == 0 and done.err == (line if is_told else "")


def test_client_certificate(tmp_path: Path) -> None:
    """-E with a password or --pass, --key; a colon in a name has a backslash before it, as with curl."""
    identity = process_authority().issue(["me"], is_client=True)
    cert, key = identity.write(tmp_path)
    odd = tmp_path / "a:b\\c"
    odd.write_bytes(identity.cert_pem + identity.key_pem)
    name = str(odd).replace("\\", "\\\\").replace(":", "\\:")
    for arguments, expected in (
        (("-E", cert, "--key", key), ClientCertificate(cert, key)),
        (("-E", f"{cert}:se:cret", "--key", key), ClientCertificate(cert, key, "se:cret")),
        (("-E", f"{cert}:other", "--key", key, "--pass", "secret"), ClientCertificate(cert, key, "secret")),
        (("-E", name), ClientCertificate(str(odd))),
        (("-E", f"{name}:", "--pass", "x"), ClientCertificate(str(odd), None, "x")),
        (("-E", f"{name}:"), ClientCertificate(str(odd), None, "")),
    ):
        assert request_of("h", *arguments).tls.client_certificate == expected


@pytest.mark.parametrize(
    "arguments, settings",
    [
        ((), TlsSettings()),
        (("--tlsv1.2",), TlsSettings()),
        (("--tlsv1.3",), TlsSettings(min_version="1.3")),
        (("--tls-max", "1.2"), TlsSettings(max_version="1.2")),
        (("--tls-max", "default"), TlsSettings()),
        (("--ciphers", "ECDHE+AESGCM"), TlsSettings(ciphers="ECDHE+AESGCM")),
        (("--crlfile", "/dev/null"), TlsSettings(crls="/dev/null")),
    ],
)
def test_what_tls_the_session_speaks(arguments: tuple[str, ...], settings: TlsSettings) -> None:
    """curl's options."""
    options = make_parser().parse_args(["fetch", "h", *arguments])
    assert session_tls(options) == {"tls": settings, "extra_ca": None}


@pytest.mark.parametrize("arguments", [("--tlsv1.3", "--tls-max", "1.2"), ("--crlfile", "/no/such/file")])
def test_tls_that_makes_no_sense(arguments: tuple[str, ...]) -> None:
    """A usage error, with the words of the settings."""
    with pytest.raises(CommandError) as caught:
        session_tls(make_parser().parse_args(["fetch", "h", *arguments]))
    assert caught.value.status == USAGE and arguments[-1] in str(caught.value)


@pytest.mark.parametrize(
    "url, host",
    [("h.test", "h.test"), ("https://H.test:8443/x", "h.test"), ("https://[::1]:8443/", "::1"), ("127.1", "127.0.0.1")],
)
def test_pins_are_for_the_host_of_the_url(url: str, host: str) -> None:
    """One or several, in curl's notation, which a session understands."""
    one, two = (f"sha256//{letter * 43}=" for letter in "AB")
    options = make_parser().parse_args(["fetch", url, "--pinnedpubkey", f"{one};{two}"])
    pins = session_pins(options, (url if "://" in url else f"http://{url}",))
    assert pins == {host: [one, two]} and pins_from_value(pins).has_pins(host)
    assert session_pins(make_parser().parse_args(["fetch", url]), ()) is None


@pytest.mark.parametrize(
    "url, keys, status, words",
    [
        (
            "h.test",
            "key.pem",
            USAGE,
            "--pinnedpubkey 'key.pem': pass sha256//HASH[;sha256//HASH]; a file, as of curl, ",
        ),
        ("h..test", "sha256//x", BAD_URL, "empty label"),
    ],
)
def test_pins_that_make_no_sense(url: str, keys: str, status: int, words: str) -> None:
    """curl reads a file here, too."""
    with pytest.raises(CommandError) as caught:
        session_pins(make_parser().parse_args(["fetch", url, "--pinnedpubkey", keys]), (f"http://{url}/",))
    assert caught.value.status == status and words in str(caught.value)


def test_pins_are_compared(netstack: Netstack) -> None:
    """With curl's status for a key that is not there."""
    with EmbeddedServer(tls=True) as server:
        pin = json.loads(netstack("cert", "-k", "--json", server.url()).out)["chain"][0]["pin"].replace("/", "//", 1)
        arguments = ("fetch", "--cacert", server.ca_file, server.url("/hello"), "--pinnedpubkey")
        assert netstack(*arguments, pin).out == b"hello\n"
        done = netstack(*arguments, f"sha256//{'A' * 43}=")
        assert done.status == 90 and done.out == b"" and pin.replace("//", "/", 1) in done.err
        assert netstack(*arguments, "sha256//short").status == 2


def test_headers_of_the_user_replace_those_that_are_implied(netstack: Netstack, server: EmbeddedServer) -> None:
    """ "Name: value" sets, "Name:" leaves out, "Name;" sends it empty, in any case of letters."""
    seen = echo(
        netstack,
        server,
        *("-A", "agent", "-e", "http://from/", "-d", "x"),
        *("-H", "content-type: text/x", "-H", "X-Two: 1", "-H", "X-Two: 2", "-H", "Accept:", "-H", "X-Empty;"),
    )
    assert seen.headers["User-Agent"] == "agent" and seen.headers["Referer"] == "http://from/"
    assert seen.headers["content-type"] == "text/x" and seen.headers["X-Two"] == "1, 2"
    assert seen.headers["X-Empty"] == "" and "Accept" not in seen.headers


def test_header_beyond_ascii_goes_out_as_the_bytes_of_the_terminal() -> None:
    """curl sends them as they were typed: UTF-8."""
    assert request_of("h", "-H", "X: ü").headers.get("X") == "ü".encode().decode("latin-1")


def test_data_is_a_form_whose_pieces_are_joined(netstack: Netstack, server: EmbeddedServer, tmp_path: Path) -> None:
    """@FILE loses its line ends with -d and keeps them with --data-binary; --data-raw knows no @."""
    file = tmp_path / "lines"
    file.write_bytes(b"one\r\ntwo\n")
    seen = echo(netstack, server, *("-d", "a=1", "-d", f"@{file}", "--data-raw", "@x", "--data-binary", f"@{file}"))
    assert seen.method == "POST" and seen.body == "a=1&onetwo&@x&one\r\ntwo\n"
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_data_from_standard_input(netstack: Netstack, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """-d @- reads stdin."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from stdin")))
    assert echo(netstack, server, "-d", "@-").body == "from stdin"


def test_json_pieces_are_joined_without_a_separator(netstack: Netstack, server: EmbeddedServer) -> None:
    """With the two headers that curl sends."""
    seen = echo(netstack, server, "--json", '{"a":', "--json", "1}")
    assert json.loads(seen.body) == {"a": 1}
    assert seen.headers["Content-Type"] == seen.headers["Accept"] == "application/json"


def test_form_is_multipart_with_fields_and_files(netstack: Netstack, server: EmbeddedServer, tmp_path: Path) -> None:
    """A field, a file by its base name, a file whose type is given."""
    file = tmp_path / "a.txt"
    file.write_bytes(b"content")
    seen = echo(netstack, server, "-F", "name=value", "-F", f"f=@{file}", "-F", f"g=@{file};type=x/y")
    assert seen.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert 'name="name"\r\n\r\nvalue\r\n' in seen.body
    assert 'name="f"; filename="a.txt"' in seen.body and "Content-Type: x/y\r\n\r\ncontent" in seen.body


def test_form_with_fields_alone_is_multipart_too(netstack: Netstack, server: EmbeddedServer) -> None:
    """-F never makes a urlencoded form."""
    seen = echo(netstack, server, "-F", "a=b")
    assert seen.headers["Content-Type"].startswith("multipart/form-data") and 'name="a"\r\n\r\nb' in seen.body


def test_credentials(netstack: Netstack, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing password is asked for; an Authorization of the user's own wins."""
    monkeypatch.setattr("getpass.getpass", lambda prompt: "pass")
    assert echo(netstack, server, "-u", "user:pa:ss").headers["Authorization"] == "Basic dXNlcjpwYTpzcw=="
    assert echo(netstack, server, "-u", "user").headers["Authorization"] == "Basic dXNlcjpwYXNz"
    assert echo(netstack, server, "-u", "u:p", "-H", "Authorization: mine").headers["Authorization"] == "mine"


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ((), None),
        (("-o", "-"), None),
        (("-o", "file"), "identity"),
        (("-O",), "identity"),
        (("--raw",), "identity"),
        (("-o", "file", "--compressed"), None),
        (("-o", "file", "-H", "Accept-Encoding: gzip"), "gzip"),
        (("-o", "file", "Accept-Encoding:gzip"), "gzip"),
        (("-r", "0-1"), "identity"),
        (("-C", "-", "-O"), None),
    ],
)
def test_a_file_is_asked_for_as_it_is(arguments: tuple[str, ...], expected: str | None) -> None:
    """What is saved has a known length unless --compressed says that it may be encoded on the way."""
    coding = request_of("http://h/x", *arguments).headers.get("Accept-Encoding") or ""
    assert coding == expected if expected else "gzip" in coding and "," in coding


@pytest.mark.parametrize(
    "arguments, status, why",
    [
        (("http://",), 3, "url"),
        (("ftp://h/",), 3, "'ftp' is not supported; use http or https; --ftp turns it on\n"),
        (("file:///x",), 3, "--file-root DIR names the folder whose files may be read\n"),
        (("x-y://h/",), 3, "'x-y' is not supported; use http or https\n"),
        (("-T", "-", "h", "i"), 2, "-T - can be read once"),
        (("http://h:70000/",), 3, "70000"),
        (("h", "-X", "A B"), 2, "method"),
        (("h", "-H", "no colon"), 2, "'Name: value'"),
        (("h", "-H", "X: a\nb"), 2, "'X'"),
        (("h", "-H", "a b: c"), 2, "'a b'"),
        (("h", "-F", "name"), 2, "NAME=VALUE"),
        (("h", "--cacert", "/no/such/file"), 2, "/no/such/file"),
        (("h", "-E", "/no/such/file"), 2, "/no/such/file"),
        (("h", "-d", "@/no/such/file"), 26, "/no/such/file"),
        (("POST", "h", "-X", "PUT"), 2, "-X PUT and POST are two methods"),
        (("h", "a=b", "-d", "x"), 2, "which does not go with -d"),
        (("h", "a=b", "-F", "x=y"), 2, "which does not go with -F"),
        (("h", "a=b", "-T", "x"), 2, "which does not go with -T"),
        (("h", "a=b", "-I"), 2, "which does not go with -I"),
        (("h", "a=b", "-C", "-", "-O"), 2, "which does not go with -C"),
        (("h", "a:=b"), 2, "this is not JSON"),
        (("h", "-b", "a=b; c"), 2, "'c' is no cookie"),
        (("h", "-b", "=b"), 2, "-b: '' is no name"),
        (("h", "-b", "a=b", "-H", "Cookie: c=d"), 2, "-b: the request has a Cookie header too"),
        (("h", "--netrc-file", "/no/such/file"), 2, "--netrc: cannot read the netrc file '/no/such/file'"),
        (("h", "-u", "me\udcff:x"), 2, "-u: user name and password must be valid Unicode"),
        (("h", "--resolve", "x"), 2, "HOST:PORT:ADDRESS"),
        (("h", "-w", "@/no/such/file"), 26, "/no/such/file"),
        (("h", "-F", "a=@/no/such/file"), 26, "/no/such/file"),
    ],
)
def test_bad_arguments_are_named_before_anything_is_sent(
    netstack: Netstack, arguments: tuple[str, ...], status: int, why: str
) -> None:
    """One line on stderr that names what is wrong, and the status of its kind."""
    done = netstack("fetch", *arguments)
    assert done.status == status and done.out == b""
    assert done.err.startswith("netstack: ") and why in done.err and done.err.count("\n") == 1


def test_items_are_json_unless_a_form_is_wanted(netstack: Netstack, server: EmbeddedServer, tmp_path: Path) -> None:
    """As with HTTPie: JSON with its Accept, a form, or multipart, which files make of it."""
    seen = echo(netstack, server, "a=b", "n:=1", "a=c")
    assert seen.body == '{"a":"c","n":1}' and seen.headers["Content-Type"] == "application/json"
    assert seen.headers["Accept"] == "application/json, */*;q=0.5"
    assert echo(netstack, server, "a=b", "Accept:x/y").headers["Accept"] == "x/y"
    seen = echo(netstack, server, "--form", "a=b c", "n:=[1]", "a=d")
    assert seen.body == "a=b+c&n=%5B1%5D&a=d" and seen.headers["Accept"] == "*/*"
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"
    seen = echo(netstack, server, "--multipart", "a=b")
    assert seen.headers["Content-Type"].startswith("multipart/") and 'name="a"\r\n\r\nb\r\n' in seen.body
    (tmp_path / "f.txt").write_bytes(b"content")
    seen = echo(netstack, server, "a=b", f"f@{tmp_path}/f.txt")
    assert 'name="a"\r\n\r\nb\r\n' in seen.body and 'filename="f.txt"\r\nContent-Type: text/plain' in seen.body


def test_query_comes_from_items_and_from_data() -> None:
    """`name==v` is encoded; what -G appends is as it was given, before a fragment."""
    assert request_of("h/?x#f", "a==b c", "d==").url.href == "http://h/?x&a=b+c&d=#f"
    assert request_of("h/#f", "-G", "-d", "a=b", "--data-urlencode", "c=d e").url.href == "http://h/?a=b&c=d+e#f"
    request = request_of("h/?x", "-G", "--json", "{}")
    assert request.url.href == "http://h/?x&%7B%7D" and request.body is None
    assert "content-type" not in request.headers and request.headers.get("Accept") == "*/*"


@pytest.mark.parametrize(
    "url, path",
    [("h/in/", "/in/a%20b.txt"), ("h/in", "/in"), ("h/in/?q", "/in/a%20b.txt?q"), ("http://h/", "/a%20b.txt")],
)
def test_uploaded_file_gives_a_folder_its_name(url: str, path: str) -> None:
    """As with curl -T."""
    assert request_of(url, "-T", "some/a b.txt").url.href == f"http://h{path}"
    assert request_of("h/in/", "-T", "-").url.href == "http://h/in/"


def test_range_cookies_and_retries_are_told() -> None:
    """Each where it belongs."""
    request = request_of("h", "-r", "0-9", "-b", "a=1; b=2", "--retry", "2", "--max-filesize", "1k")
    assert request.headers.get("Range") == "bytes=0-9" and dict(request.cookies) == {"a": "1", "b": "2"}
    assert request.retries is not None and request.retries.total == 2 and request.max_response_size == 1024


@pytest.mark.parametrize(
    "arguments, has_body",
    [
        ((), False),
        (("-d", "x"), True),
        (("a=b",), True),
        (("-F", "a=b"), True),
        (("--form", "a=b"), True),
        (("a==b",), False),
    ],
)
def test_what_is_sent_of_any_body_is_told(arguments: tuple[str, ...], has_body: bool) -> None:
    """And of a request without one nothing."""

    def on_sent(sent_bytes: int, total_bytes: int | None) -> None: ...

    plan = plan_requests(parse(make_parser(), ["fetch", "h", *arguments]))
    assert plan.has_body == has_body
    assert plan.options_for(None, on_sent).get("upload_progress") == (on_sent if has_body else None)


def test_file_to_send_is_opened_for_each_request() -> None:
    """None without -T."""
    with plan_requests(parse(make_parser(), ["fetch", "h"])).open_upload() as nothing:
        assert nothing is None
    with plan_requests(parse(make_parser(), ["fetch", "h", "-T", "/dev/null"])).open_upload() as upload:
        assert upload is not None
