"""What a job may use."""

from __future__ import annotations

from netstack_sync.url_request.hop import Hop
from tests.support.jobs import Witness, make_hop
from tests.support.scripted_stack import ScriptedStack, request_info


def test_another_request_on_the_same_way(stack: ScriptedStack) -> None:
    """Log, observer and services stay."""
    witness = Witness()
    hop: Hop = make_hop(stack, witness=witness)
    other = hop._replace(info=request_info("app:y"))
    assert other.info.url.href == "app:y" and other.services is hop.services and other.observer is witness
    assert other.services.thread is stack.thread and other.services.disk_workers is stack.workers
