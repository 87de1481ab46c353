"""What a context has for DNS over HTTPS fits together."""

from __future__ import annotations

from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.dns.host_resolver import DEFAULT_PARAMETERS
from netstack_sync.dns.secure_dns import SecureDnsMode
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.doh_config import DohConfig
from netstack_sync.url_request.doh_parts import DohParts
from tests.support.resolver import ScriptedResolver
from tests.support.scripted_stack import ScriptedStack
from tests.support.url_requests import context_over


def test_the_resolver_runs_and_ends(stack: ScriptedStack) -> None:
    """It looks whose servers there are, over the context that it was attached to."""
    context = context_over(stack)
    parts = DohParts(DohConfig(SecureDnsMode.AUTOMATIC), TlsConfig(TrustConfig()), context.thread, stack.workers)
    parts.attach(context)
    parts.hosts.start()
    parts.resolver.start()
    stack.run_workers()
    parts.resolver.shut_down()
    parts.hosts.shut_down()


def test_the_names_of_the_servers_are_asked_of_the_resolver_below(stack: ScriptedStack) -> None:
    """In words which say that DNS over HTTPS must not be asked for them."""
    context, below = context_over(stack), ScriptedResolver()
    parts = DohParts(DohConfig(SecureDnsMode.AUTOMATIC), TlsConfig(TrustConfig()), context.thread, stack.workers)
    parts.bootstrap_over(below).create_request("dns.test", 443, DEFAULT_PARAMETERS, stack.log())
    assert below.requests[0].parameters.is_bootstrap
