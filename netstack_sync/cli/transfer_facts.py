"""TransferFacts: what is known about one transfer once it is over; what -w writes is made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from netstack_sync.base.cert_status import CertStatus, map_cert_status_to_net_error
from netstack_sync.base.exceptions import CertificateError
from netstack_sync.base.load_timing import ConnectTiming, LoadTiming
from netstack_sync.base.net_errors import OK
from netstack_sync.base.url import Url
from netstack_sync.cli.terminal_text import field_text
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.response import Response

Value: TypeAlias = "str | int | float | None"
"""As in JSON; None is what curl writes nothing for."""

# The numbers of OpenSSL (x509_vfy.h) for what a chain may have, the most serious first.
_VERIFY_RESULTS: Final = (
    (CertStatus.REVOKED, 23),
    (CertStatus.AUTHORITY_INVALID, 20),
    (CertStatus.COMMON_NAME_INVALID, 62),
    (CertStatus.DATE_INVALID, 10),
)
_OTHER_VERIFY_RESULT: Final = 1  # X509_V_ERR_UNSPECIFIED


@dataclass(slots=True)
class TransferFacts:
    """Filled in while the transfer runs, by the thread that runs it. Times are seconds of the session's clock."""

    url: str
    """As it was typed, made complete; without credentials."""
    number: int = 0
    """Of the URL on the command line, from 0 on."""
    started_at: float = 0.0
    ended_at: float = 0.0
    request: FetchRequest | None = None
    response: Response | None = None
    error: BaseException | None = None
    message: str = ""
    """Of the failure."""
    exit_status: int = 0
    filename: str | None = None
    downloaded_bytes: int = 0
    uploaded_bytes: int = 0
    headers_bytes: int = 0
    """Of all heads on the way."""

    @property
    def timing(self) -> LoadTiming | None:
        """That of the last request, as far as it came."""
        if self.response is not None:
            return self.response.timing
        timing = getattr(self.error, "timing", None)
        return timing if isinstance(timing, LoadTiming) else None

    @property
    def total_s(self) -> float:
        """From beginning to end."""
        return max(0.0, self.ended_at - self.started_at)

    def since_start(self, stamp: float | None) -> float:
        """The time from the beginning until then; 0 if it never came."""
        return 0.0 if stamp is None else max(0.0, stamp - self.started_at)


def value_of(facts: TransferFacts, name: str) -> Value:
    """The value of one of VARIABLES."""
    return VARIABLES[name](facts)


def header_values(facts: TransferFacts) -> dict[str, list[str]]:
    """The headers of the last answer by their names in lower case."""
    headers: dict[str, list[str]] = {}
    if facts.response is not None:
        for name, value in facts.response.headers.iteritems():
            headers.setdefault(name.lower(), []).append(field_text(value))
    return headers


def _answered(look: Callable[[Response], Value], otherwise: Value = None) -> Callable[[TransferFacts], Value]:
    return lambda facts: otherwise if facts.response is None else look(facts.response)


def _stamp(look: Callable[[LoadTiming], float | None]) -> Callable[[TransferFacts], Value]:
    return lambda facts: 0.0 if facts.timing is None else facts.since_start(look(facts.timing))


def _connected(look: Callable[[ConnectTiming], float | None]) -> Callable[[LoadTiming], float | None]:
    """On a socket that was there already each part of connecting was over when the request began, as with curl."""
    return lambda timing: timing.request_start if timing.connect is None else look(timing.connect)


def _tcp_end(connect: ConnectTiming) -> float | None:
    return connect.connect_end if connect.ssl_start is None else connect.ssl_start


def _redirect_s(facts: TransferFacts) -> float:
    if facts.response is None or not facts.response.history:
        return 0.0
    return facts.since_start(facts.response.timing.request_start)


def _speed(size_bytes: int, facts: TransferFacts) -> int:
    return int(size_bytes / facts.total_s) if facts.total_s else 0


