"""fetch(): one default session, made on first use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

import netstack_sync
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.subprocesses import run_python


def test_a_page_in_one_line(server: EmbeddedServer) -> None:
    assert netstack_sync.fetch(server.url("/hello"), params={"a": 1}).text == "hello\n"
    assert netstack_sync.fetch(server.url("/echo"), "post", json=[1]).json()["body"] == "[1]"
    assert server.requests[0].target == "/hello?a=1"


def test_all_threads_share_its_connections(server: EmbeddedServer) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: netstack_sync.fetch(server.url("/hello")).ok, range(100)))
    assert server.connections_opened <= 6


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(netstack_sync.InvalidURL, match="scheme"):
        netstack_sync.fetch("gopher://h/")


def test_the_environment_counts_from_the_first_fetch_on() -> None:
    """A CA bundle that is missing fails the fetch that needs it and names the variable; it must fail neither the
    import nor what goes over plain http.
    """
    assert run_python(
        """
        import os
        os.environ["REQUESTS_CA_BUNDLE"] = "/no/such/bundle"
        import netstack_sync
        def outcome(url):
            try:
                netstack_sync.fetch(url)
            except Exception as error:
                return error
        for _ in range(2):
            assert isinstance(outcome("http://127.0.0.1:1/"), ConnectionRefusedError)
            error = outcome("https://127.0.0.1:1/")
            assert isinstance(error, ValueError) and str(error).startswith("REQUESTS_CA_BUNDLE: the CA file"), error
        del os.environ["REQUESTS_CA_BUNDLE"]
        assert isinstance(outcome("https://127.0.0.1:1/"), ConnectionRefusedError)
        print("ok")
        """
    ).startswith("ok")
