"""What every handler is unless it says otherwise."""

from __future__ import annotations

import pytest

from netstack_sync.base.url import Url
from netstack_sync.url_request.protocol_handler import ProtocolHandler
from tests.support.jobs import make_hop
from tests.support.scripted_stack import ScriptedStack


def test_nobody_may_be_sent_there(stack: ScriptedStack) -> None:
    """Whoever serves a scheme has to say that strangers may."""
    assert not ProtocolHandler().is_safe_redirect_target(Url.parse("app:x"))
    with pytest.raises(NotImplementedError):
        ProtocolHandler().create_job(make_hop(stack))
