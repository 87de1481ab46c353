"""Makes tables and plots of the results that lie in docs/benchmarks as JSON: for the documentation, and as Markdown."""

from __future__ import annotations

import argparse
from pathlib import Path

from loads import COMPARED, GROWTHS
from results import DOCS, Results
from svg import Bar, Panel, draw
from tables import OURS, comparison, facts, growth, join, micro

_PLOTTED = ("w1", "w16", "w64", "json", "hosts", "tls")
_PLOTTED_BODIES = ("streamed", "file", "upload-bytes", "upload-file")
_NOTE = ".. Written by benchmarks/report.py from {name}.json; changes made here are lost."
_TITLES = {"pinned": "Server and client on one core", "free": "Server and client where the system puts them"}


def write_comparison(results: Results, folder: Path) -> str:
    """Sections and plots; gives the Markdown."""
    rst, markdown = [_NOTE.format(name=results.name)], [f"# {_TITLES[results.name]}", facts(results).to_markdown()]
    for load in results.loads:
        title = COMPARED[load].title
        table = comparison(results, load)
        rst += [f"{title}\n{'~' * len(title)}", table.to_rst()]
        markdown += [f"## {title}", table.to_markdown()]
    (folder / f"{results.name}.inc").write_text(join(rst), encoding="utf-8")
    (folder / f"{results.name}-facts.inc").write_text(join([rst[0], facts(results).to_rst()]), encoding="utf-8")
    plots = {
        "cpu": ("CPU of the client, µs a request: less is better", "cpu_us", _PLOTTED),
        "rate": ("Requests a second: more is better", "per_s", _PLOTTED),
        "bodies": ("100 MiB: CPU of the client, seconds a GB: less is better", "cpu_s_per_gb", _PLOTTED_BODIES),
    }
    for name, (title, figure, loads) in plots.items():
        panels = [_panel(results, load, figure) for load in loads if load in results.loads]
        (folder / f"{results.name}-{name}.svg").write_text(draw(title, panels), encoding="utf-8")
    return join(markdown)


def write_growth(results: Results, folder: Path) -> str:
    """As write_comparison()."""
    rst, markdown = [_NOTE.format(name=results.name)], ["# How costs grow", facts(results).to_markdown()]
    figures = [(question, "cpu_us", f"{title}: CPU, µs a request") for question, title in GROWTHS.items()]
    figures.append(("hosts", "idle_kb", "Memory of an idle connection, KB"))
    panels = []
    for question, figure, title in figures:
        table = growth(results, question, figure)
        rst += [f"{title}\n{'~' * len(title)}", table.to_rst()]
        markdown += [f"## {title}", table.to_markdown()]
        lines = _lines(results, question, figure)
        if any(lines.values()):
            panels.append(Panel(title, lines=lines))
    (folder / "growth.inc").write_text(join(rst), encoding="utf-8")
    (folder / "growth-facts.inc").write_text(join([rst[0], facts(results).to_rst()]), encoding="utf-8")
    (folder / "growth.svg").write_text(draw("How costs grow (both axes logarithmic)", panels), encoding="utf-8")
    return join(markdown)


def write_micro(results: Results, folder: Path) -> str:
    """As write_comparison(), without a plot."""
    table = micro(results)
    (folder / "micro.inc").write_text(join([_NOTE.format(name=results.name), table.to_rst()]), encoding="utf-8")
    return join(["# Single pieces", table.to_markdown()])


def _panel(results: Results, load: str, figure: str) -> Panel:
    bars = []
    for client in results.versions:
        spread = results.spread(load, client, figure)
        if spread is not None:
            bars.append(Bar(client, *spread, is_ours=client == OURS))
    return Panel(COMPARED[load].title, bars)


def _lines(results: Results, question: str, figure: str) -> dict[str, list[tuple[float, float]]]:
    lines: dict[str, list[tuple[float, float]]] = {client: [] for client in results.versions}
    for load in results.loads:
        name, _, place = load.partition(":")
        for client, line in lines.items():
            spread = results.spread(load, client, figure) if name == question else None
            if spread is not None and spread.median > 0:
                line.append((float(place), spread.median))
    return lines


def main() -> None:
    """Parses the arguments and writes what there are results for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DOCS, help="where the JSON files are; %(default)s")
    folder = parser.parse_args().folder
    markdown = []
    writers = {"pinned": write_comparison, "free": write_comparison, "growth": write_growth, "micro": write_micro}
    for name, write in writers.items():
        if (folder / f"{name}.json").exists():
            markdown.append(write(Results.read(folder / f"{name}.json"), folder))
    (folder / "results.md").write_text(join(markdown), encoding="utf-8")


if __name__ == "__main__":
    main()
