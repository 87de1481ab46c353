"""The programs of benchmarks/: each runs, on little work, and what it writes has the figures that it promises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.support.requirements import program

_ROOT = Path(__file__).parents[2]


def _run(name: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    command = [sys.executable, str(_ROOT / "benchmarks" / name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, env=environment)
    assert not done.returncode, done.stderr
    return done.stdout


def _results(name: str, loads: dict[str, dict[str, list[dict[str, float]]]]) -> str:
    versions = {client: "1.0" for clients in loads.values() for client in clients}
    machine = {"date": "2026-11-01"}
    return json.dumps({"name": name, "command": "x", "machine": machine, "versions": versions, "loads": loads})


def _rounds(*figures: float) -> list[dict[str, float]]:
    return [{"per_s": 1e6 / cpu, "cpu_us": cpu} for cpu in figures]


@pytest.mark.live
def test_compare_measures_each_load_it_is_asked_for(tmp_path: Path) -> None:
    """A queue with priorities, many hosts, a large body: each has its own figures, and they are written."""
    program("nginx", "nginx-light")
    loads = ("mixed", "hosts", "file")
    _run("compare.py", *loads, "-c", "netstack_sync", "-r", "1", "--scale", "0.004", "-o", str(tmp_path))
    read: Any = json.loads((tmp_path / "pinned.json").read_text())["loads"]
    figures = {load: read[load]["netstack_sync"][0] for load in loads}
    assert 1 <= figures["mixed"]["sockets"] <= 6 and figures["mixed"]["urgent_p99_ms"] > 0
    assert figures["hosts"]["sockets"] == 500 and figures["hosts"]["p50_ms"] <= figures["hosts"]["max_ms"]
    assert figures["file"]["cpu_s_per_gb"] > 0 and figures["file"]["rss_mb"] > 0


def test_micro_answers_every_question(tmp_path: Path) -> None:
    """The pieces are those of the package as it is now."""
    _run("micro.py", "-r", "1", "--scale", "0.002", "-o", str(tmp_path))
    read: Any = json.loads((tmp_path / "micro.json").read_text())["loads"]
    assert len(read) == 6 and all(clients["netstack_sync"][0]["cpu_us"] > 0 for clients in read.values())


def test_report_writes_medians_ranges_and_ratios(tmp_path: Path) -> None:
    """The median of three rounds, the least, the most, and the ratio to urllib3's; a client that failed says so."""
    loads = {"w1": {"netstack_sync": _rounds(40, 50, 80), "urllib3": _rounds(100, 99, 101), "httpx": []}}
    (tmp_path / "pinned.json").write_text(_results("pinned", loads))
    _run("report.py", str(tmp_path))
    markdown = (tmp_path / "results.md").read_text()
    ours = next(line for line in markdown.splitlines() if line.startswith("| netstack_sync | 2"))
    cells = [cell.strip() for cell in ours.strip("|").split("|")]
    assert cells[1:3] == ["20000 (12500-25000)", "50 (40-80)"]
    assert "0.50" in cells and "2.00" in cells
    assert "| httpx | fails |" in markdown
    rst = (tmp_path / "pinned.inc").read_text()
    assert "   * - netstack_sync\n     - 20000 (12500-25000)\n     - 50 (40-80)\n" in rst
    texts = [text.text for text in ElementTree.parse(tmp_path / "pinned-cpu.svg").iter() if text.tag.endswith("text")]
    assert {"netstack_sync", "urllib3", "50"} <= set(texts) and "httpx" not in texts


def test_report_draws_growth_and_says_how_much_more(tmp_path: Path) -> None:
    """In percent of the first row; a size at which a client failed is left empty."""
    loads = {
        "threads:1": {"netstack_sync": _rounds(100), "urllib3": _rounds(200)},
        "threads:256": {"netstack_sync": _rounds(110), "urllib3": []},
    }
    (tmp_path / "growth.json").write_text(_results("growth", loads))
    _run("report.py", str(tmp_path))
    assert "| 256 | 110 (+10%) |  |" in (tmp_path / "results.md").read_text()
    tags = [element.tag.rpartition("}")[2] for element in ElementTree.parse(tmp_path / "growth.svg").iter()]
    assert tags.count("circle") == 3
