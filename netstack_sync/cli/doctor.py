"""`netstack doctor`: shows what this installation has, whose certificates it trusts, and what is wrong with it."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Final, TypeAlias

from netstack_sync.cli.doctor_report import Extra, Report, make_report
from netstack_sync.cli.exit_status import OK, OTHER
from netstack_sync.workers.system_trust import TrustSource

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

_DESCRIPTION: Final = """\
Show what this installation has: versions, whose certificates are trusted, what the environment changes, and which
extras there are. Nothing is sent. The status is 0 when all is well, 1 when there is a problem."""

Rows: TypeAlias = list[tuple[str, str]]


def add_doctor_parser(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command; gives its parser."""
    parser = commands.add_parser(
        "doctor",
        help="show what this installation has, and what is wrong",
        description=_DESCRIPTION,
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(silent=False, show_error=True)
    return parser


def run(options: argparse.Namespace) -> int:
    """Runs the command; gives the exit status."""
    report = make_report(os.environ)
    print(_json(report) if options.json else _text(report))
    return OTHER if report.problems else OK


def _json(report: Report) -> str:
    values = asdict(report)
    values["environment"] = [variable._asdict() for variable in report.environment]
    values["extras"] = [extra._asdict() for extra in report.extras]
    return json.dumps(values)


def _text(report: Report) -> str:
    sections = {
        "Versions": list(report.versions.items()),
        "Certificates": _trust_rows(report),
        "Environment": [(name, f"{value} ({effect})") for name, value, effect in report.environment],
        "Extras": [(extra.name, _extra_text(extra)) for extra in report.extras],
        "Network": [
            ("event loop", report.event_loop),
            ("IPv6", "available" if report.has_ipv6 else "no way into the internet"),
        ],
    }
    width = max(len(name) for rows in sections.values() for name, _ in rows)
    parts = [_section(title, rows, width) for title, rows in sections.items() if rows]
    if report.problems:
        parts.append("\n".join(["Problems", *[f"  {problem}" for problem in report.problems]]))
    else:
        parts.append("No problems.")
    return "\n\n".join(parts)


def _section(title: str, rows: Rows, width: int) -> str:
    return "\n".join([title, *[f"  {name:<{width}}  {value}" for name, value in rows]])


def _trust_rows(report: Report) -> Rows:
    rows = [("verify=True", _trust_text(report.trust))]
    if report.trust != report.system_trust:
        rows.append(("the system's", _trust_text(report.system_trust)))
    return rows


def _trust_text(source: TrustSource) -> str:
    if source.certificates is None:
        return f"{source.kind} itself, through truststore"
    number = f"{source.certificates} certificate{'' if source.certificates == 1 else 's'}"
    return f"{number}: {source.kind} {source.where}" if source.where else number


def _extra_text(extra: Extra) -> str:
    if extra.version is not None:
        return f"{extra.version} ({extra.purpose})"
    return f"not installed ({extra.purpose}): pip install 'netstack-sync[{extra.name}]'"
