"""URLs that strangers chose, fetched from public addresses only. `python examples/ssrf_filter.py [URL ...]`

The resolver hook is asked for every host that is to be connected to, those of redirects and IP literals included, and
connections go to the addresses that it gives: no name can lead elsewhere between the check and the connect.
"""

from __future__ import annotations

import ipaddress
import socket
import sys

from netstack_sync import DnsSettings, NetError, Session
from netstack_sync.testing.embedded_server import EmbeddedServer

PARTNERS = {"partner.example": "127.0.0.1"}  # what may be internal all the same

IPV6_INTERNET = ipaddress.ip_network("2000::/3")  # the rest is local, or has an IPv4 address inside
# The first has IPv4 addresses inside, too; the second is internal, which older Pythons do not know.
REFUSED = [ipaddress.ip_network("2002::/16"), ipaddress.ip_network("192.0.0.0/24")]


def is_public(text: str) -> bool:
    address = ipaddress.ip_address(text)
    if address.version == 6 and address not in IPV6_INTERNET:
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in REFUSED)


def public_only(host: str) -> list[str]:  # on a worker thread, which may wait
    if host in PARTNERS:
        return [PARTNERS[host]]
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    addresses = [address for address in found if is_public(address)]
    if not addresses:
        raise PermissionError(f"{host} is not public")
    return addresses


def main(urls: list[str]) -> None:
    with Session(dns=DnsSettings(resolver=public_only), proxy="direct") as session:  # a proxy looks names up itself
        for url in urls:
            try:
                print(session.get(url, timeout=10).status_code, url)
            except NetError as error:
                print("no answer:", error)


if __name__ == "__main__":
    with EmbeddedServer() as server:
        inside = [server.url("/hello", host) for host in ("localhost", "127.0.0.1", "2130706433")]
        partner = [server.url(path, "partner.example") for path in ("/hello", f"/redirect-to?url={inside[0]}")]
        main(sys.argv[1:] or partner + inside)
