"""PacRecord: which PAC scripts have done harm, so that they do not do it for ever."""

from __future__ import annotations

from typing import Final

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_TERMINATED
from netstack_sync.workers.pac_values import PacOutcome, PacScriptText

# Short: somebody may have chosen URLs that an honest script takes too long for, and without its word requests go
# directly unless it is mandatory.
_REST_S: Final = 30.0
_MAX_SCRIPTS: Final = 16  # remembered; a session has one or two


class PacRecord:
    """Scripts that hung a thread, and scripts that had to be ended again and again. Network thread only."""

    __slots__ = ("_endings", "_max_endings", "_suspects")

    def __init__(self, max_endings: int) -> None:
        self._max_endings = max_endings
        self._suspects: dict[PacScriptText, None] = {}
        self._endings: dict[PacScriptText, tuple[int, float]] = {}  # how often in a row, and when the last time

    def note_hang(self, script: PacScriptText) -> None:
        """It did not come back."""
        self._suspects[script] = None
        if len(self._suspects) > _MAX_SCRIPTS:
            del self._suspects[next(iter(self._suspects))]

    def is_suspect(self, script: PacScriptText) -> bool:
        """True if it hung once."""
        return script in self._suspects

    def note_outcome(self, script: PacScriptText, outcome: PacOutcome, now_s: float) -> None:
        """It came to that in a child process."""
        count, _ = self._endings.pop(script, (0, 0.0))
        if outcome.error is not None and outcome.error.net_error == ERR_PAC_SCRIPT_TERMINATED:
            self._endings[script] = (count + 1, now_s)
            if len(self._endings) > _MAX_SCRIPTS:
                del self._endings[next(iter(self._endings))]

    def is_refused(self, script: PacScriptText, now_s: float) -> bool:
        """True if it was ended too often in a row, a short while ago; then one request may try it."""
        count, last_s = self._endings.get(script, (0, 0.0))
        if count < self._max_endings:
            return False
        if now_s - last_s < _REST_S:
            return True
        self._endings[script] = (count, now_s)  # all others wait for what comes of this one
        return False
