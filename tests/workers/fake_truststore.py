"""A truststore that answers as the test wants, put in the place of the installed one."""

from __future__ import annotations

import ssl
import sys
from types import ModuleType
from typing import Any

import pytest


class FakeTruststore:
    """Notes what it is asked; `refuse()` makes it say no from then on."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[bytes], str]] = []
        self._error: Exception | None = None

    def install(self, monkeypatch: pytest.MonkeyPatch, module_name: str, *, has_check: bool = True) -> None:
        """Puts it where `import truststore` looks; `module_name` is "_macos" or "_windows"."""
        package, module = ModuleType("truststore"), ModuleType(f"truststore.{module_name}")
        package.__path__ = []
        if has_check:
            vars(module)["_verify_peercerts_impl"] = self.check
        for name in [name for name in sys.modules if name.partition(".")[0] == "truststore"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "truststore", package)
        monkeypatch.setitem(sys.modules, module.__name__, module)

    def refuse(self, code: int | None, text: str = "no") -> None:
        """As truststore does it."""
        error = ssl.SSLCertVerificationError(text)
        if code is not None:
            error.verify_code, error.verify_message = code, text
        self._error = error

    def fail(self, error: Exception) -> None:
        """As the system's interface does when it has no verdict."""
        self._error = error

    def check(self, ssl_context: Any, cert_chain: list[bytes], server_hostname: str | None = None) -> None:
        """The function that both modules of truststore have, looking at what they look at."""
        assert ssl_context.verify_mode == ssl.CERT_REQUIRED and not ssl_context.check_hostname
        assert not ssl_context.verify_flags & (ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_CRL_CHECK_CHAIN)
        assert ssl_context.get_ca_certs(binary_form=True) == []
        assert server_hostname is not None
        self.asked.append((cert_chain, server_hostname))
        if self._error is not None:
            raise self._error


def hide_truststore(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it was not installed."""
    for name in [name for name in sys.modules if name.startswith("truststore.")]:
        monkeypatch.delitem(sys.modules, name)

    class Finder:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> None:
            if name == "truststore":
                raise ModuleNotFoundError("No module named 'truststore'", name=name)

    monkeypatch.delitem(sys.modules, "truststore", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
