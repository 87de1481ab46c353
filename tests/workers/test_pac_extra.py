"""Who asks for scripts without their engine learns it before anything goes directly."""

from __future__ import annotations

import pytest

from netstack_sync import AutoDetect, PacScript, PacUrl, ProxyConfig, Session
from netstack_sync.workers import pac_extra

SCRIPT = 'function FindProxyForURL(url, host) { return "DIRECT"; }'


def test_with_the_extra() -> None:
    """Nothing happens."""
    pac_extra.require_pac_engine()


@pytest.mark.parametrize("value", [PacUrl("http://pac.test/"), PacScript(SCRIPT), AutoDetect(), "config"])
def test_without_the_extra(value: PacUrl | PacScript | AutoDetect | str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ImportError of the session, and of a request; who names proxies needs none."""
    monkeypatch.setattr(pac_extra, "find_spec", lambda name: None)
    proxy = ProxyConfig(pac=PacScript(SCRIPT)) if isinstance(value, str) else value
    with pytest.raises(ImportError, match=r"^PAC scripts need the extra pac: pip install 'netstack-sync\[pac\]'$"):
        Session(proxy=proxy)
    with Session(proxy="http://p.test", trust_env=False) as session, pytest.raises(ImportError, match="extra pac"):
        session.get("http://a.test/", proxy=proxy)
