"""Names of other libraries get an answer that says what to type here."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync import Session
from netstack_sync.fetcher.other_names import refuse_options, refuse_session_arguments


def test_a_request_tells_what_there_is() -> None:
    """In order; a name that nobody knows gets no hint."""
    with pytest.raises(TypeError) as caught:
        refuse_options({"typo", "proxies"}, {"proxy", "auth"}, {"limits"})
    assert str(caught.value) == (
        "proxies, typo: no such argument of a fetch; there are auth, proxy; "
        "for proxies use proxy, which takes the same mapping"
    )


def test_what_belongs_to_sessions() -> None:
    """The words of the session's own arguments count before those of other libraries."""
    with pytest.raises(TypeError, match=r"^limits: no such argument of a fetch; .*; for a whole session: Session"):
        refuse_options({"limits"}, {"auth"}, {"limits"})


def test_nothing_unknown_is_fine() -> None:
    refuse_options((), {"auth"}, ())
    refuse_session_arguments(())


@pytest.mark.parametrize(
    "name, hint",
    [
        ("proxies", "for proxies use proxy, which takes the same mapping"),
        ("mounts", "for mounts use proxy, which takes a mapping from schemes to proxies"),
        ("event_hooks", "for event_hooks use hooks"),
    ],
)
def test_a_session_knows_them_as_well(name: str, hint: str) -> None:
    """What a user of requests or httpx gives his session first."""
    options: Any = {name: {}}
    with pytest.raises(TypeError) as caught:
        Session(**options)
    assert str(caught.value) == f"{name}: no such argument of a Session; {hint}"
