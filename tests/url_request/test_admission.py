"""What may hold requests of a context back."""

from __future__ import annotations

from netstack_sync.base.url import Url
from netstack_sync.url_request.admission import Admission
from netstack_sync.url_request.resource_scheduler import ResourceScheduler, ResourceSchedulerSettings
from netstack_sync.url_request.throttler import URLRequestThrottler
from tests.support.scripted_stack import ScriptedStack
from tests.support.url_requests import context_over


def test_a_context_holds_nobody_back_by_default(stack: ScriptedStack) -> None:
    """Each of the three services is there or not by itself."""
    context = context_over(stack)
    assert context.admission is None
    throttler = URLRequestThrottler(stack.clock, lambda: 0.0)
    context.admission = Admission(None, throttler)
    assert context.admission.rate_limiter is None and context.admission.scheduler is None
    assert context.admission.throttler is throttler and throttler.entry_for(Url.parse("http://a.test/"))
    scheduler = ResourceScheduler(ResourceSchedulerSettings(), stack.thread.post)
    context.admission = Admission(None, None, scheduler)
    assert context.admission.scheduler is scheduler and context.admission.throttler is None
