"""The Link header: targets and parameters, whatever stands there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.wire.link_header import parse_links


@pytest.mark.parametrize(
    ("value", "links"),
    [
        ("", []),
        ("nothing", []),
        ("<", []),
        ("</a>", [{"url": "/a"}]),
        ("< /a >;rel=next", [{"url": "/a", "rel": "next"}]),
        ('</a>; rel="next", </b> ; REL = last', [{"url": "/a", "rel": "next"}, {"url": "/b", "rel": "last"}]),
        ('</a>; rel=next; rel=last; crossorigin; as=""', [{"url": "/a", "rel": "next", "crossorigin": "", "as": ""}]),
        (r'</a>; title="<x>, \"y\"; rel=z"; rel=next', [{"url": "/a", "title": '<x>, "y"; rel=z', "rel": "next"}]),
        ('</a>; rel="next, </b>; rel=last', [{"url": "/a", "rel": ""}, {"url": "/b", "rel": "last"}]),
        ("</a;</b>; rel=next", [{"url": "/b", "rel": "next"}]),
    ],
)
def test_links(value: str, links: list[dict[str, str]]) -> None:
    """RFC 8288 §3: names in any case, the first of a name counts, what is quoted is no link."""
    assert parse_links(value) == links


@given(st.text(alphabet='<>;,="\\ ar', max_size=60))
def test_whatever_comes_is_read(value: str) -> None:
    """Every target stands in the header, and each link has one."""
    for link in parse_links(value):
        assert link["url"] in value


def test_a_long_header_takes_linear_time() -> None:
    """256 KiB of what almost matches end at once."""
    assert parse_links("<a>" + ";a" * 130_000 + '="') != []
    assert parse_links("<" * 260_000) == []
