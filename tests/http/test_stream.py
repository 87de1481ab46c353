"""The interface of streams."""

from __future__ import annotations

from netstack_sync.http.basic_stream import HttpBasicStream
from netstack_sync.http.stream import HttpStream
from tests.support.scripted_stack import ScriptedStack


def test_the_http1_stream_fulfils_it(stack: ScriptedStack) -> None:
    """The type checker proves it here; every member is there before anything was sent."""
    handle = stack.handle(stack.connection())
    stream: HttpStream = HttpBasicStream(handle, "GET", False)
    assert stream.head is None and not stream.received_bytes and not stream.sent_bytes and not stream.error_detail
    assert not stream.is_body_complete and not stream.can_find_end and not stream.is_connection_reused
    stream.close()
