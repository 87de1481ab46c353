"""A DNS over HTTPS server on localhost that knows the names a test gives it."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.server_request import ReceivedRequest

PATH = "/dns-query"


def template(server: EmbeddedServer) -> str:
    """Where it is asked, by GET."""
    return server.url(PATH) + "{?dns}"


@contextmanager
def doh_server(names: Mapping[str, str]) -> Iterator[EmbeddedServer]:
    """A running server; `names` are those of hosts, each with its IPv4 address."""

    def answer(request: ReceivedRequest) -> Answer:
        encoded = request.query["dns"]
        query = dns.message.from_wire(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        question = query.question[0]
        reply = dns.message.make_response(query)
        address = names.get(question.name.to_text().rstrip("."))
        if address is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype == dns.rdatatype.A:
            reply.answer.append(dns.rrset.from_text(question.name, 300, "IN", "A", address))
        return Answer(headers={"Content-Type": "application/dns-message"}, body=reply.to_wire())

    with EmbeddedServer(tls=True) as server:
        server.route(PATH, answer)
        yield server