def _url(facts: TransferFacts) -> Url | None:
    """Where it came from, or was asked for."""
    if facts.response is not None:
        return Url.parse(facts.response.url)
    return None if facts.request is None else facts.request.url.without_credentials()


def _effective_url(facts: TransferFacts) -> str:
    url = _url(facts)
    return facts.url if url is None else url.href


def _scheme(facts: TransferFacts) -> str | None:
    url = _url(facts)
    return None if url is None else url.scheme


def _redirect_url(response: Response) -> Value:
    """Where the answer leads, when that was not followed."""
    location = response.headers.get("location")
    if not response.is_redirect or location is None:
        return None
    try:
        return Url.parse(response.url).resolve(location).without_credentials().href
    except ValueError:
        return location


def _verify_result(facts: TransferFacts) -> int:
    """What OpenSSL would call the verdict; 0 for a good one, and where there is none."""
    status = CertStatus(0)
    if isinstance(facts.error, CertificateError):
        status = facts.error.cert_status
    elif facts.response is not None and facts.response.certificate is not None:
        status = facts.response.certificate.cert_status
    for flag, number in _VERIFY_RESULTS:
        if flag in status:
            return number
    return _OTHER_VERIFY_RESULT if map_cert_status_to_net_error(status) != OK else 0


def _new_connections(response: Response) -> int:
    return sum(
        [each.remote_address is not None and not each.connection_reused for each in (*response.history, response)]
    )


def _content_type(response: Response) -> Value:
    value = response.headers.get("content-type")
    return None if value is None else field_text(value)


def _remote_ip(response: Response) -> Value:
    address = response.remote_address
    return None if address is None else address.address


def _remote_port(response: Response) -> Value:
    address = response.remote_address
    return 0 if address is None else address.port


def _status(response: Response) -> int:
    return response.status


VARIABLES: Final[dict[str, Callable[[TransferFacts], Value]]] = {
    "content_type": _answered(_content_type),
    "errormsg": lambda facts: facts.message or None,
    "exitcode": lambda facts: facts.exit_status,
    "filename_effective": lambda facts: facts.filename,
    "http_code": _answered(_status, 0),
    "http_version": _answered(lambda response: response.http_version.removeprefix("HTTP/"), "0"),
    "method": lambda facts: None if facts.request is None else facts.request.method,
    "num_connects": _answered(_new_connections, 0),
    "num_headers": _answered(lambda response: len(list(response.headers.iteritems())), 0),
    "num_redirects": _answered(lambda response: len(response.history), 0),
    "proxy_used": _answered(lambda response: int(bool(response.proxy_chain)), 0),
    "redirect_url": _answered(_redirect_url),
    "referer": lambda facts: None if facts.request is None else facts.request.headers.get("referer"),
    "remote_ip": _answered(_remote_ip),
    "remote_port": _answered(_remote_port, 0),
    "response_code": _answered(_status, 0),
    "scheme": _scheme,
    "size_download": lambda facts: facts.downloaded_bytes,
    "size_header": lambda facts: facts.headers_bytes,
    "size_upload": lambda facts: facts.uploaded_bytes,
    "speed_download": lambda facts: _speed(facts.downloaded_bytes, facts),
    "speed_upload": lambda facts: _speed(facts.uploaded_bytes, facts),
    "ssl_verify_result": _verify_result,
    "time_appconnect": _stamp(lambda timing: None if timing.connect is None else timing.connect.ssl_end),
    "time_connect": _stamp(_connected(_tcp_end)),
    "time_namelookup": _stamp(_connected(lambda connect: connect.domain_lookup_end)),
    "time_pretransfer": _stamp(lambda timing: timing.send_start),
    "time_redirect": _redirect_s,
    "time_starttransfer": _stamp(lambda timing: timing.receive_headers_start),
    "time_total": lambda facts: facts.total_s,
    "url": lambda facts: facts.url,
    "url_effective": _effective_url,
    "urlnum": lambda facts: facts.number,
}
