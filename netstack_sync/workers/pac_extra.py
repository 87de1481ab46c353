"""Whether there is an engine for PAC scripts: it comes with an extra."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

NO_ENGINE: Final = "PAC scripts need the extra pac: pip install 'netstack-sync[pac]'"


def require_pac_engine() -> None:
    """Raises ImportError that says what to install; does not import it."""
    if find_spec("_quickjs") is None:
        raise ImportError(NO_ENGINE)
