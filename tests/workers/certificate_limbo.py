"""x509-limbo, a suite of chains with the verdicts they should get, judged by us and by OpenSSL.

`python -m tests.workers.certificate_limbo` prints the scores. The suite is one file, limbo.json of
https://github.com/C2SP/x509-limbo; where it is the variable NETSTACK_X509_LIMBO says.
"""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from netstack_sync.base.cert_status import CertStatus, map_cert_status_to_net_error
from netstack_sync.base.net_errors import OK
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.workers.revocation_lists import load_revocation_lists
from netstack_sync.workers.trust_roots import load_trust_roots
from netstack_sync.workers.verify_certificate import verify_certificate
from tests.workers.certificate_factory import Issued, openssl_complaint, unknown
from tests.workers.certificate_rewriter import alternative_name
from tests.workers.certificate_trust import NOWHERE

_BESIDE = Path(__file__).parents[3] / "shared" / "suites" / "x509_limbo" / "limbo.json"
_ANY_HOST = "example.com"


@dataclass(frozen=True)
class LimboCase:
    """One chain, in PEM, and what is to be said of it."""

    name: str
    is_good: bool
    leaf: str
    served: Sequence[str]
    trusted: Sequence[str]
    lists: Sequence[str]
    host: str
    """Empty where nobody was asked for."""
    now: datetime
    inapplicable: str
    """Why it says nothing about us, in words; empty where it does."""

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> LimboCase:
        """From an entry of "testcases"."""
        return cls(
            name=values["id"],
            is_good=values["expected_result"] == "SUCCESS",
            leaf=values["peer_certificate"],
            served=values["untrusted_intermediates"],
            trusted=values["trusted_certs"],
            lists=values["crls"],
            host=(values["expected_peer_name"] or {}).get("value", ""),
            now=_moment(values["validation_time"]),
            inapplicable=_inapplicable(values),
        )


@dataclass(frozen=True)
class Judged:
    """What both said about a case."""

    case: LimboCase
    complaint: str
    """Ours; empty for a good chain."""
    openssl_complaint: str

    def __str__(self) -> str:
        return f"{self.case.name}: we say {self.complaint or 'OK'!r}, OpenSSL {self.openssl_complaint or 'OK'!r}"


def find_suite() -> Path | None:
    """The file of the suite, if it is on this machine."""
    path = Path(os.environ.get("NETSTACK_X509_LIMBO") or _BESIDE)
    return path if path.is_file() else None


def has_openssl() -> bool:
    """Whether there is a command line of OpenSSL itself, whose verdicts are compared."""
    if shutil.which("openssl") is None:
        return False
    return subprocess.run(["openssl", "version"], capture_output=True, text=True).stdout.startswith("OpenSSL ")


def load_suite(path: Path) -> list[LimboCase]:
    """All cases, also those that say nothing about us."""
    return [LimboCase.from_json(values) for values in json.loads(path.read_text())["testcases"]]


def judge_all(cases: Sequence[LimboCase], directory: Path) -> list[Judged]:
    """Both verdicts on each case that says something about us."""
    chosen = [case for case in cases if not case.inapplicable]
    directories = [directory / str(number) for number in range(len(chosen))]
    for each in directories:
        each.mkdir()
    with ThreadPoolExecutor(os.cpu_count()) as executor:  # OpenSSL's verdicts are processes
        theirs = list(executor.map(_openssl_verdict, chosen, directories))
    ours = map(_our_verdict, chosen, directories)
    return [Judged(*each) for each in zip(chosen, ours, theirs, strict=True)]


