"""The same URL by several ways: a list of proxies, a script, none. `python examples/proxies.py [URL [PROXY ...]]`

Without proxies those of the environment count. Of a list the next is tried when one cannot be reached, and the one that
failed is skipped for five minutes.
"""

from __future__ import annotations

import sys

from netstack_sync import DnsSettings, NetError, PacScript, Session
from netstack_sync.testing.embedded_server import EmbeddedServer

SCRIPT = """
function FindProxyForURL(url, host) {
    return dnsDomainIs(host, ".example") ? "%s" : "DIRECT";
}"""
NAMES = DnsSettings(host_resolver_rules={"shop.example": "127.0.0.1"})  # for when nobody else looks it up


def main(url: str, proxies: list[str]) -> None:
    entries = "; ".join(proxy.replace("http://", "PROXY ") for proxy in proxies)
    script = PacScript(SCRIPT % entries)  # needs the extra `pac`
    with Session(proxy=proxies or None, proxy_auth=("me", "secret"), dns=NAMES) as session:
        for name, proxy in (("list", None), ("script", script), ("none", "direct")):
            try:
                response = session.get(url, proxy=proxy, timeout=10)
            except NetError as error:
                print(f"{name}: {error}")
            else:
                print(f"{name}: {response.status_code} through {' -> '.join(response.proxy_chain) or 'nobody'}")
        for chain, bad in session.stats().bad_proxies.items():
            print(f"{chain} is skipped: {bad.net_error}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1], sys.argv[2:])
    else:
        with EmbeddedServer() as server:  # the shop, and a proxy that knows the shop's answers
            nobody, somebody = "http://127.0.0.1:1", f"http://127.0.0.1:{server.port}"
            main(server.url("/hello", "shop.example"), [nobody, somebody])
