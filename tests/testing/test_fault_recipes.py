"""Each recipe turns a good answer into the script of a fault."""

from __future__ import annotations

import pytest

from netstack_sync.testing import fault_recipes as recipes
from netstack_sync.testing.answer import Exchange, Fault
from netstack_sync.testing.script import CLOSE, CUT, RESET, STALL, Ending, Pause, Script

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GOOD = Exchange(HEAD, b"abcd", is_reused=False)
REUSED = GOOD._replace(is_reused=True)
CHUNKED = Exchange(CHUNKED_HEAD, b"2\r\nab\r\n0\r\n\r\n", is_reused=False)


@pytest.mark.parametrize(
    "fault, script",
    [
        (recipes.trickle(3, 0.5), (HEAD, Pause(0.5), b"abc", Pause(0.5), b"d")),
        (recipes.trickle(30, 1, with_head=True), (Pause(1), HEAD[:30], Pause(1), HEAD[30:] + b"abcd")),
        (recipes.stall_before_headers(), (STALL,)),
        (recipes.stall_in_headers(), (HEAD[: len(HEAD) // 2], STALL)),
        (recipes.stall_in_body(), (HEAD + b"ab", STALL)),
        (recipes.stall_in_body(after_bytes=0), (HEAD, STALL)),
        (recipes.reset_before_headers(), (RESET,)),
        (recipes.reset_in_body(3), (HEAD + b"abc", RESET)),
        (recipes.close_before_headers(), (CLOSE,)),
        (recipes.close_in_headers(), (HEAD[: len(HEAD) // 2], CUT)),
        (recipes.early_close(1), (HEAD + b"a", CUT)),
        (recipes.close_after_answer(), (HEAD + b"abcd", CLOSE)),
        (recipes.close_after_answer(2.0), (HEAD + b"abcd", Pause(2.0), CLOSE)),
        (recipes.wrong_length(+3), (HEAD.replace(b"4", b"7") + b"abcd", CLOSE)),
        (recipes.wrong_length(-3), (HEAD.replace(b": 4", b": 1") + b"abcd",)),
        (recipes.bad_chunk(), (CHUNKED_HEAD + b"4\r\nabcd\r\nnot a size\r\n", CLOSE)),
        (recipes.raw(b"x", Pause(1), b"y"), (b"x", Pause(1), b"y")),
    ],
)
def test_a_recipe_spoils_a_good_answer(fault: Fault, script: Script) -> None:
    """Steps as the recipe's docstring says."""
    assert fault(GOOD) == script


@pytest.mark.parametrize("fault, ending", [(recipes.reset_on_reuse(), RESET), (recipes.close_on_reuse(), CLOSE)])
def test_a_fault_on_reuse_leaves_the_first_answer_alone(fault: Fault, ending: Ending) -> None:
    """The first is whole and the connection stays; the next gets nothing but the end."""
    assert fault(GOOD) == (HEAD + b"abcd",)
    assert fault(REUSED) == (ending,)


def test_chunked_bodies_can_go_wrong_or_lack_their_end() -> None:
    """The good chunks come first."""
    assert recipes.bad_chunk()(CHUNKED) == (CHUNKED_HEAD + b"2\r\nab\r\nnot a size\r\n", CLOSE)
    assert recipes.missing_last_chunk()(CHUNKED) == (CHUNKED_HEAD + b"2\r\nab\r\n", CLOSE)


def test_garbage_is_no_http() -> None:
    """Nothing in it looks like a status line."""
    garbage, ending = recipes.garbage_head()(GOOD)
    assert isinstance(garbage, bytes) and b"HTTP/" not in garbage and ending is CLOSE
