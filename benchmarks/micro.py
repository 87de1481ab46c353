"""What does each hot piece cost? One question for each function; µs of CPU of the whole process, on all its threads."""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path

from memory_pool import MemoryPool
from results import Results, this_machine
from tables import OURS, micro
from workload import version_of

import netstack_sync
from netstack_sync.fetcher.body_source import CollectedBody
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.fetcher.response import make_response
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.wire.http1_response import ResponseHeadParser

_HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 01 Nov 2026 00:00:00 GMT\r\n"
    b"Content-Type: application/json\r\nContent-Length: 200\r\nConnection: keep-alive\r\n\r\n"
)
_BODY = b"x" * 200


def hand_over(count: int) -> float:
    """A caller gives the network thread a task and waits until it has run: two crossings."""
    thread = NetworkThread()
    thread.start()
    cost = _cost(lambda: call_on_network_thread(thread, _nothing), count)
    thread.stop()
    return cost


def post_task(count: int) -> float:
    """A task is posted to a loop that has others to run, and runs."""
    thread = NetworkThread()
    thread.start()

    def post_all() -> None:
        for _ in range(count):
            thread.post(_nothing)
        call_on_network_thread(thread, _nothing)  # behind all of them

    cost = _cost(post_all, 1) / count
    thread.stop()
    return cost


def timer_add_cancel(count: int) -> float:
    """A deadline that is never reached, as nearly all are."""
    timers = NetworkThread().timers
    return _cost(lambda: timers.call_later(30.0, _nothing).cancel(), count)


def pool_request_release(count: int) -> float:
    """An idle socket is asked for and given back, in the pool itself."""
    with MemoryPool() as pool:
        return pool.cost_of_reuse(count)


def header_parse(count: int) -> float:
    """A head of five fields, in one piece."""
    return _cost(lambda: ResponseHeadParser().receive(_HEAD + _BODY), count)


def response_build(count: int) -> float:
    """What the caller gets is made of what the network thread knows, and its body is read."""
    with EmbeddedServer() as server, netstack_sync.Session() as session:
        answer = session.get(server.url("/bytes/200"))
        request, info = answer.request, answer._info
    return _cost(lambda: make_response(request, info, CollectedBody([_BODY]), [], 0).content, count)


QUESTIONS: dict[str, tuple[Callable[[int], float], int]] = {
    "hand_over": (hand_over, 10_000),
    "post_task": (post_task, 50_000),
    "timer_add_cancel": (timer_add_cancel, 100_000),
    "pool_request_release": (pool_request_release, 20_000),
    "header_parse": (header_parse, 50_000),
    "response_build": (response_build, 20_000),
}
"""The functions, and how often each does it in a round."""


def _cost(work: Callable[[], object], count: int) -> float:
    """µs of CPU for one."""
    work()
    gc.collect()
    begin = time.process_time()
    for _ in range(count):
        work()
    return (time.process_time() - begin) / count * 1e6


def _nothing() -> None:
    """What costs nothing but being called."""


def ask(questions: list[str], rounds: int, scale: float = 1.0) -> Results:
    """The questions in turn, round by round."""
    results = Results("micro", f"micro.py -r {rounds} --scale {scale:g}", this_machine(), {OURS: version_of(OURS)})
    results.loads = {name: {OURS: []} for name in questions}
    for _ in range(rounds):
        for name in questions:
            function, count = QUESTIONS[name]
            results.loads[name][OURS].append({"cpu_us": function(max(1, int(count * scale)))})
    return results


def main() -> None:
    """Parses the arguments and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=f"of {', '.join(QUESTIONS)}; all by default")
    parser.add_argument("-r", "--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="part of the repetitions, for a quick trial")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="write micro.json there")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.questions if name not in QUESTIONS]
    if unknown:
        parser.error(f"no such question: {', '.join(unknown)}")
    results = ask(arguments.questions or list(QUESTIONS), arguments.rounds, arguments.scale)
    print(micro(results).to_markdown())
    if arguments.output:
        print(f"\nwritten: {results.write(arguments.output)}", file=sys.stderr)


if __name__ == "__main__":
    main()
