"""What users are told about TLS that does not protect, and where it points."""

from __future__ import annotations

import logging
import warnings

import pytest

from netstack_sync.base.tls_warnings import InsecureTlsWarning, tls_logger, warn_user
from tests.support.subprocesses import run_python


def test_it_points_at_the_first_line_outside_of_the_package() -> None:
    """Whoever called, however deep it is."""
    with pytest.warns(InsecureTlsWarning, match="why") as caught:
        warn_user("why")
    assert caught[0].filename == __file__


def test_it_points_through_the_package() -> None:
    """At the user's line, from constructors and requests alike; Python shows each place once."""
    printed = run_python(
        """
        import warnings
        warnings.simplefilter("default")
        shown = []
        warnings.showwarning = lambda message, category, filename, line, *rest: shown.append((line, category.__name__))
        import netstack_sync
        def ask(session):
            for _ in range(2):
                session.prepare("GET", "https://h/", verify=False)
        session = netstack_sync.Session(verify=False)
        ask(session)
        ask(session)
        print(shown)
        """
    )
    assert printed.strip() == "[(10, 'InsecureTlsWarning'), (9, 'InsecureTlsWarning')]"


def test_lines_of_the_package_are_passed_over() -> None:
    """They are known by the name of their module."""
    namespace = {"__name__": "netstack_sync.program", "warn_user": warn_user}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compile("warn_user('why')", "program", "exec"), namespace)
    assert [str(one.message) for one in caught] == ["why"] and caught[0].filename == __file__


def test_it_can_be_made_an_error() -> None:
    """By the user's filter."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", InsecureTlsWarning)
        with pytest.raises(InsecureTlsWarning, match="why"):
            warn_user("why")


def test_the_log_prints_nothing_by_itself() -> None:
    """A program that has not set up logging reads the warning once."""
    assert tls_logger.name == "netstack_sync.tls"
    assert any(isinstance(handler, logging.NullHandler) for handler in tls_logger.handlers)
