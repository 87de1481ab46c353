"""What is passed as a query or a form."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netstack_sync.base.form_pairs import BadPairValue, flat_pairs, form_encoded

_SCALARS = st.text() | st.binary() | st.integers() | st.floats() | st.booleans()


@pytest.mark.parametrize(
    "params, pairs",
    [
        ({"a": "1", "b": 2, "c": b"3", "d": 4.5}, [("a", "1"), ("b", 2), ("c", b"3"), ("d", 4.5)]),
        ([("a", "1"), ("a", True)], [("a", "1"), ("a", True)]),
        ({"a": [1, None, 2], "b": (), "c": ("x",)}, [("a", 1), ("a", 2), ("c", "x")]),
        ({"a": None}, []),
        (
            {"a": {1}, "b": frozenset("x"), "c": {"k": 1}.keys(), "d": {"k": "v"}.values()},
            [("a", 1), ("b", "x"), ("c", "k"), ("d", "v")],
        ),
        ({"net": ip_network("10.0.0.0/8")}, [("net", ip_network("10.0.0.0/8"))]),
    ],
)
def test_pairs(params: Any, pairs: list[tuple[str, object]]) -> None:
    """One for each parameter, in order; an object with a text of its own is one, though it can be iterated."""
    assert flat_pairs("params", params) == pairs


@pytest.mark.parametrize(
    "value, kind",
    [
        ({"k": 1}, "dict"),
        ((x for x in "ab"), "generator"),
        (bytearray(b"x"), "bytearray"),
        (memoryview(b"x"), "memoryview"),
        ([1, [2]], "list"),
        ([{"k": 1}], "dict"),
    ],
)
def test_what_nobody_means(value: object, kind: str) -> None:
    """Its text would go to the server; the argument, the name and the kind are said."""
    with pytest.raises(BadPairValue, match=rf"data: 'a' is, or holds, a {kind}; pass a string"):
        flat_pairs("data", {"a": value})


@pytest.mark.parametrize("params", [5, ["ab c"], [1]])
def test_what_is_no_pairs(params: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        flat_pairs("params", params)


@given(st.lists(st.tuples(_SCALARS, _SCALARS)))
@example([("a b", "c&d=e"), (b"\xff +", "\u20ac~._-"), ("", 5)])
def test_pairs_as_text(pairs: list[tuple[Any, Any]]) -> None:
    """What the standard library makes of them, which every server knows; what it cannot encode neither do we."""
    try:
        expected = urlencode(pairs)
    except UnicodeEncodeError:
        with pytest.raises(UnicodeEncodeError):
            form_encoded(pairs)
    else:
        assert form_encoded(pairs) == expected
