"""What was read of a body and is not sent yet."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from netstack_sync.workers.read_ahead import AHEAD_BYTES, MERGED_BYTES, ReadAhead


class _Source:
    """Gives these pieces; raises what is an exception."""

    can_restart = True

    def __init__(self, *pieces: bytes | BaseException) -> None:
        self._pieces = iter(pieces)
        self.restarts = 0
        self.reads = 0

    def restart(self) -> None:
        """See BodySource."""
        self.restarts += 1

    def read_piece(self) -> bytes:
        """See BodySource."""
        self.reads += 1
        piece = next(self._pieces, b"")
        if isinstance(piece, BaseException):
            raise piece
        return piece


class _Ahead:
    """A ReadAhead and how often it told that there is something."""

    def __init__(self, *pieces: bytes | BaseException, size: int | None = None) -> None:
        self.source = _Source(*pieces)
        self.told = 0
        self.ahead = ReadAhead(self.source, size, self._tell)

    def _tell(self) -> None:
        self.told += 1

    def taken(self) -> Iterator[bytes | BaseException]:
        """All that is here."""
        while data := self.ahead.take():
            yield data


def test_small_pieces_go_together_and_large_ones_alone() -> None:
    """A small one before a large one costs a copy of both, once."""
    large = b"x" * MERGED_BYTES
    scene = _Ahead(b"a", b"b", large, large, b"c")
    scene.ahead.fill()
    pieces = list(scene.taken())
    assert pieces == [b"ab" + large, large, b"c"] and pieces[1] is large
    assert scene.ahead.take() == b""


def test_no_more_is_read_than_is_enough() -> None:
    """What was taken makes no room in the same job: the next one goes on, without a new beginning."""
    piece = b"x" * (AHEAD_BYTES // 2)
    scene = _Ahead(*[piece] * 3)
    scene.ahead.fill()
    assert list(scene.taken()) == [piece, piece] and scene.ahead.take() is None
    scene.ahead.fill()
    assert list(scene.taken()) == [piece] and scene.ahead.take() == b""
    assert (scene.source.restarts, scene.source.reads) == (1, 4)


@pytest.mark.parametrize("size", [3, 4])
def test_nothing_is_read_beyond_the_size(size: int) -> None:
    """An iterator may wait for ever once it has given what was announced."""
    scene = _Ahead(b"ab", b"cd", b"ef", size=size)
    scene.ahead.fill()
    assert scene.source.reads == 2 and list(scene.taken()) == [b"abcd"]
    assert scene.ahead.take() is None


def test_only_who_found_nothing_is_told_once() -> None:
    scene = _Ahead(b"a", b"b")
    scene.ahead.fill()
    assert scene.told == 0
    scene = _Ahead(b"a", b"b")
    assert scene.ahead.take() is None
    scene.ahead.fill()
    assert scene.told == 1 and list(scene.taken()) == [b"ab"]


def test_an_end_is_told_too() -> None:
    """Empty, or broken before the first piece."""
    for scene in (_Ahead(), _Ahead(OSError("no"))):
        assert scene.ahead.take() is None
        scene.ahead.fill()
        assert scene.told == 1


def test_what_was_raised_comes_after_the_pieces_before_it_and_is_let_go() -> None:
    """Its traceback holds what would hold it."""

    class Lost(Exception):
        """Can be watched."""

    class Broken(_Source):
        def read_piece(self) -> bytes:
            if self.reads:
                raise Lost
            return super().read_piece()

    ahead = ReadAhead(Broken(b"a"), None, lambda: None)
    ahead.fill()
    assert ahead.take() == b"a"
    error = ahead.take()
    assert isinstance(error, Lost) and ahead.take() == b""
    watch = weakref.ref(error)
    gc.disable()
    try:
        del error
        assert watch() is None
    finally:
        gc.enable()


def test_what_was_given_up_is_not_begun_and_not_gone_on_with() -> None:
    """Another attempt may be at the source next."""
    scene = _Ahead(b"a")
    scene.ahead.give_up()
    scene.ahead.fill()
    assert (scene.source.restarts, scene.source.reads) == (0, 0)

    class Ending(_Source):
        def read_piece(self) -> bytes:
            ahead.give_up()
            return super().read_piece()

    source = Ending(b"a", b"b")
    ahead = ReadAhead(source, None, lambda: None)
    ahead.fill()
    assert (source.restarts, source.reads) == (1, 1)
