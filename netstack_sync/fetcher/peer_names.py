"""PeerNames: what requests and httpx call things that a response has under another name, or can be asked."""

from __future__ import annotations

from collections.abc import Iterator

from netstack_sync.base.exceptions import InvalidURL
from netstack_sync.base.url import Url
from netstack_sync.fetcher.readable_body import ReadableBody


class PeerNames(ReadableBody):
    """The part of a Response that needs nothing but its status, headers, URL and body."""

    @property
    def is_success(self) -> bool:
        """True for 2xx."""
        return 200 <= self.status < 300

    @property
    def is_client_error(self) -> bool:
        """True for 4xx."""
        return 400 <= self.status < 500

    @property
    def is_server_error(self) -> bool:
        """True for 5xx."""
        return 500 <= self.status < 600

    @property
    def is_error(self) -> bool:
        """True for 4xx and 5xx."""
        return 400 <= self.status < 600

    @property
    def reason_phrase(self) -> str:
        """`reason`, as httpx calls it."""
        return self.reason or ""

    @property
    def links(self) -> dict[str, dict[str, str]]:
        """The Link header by relation: `links["next"]["url"]` is the next page, its URL complete."""
        from netstack_sync.wire.link_header import parse_links  # late: few ask for it

        base = Url.parse(self.url or "")
        found: dict[str, dict[str, str]] = {}
        for link in parse_links(self.headers.get("link", "")):
            try:
                link["url"] = base.resolve(link["url"]).href
            except InvalidURL:
                continue  # nobody can go there
            for relation in link.get("rel", link["url"]).split():
                found.setdefault(relation, link)
        return found

    def iter_content(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """`iter_bytes()`, as requests calls it; without a size the pieces are as large as they come."""
        return self.iter_bytes(chunk_size)
