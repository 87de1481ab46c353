"""Tables of results, as Markdown and as reStructuredText."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loads import COMPARED, GROWN
from results import Results, Spread

PEERS = ("urllib3", "pycurl")
"""Whose figures the others are divided by."""
OURS = "netstack_sync"


@dataclass(frozen=True)
class Column:
    """A figure of each client."""

    title: str
    figure: str
    has_range: bool = False
    """Also the least and the most of all rounds."""


_REQUESTS = (Column("requests/s", "per_s", True), Column("CPU, µs a request", "cpu_us", True))
_BODY = (Column("MB/s", "mb_per_s", True), Column("CPU, s a GB", "cpu_s_per_gb", True))
_WAITS = (Column("p50, ms", "p50_ms"), Column("p99, ms", "p99_ms"), Column("longest, ms", "max_ms"))
_URGENT = (Column("urgent p50, ms", "urgent_p50_ms"), Column("urgent p99, ms", "urgent_p99_ms"))
_HOLDS = (Column("RSS, MB", "rss_mb"), Column("sockets", "sockets"))
_COLD = (
    Column("import, ms", "import_wall_ms", True),
    Column("its CPU, ms", "import_cpu_ms"),
    Column("import and first response, ms", "first_wall_ms", True),
    Column("its CPU, ms", "first_cpu_ms"),
)
_COLD_RATIOS = (Column("import", "import_cpu_ms"), Column("first", "first_cpu_ms"))


@dataclass(frozen=True)
class Table:
    """Texts in rows; the first one has the titles."""

    rows: Sequence[Sequence[str]]

    def to_markdown(self) -> str:
        """With bars."""
        lines = [f"| {' | '.join(row)} |" for row in self.rows]
        return "\n".join([lines[0], "|---" * len(self.rows[0]) + "|", *lines[1:]])

    def to_rst(self) -> str:
        """A list-table, which needs no widths."""
        lines = [".. list-table::", "   :header-rows: 1", ""]
        for row in self.rows:
            lines += [f"   {'*' if not index else ' '} - {cell}".rstrip() for index, cell in enumerate(row)]
        return "\n".join(lines)


def columns(load: str) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """What is shown of a work load, and what of it also as a ratio."""
    of = COMPARED[load]
    if of.kind == "cold":
        return (*_COLD, _HOLDS[0]), _COLD_RATIOS
    if of.is_one_body:
        return (*_BODY, _HOLDS[0]), (Column("MB/s", "mb_per_s"), Column("CPU", "cpu_s_per_gb"))
    urgent = _URGENT if of.urgent else ()
    return (*_REQUESTS, *_WAITS, *urgent, *_HOLDS), (Column("requests/s", "per_s"), Column("CPU", "cpu_us"))


def comparison(results: Results, load: str) -> Table:
    """The clients below each other; a client that failed in every round says so."""
    shown, ratios = columns(load)
    titles = ["client", *(column.title for column in shown)]
    titles += [f"{ratio.title} / {peer}'s" for peer in PEERS for ratio in ratios]
    rows = [titles]
    for client, rounds in results.loads[load].items():
        if not rounds:
            rows.append([client, "fails", *[""] * (len(titles) - 2)])
            continue
        cells = [_cell(results.spread(load, client, column.figure), column) for column in shown]
        cells += [_ratio(results, load, client, peer, ratio.figure) for peer in PEERS for ratio in ratios]
        rows.append([client, *cells])
    return Table(rows)


def growth(results: Results, question: str, figure: str) -> Table:
    """What grows below each other, a column for each client, and how much more than with the fewest."""
    loads = [load for load in results.loads if load.partition(":")[0] == question]
    base = "" if question == "body" else next((load for load in loads if results.spread(load, OURS, figure)), "")
    rows = [[GROWN[loads[0]].title, *results.versions]] if loads else [[question]]
    for load in loads:
        spreads = [(results.spread(load, client, figure), client) for client in results.versions]
        first = {client: results.spread(base, client, figure) if base else None for client in results.versions}
        cells = [_grown(spread, first[client]) for spread, client in spreads]
        if any(spread for spread, _ in spreads):
            rows.append([f"{int(load.partition(':')[2]):,}".replace(",", " "), *cells])
    return Table(rows)


def facts(results: Results) -> Table:
    """What the figures are of."""
    rows = [["what", "which"]]
    rows += [[name, value] for name, value in {**results.machine, **results.versions}.items()]
    return Table([*rows, ["command", f"``{results.command}``"]])


def micro(results: Results) -> Table:
    """One row for each question."""
    column = Column("CPU, µs", "cpu_us", has_range=True)
    rows = [["piece", column.title]]
    rows += [[load, _cell(results.spread(load, OURS, column.figure), column)] for load in results.loads]
    return Table(rows)


def number(value: float) -> str:
    """Three digits, or all before the point."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def _cell(spread: Spread | None, column: Column) -> str:
    if spread is None:
        return ""
    text = number(spread.median)
    return f"{text} ({number(spread.least)}-{number(spread.most)})" if column.has_range else text


def _ratio(results: Results, load: str, client: str, peer: str, figure: str) -> str:
    own, other = (results.spread(load, name, figure) for name in (client, peer))
    return f"{own.median / other.median:.2f}" if own and other and other.median else ""


def _grown(spread: Spread | None, first: Spread | None) -> str:
    if spread is None:
        return ""
    more = f" ({spread.median / first.median - 1:+.0%})" if first and first != spread and first.median else ""
    return f"{number(spread.median)}{more}"


def join(blocks: Iterable[str]) -> str:
    """Blocks of text with a line between them."""
    return "\n\n".join(block.rstrip() for block in blocks) + "\n"
