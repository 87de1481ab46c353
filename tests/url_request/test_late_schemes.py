"""The schemes beside http and https."""

from __future__ import annotations

import sys

from netstack_sync.base.net_errors import ERR_UNKNOWN_URL_SCHEME, OK
from netstack_sync.url_request.http_job import HttpJob
from netstack_sync.url_request.job_factory import URLRequestJobFactory
from netstack_sync.url_request.late_schemes import install_usual_schemes, load_scheme_rooms
from tests.support.jobs import Played, make_hop
from tests.support.scripted_stack import ScriptedStack


def test_what_is_served_if_nobody_says_anything(stack: ScriptedStack) -> None:
    """What needs nobody; files and other machines take more than that."""
    factory = URLRequestJobFactory(stack.session, services=make_hop(stack, "data:,x").services)
    install_usual_schemes(factory)

    def played(url: str) -> Played:
        hop = make_hop(stack, url)
        return Played(stack, factory.create_job(hop.info, hop.net_log, hop.observer))

    assert played("data:,x").body == b"x"
    assert played("about:blank").result == OK
    assert played("file:///etc/passwd").result == ERR_UNKNOWN_URL_SCHEME
    hop = make_hop(stack, "http://a.test/")
    assert isinstance(factory.create_job(hop.info, hop.net_log, hop.observer), HttpJob)


def test_the_files_are_there_for_who_asks() -> None:
    """Before the network thread needs them."""
    load_scheme_rooms()
    assert "netstack_sync.url_request.data_protocol" in sys.modules