def score(judged: Sequence[Judged], cases: Sequence[LimboCase]) -> str:
    """How often each said what the suite expects."""
    rows = []
    for who, complaints in (
        ("netstack_sync", [each.complaint for each in judged]),
        ("OpenSSL", [each.openssl_complaint for each in judged]),
    ):
        said = [(each.case.is_good, not complaint) for each, complaint in zip(judged, complaints, strict=True)]
        right = sum(is_good == is_accepted for is_good, is_accepted in said)
        rows.append(
            f"{who}: {right} of {len(judged)} as expected; "
            f"accepted {said.count((False, True))} that should fail, refused {said.count((True, False))} that are good"
        )
    return "\n".join([*rows, f"{len(cases) - len(judged)} of {len(cases)} cases do not apply"])


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(timezone.utc)
    return datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.10 does not know the Z


def _inapplicable(values: dict[str, Any]) -> str:
    if values["validation_kind"] == "CLIENT":
        return "it is about a client's certificate, which a server judges; all there is here is a client"
    if values["max_chain_depth"] is not None:
        return "it is about a limit on the length of chains that users set; there is none to set here"
    return ""


def _our_verdict(case: LimboCase, directory: Path) -> str:
    roots = load_trust_roots(TrustConfig(ca_data="\n".join(case.trusted)), NOWHERE)
    chain = [ssl.PEM_cert_to_DER_cert(pem.strip()) for pem in (case.leaf, *case.served)]
    lists = load_revocation_lists((str(directory / "lists.pem"),)) if case.lists else None
    result = verify_certificate(chain, case.host or _ANY_HOST, case.now, roots, lists)
    if result.net_error == OK:
        return ""
    without_host = map_cert_status_to_net_error(result.cert_status & ~CertStatus.COMMON_NAME_INVALID)
    return "" if not case.host and without_host == OK else result.detail


def _openssl_verdict(case: LimboCase, directory: Path) -> str:
    for name, pems in (
        ("leaf", [case.leaf]),
        ("served", case.served),
        ("trusted", case.trusted),
        ("lists", case.lists),
    ):
        (directory / f"{name}.pem").write_text("\n".join(pems))
    command = ["openssl", "verify", "-purpose", "sslserver", "-partial_chain", "-auth_level", "2"]
    command += ["-attime", str(int(case.now.timestamp())), "-no-CApath", "-no-CAstore", "-CAfile", "trusted.pem"]
    if case.served:
        command += ["-untrusted", "served.pem"]
    if case.lists:
        command += ["-crl_check", "-CRLfile", "lists.pem"]
    if case.host:
        command += ["-verify_ip" if _is_address(case.host) else "-verify_hostname", case.host]
    done = subprocess.run([*command, "leaf.pem"], cwd=directory, capture_output=True, text=True)
    if done.returncode != 0:
        return next((line for line in done.stderr.splitlines() if line.startswith("error ")), done.stderr)
    return _host_complaint(case, directory) if case.host else ""


def _host_complaint(case: LimboCase, directory: Path) -> str:
    """What `ssl` says of the host: the command line cannot be told to take no common name and no partial wildcard."""
    leaf = x509.load_pem_x509_certificate(case.leaf.encode())
    name = alternative_name(leaf)
    copied = [] if name is None else [(unknown(ExtensionOID.SUBJECT_ALTERNATIVE_NAME.dotted_string, name), False)]
    alone = Issued.make(_ANY_HOST, san=(), extensions=copied)
    return openssl_complaint(alone, [], [alone], case.host, directory)


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def main() -> int:
    """Prints the scores, and every case on which we and OpenSSL differ."""
    suite = find_suite()
    if suite is None or not has_openssl():
        print("the suite or OpenSSL's command line is missing")
        return 1
    warnings.simplefilter("ignore")  # some certificates are odd on purpose
    cases = load_suite(suite)
    with tempfile.TemporaryDirectory() as directory:
        judged = judge_all(cases, Path(directory))
    print(score(judged, cases))
    for each in judged:
        if bool(each.complaint) != bool(each.openssl_complaint):
            print(("good" if each.case.is_good else "bad"), each)
    return 0


if __name__ == "__main__":
    sys.exit(main())
