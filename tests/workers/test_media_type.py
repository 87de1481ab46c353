"""Media types by name."""

from __future__ import annotations

import pytest

from netstack_sync.workers.media_type import media_type_of


@pytest.mark.parametrize(
    "name, media_type",
    [
        ("a.html", "text/html"),
        ("A.HTML", "text/html"),
        ("a.b.json", "application/json"),
        ("a#b?.txt", "text/plain"),
        ("a.js", "text/javascript"),
        ("a.webp", "image/webp"),
        ("a.tar.gz", "application/gzip"),
        ("a.tgz", "application/gzip"),
        ("a.html.bz2", "application/x-bzip2"),
        ("a.Z", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
        ("a", "application/octet-stream"),
        (".html", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_by_the_last_suffix(name: str, media_type: str) -> None:
    """A compressed file is one: nobody decodes it on the way."""
    assert media_type_of(name) == media_type
