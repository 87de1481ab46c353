"""A job around a job."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_UNEXPECTED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.loop.completion import Completion
from netstack_sync.url_request.job_wrapper import JobWrapper
from tests.support.jobs import RaisingJob, ScriptedJob
from tests.support.loops import RecordedCompletion
from tests.support.scripted_stack import ScriptedStack, request_info


def test_it_tells_what_the_inner_job_tells(stack: ScriptedStack) -> None:
    """All of it, and passes on what it is told."""
    inner = ScriptedJob(stack, request_info())
    wrapper = JobWrapper(inner)
    inner.start(lambda _: None)
    for name in (
        *("response", "timing", "load_state", "connecting_since", "error_detail", "ssl_info", "sent_bytes"),
        *("has_sent_bytes", "is_body_complete"),
    ):
        assert getattr(wrapper, name) is getattr(inner, name)
    assert wrapper.response is not None
    wrapper.set_priority(RequestPriority.LOWEST)
    assert inner.priorities == [RequestPriority.LOWEST]
    assert (wrapper.read(lambda _: None), wrapper.read(lambda _: None)) == (b"body", b"")
    wrapper.close()
    assert inner.is_closed


def test_how_it_starts_is_for_its_users_to_say(stack: ScriptedStack) -> None:
    with pytest.raises(NotImplementedError):
        JobWrapper(ScriptedJob(stack, request_info())).start(lambda _: None)


def test_the_inner_job_may_be_exchanged(stack: ScriptedStack) -> None:
    """Once, before the head; an outcome that is waited for is passed on."""
    first, second = ScriptedJob(stack, request_info()), ScriptedJob(stack, request_info(), 299)

    class Exchanging(JobWrapper):
        __slots__ = ()

        def start(self, on_headers: Completion) -> int:
            self._on_headers = on_headers
            self._exchange(second)
            self._complete(ERR_IO_PENDING)
            stack.thread.post(lambda: self._complete(OK))
            return ERR_IO_PENDING

    on_headers = RecordedCompletion()
    wrapper = Exchanging(first)
    assert wrapper.start(on_headers) == ERR_IO_PENDING
    assert first.is_closed and not second.is_closed and not on_headers.is_called
    stack.run()
    assert on_headers.result == OK and wrapper.read(lambda _: None) == b"body"


def test_an_inner_job_that_raises(stack: ScriptedStack, capsys: pytest.CaptureFixture[str]) -> None:
    """It is replaced by one that fails."""

    class Starting(JobWrapper):
        __slots__ = ()

        def start(self, on_headers: Completion) -> int:
            return self._start_inner(on_headers)

    broken = RaisingJob()
    assert Starting(broken).start(lambda _: None) == ERR_UNEXPECTED and broken.is_closed
    assert "a bug of the job" in capsys.readouterr().err
