"""What the engine of verify_certificate.py leaves out of name constraints (RFC 5280 section 4.2.1.10).

The engine compares hosts and addresses, and the mail addresses in subjectAltName. It passes over constraints on
directory names that are not critical, over mail addresses in a subject, and over limits on the distance, which
RFC 5280 forbids. Here they are held, as OpenSSL holds them: who constrains an authority means it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.workers.certificate_faults import Fault, name_of

if TYPE_CHECKING:
    from cryptography import x509

_CONSTRAINTS_DER: Final = bytes.fromhex("0603551d1e")
_ALTERNATIVE_NAMES_DER: Final = bytes.fromhex("0603551d11")
_MAIL_DER: Final = bytes.fromhex("06092a864886f70d010901")
_IA5_STRING: Final = b"\x16"

# Each name below an authority is compared with each of its constraints, some 3 ms for so many, and again on each of
# some ways to a root. Authorities of the web have dozens of constraints, and certificates a hundred names.
_MAX_COMPARISONS: Final = 20_000
_MIN_NAME_BYTES: Final = 2

_Directory = list[frozenset[tuple[str, bytes | tuple[bytes, ...]]]]


def comparison_fault(served: Sequence[bytes], certificates: Sequence[x509.Certificate]) -> Fault | None:
    """A chain that is made to be slow: too many names below too many constraints.

    `certificates` are those of `served` that could be parsed. The constraints of roots do not count, as who trusts
    them has chosen them; the engine's own limit is for these.
    """
    if not any(_CONSTRAINTS_DER in der for der in served):
        return None
    names = sum(map(_count_names, certificates))
    constraints = sum(map(_count_constraints, certificates))
    if names * constraints <= _MAX_COMPARISONS:
        return None
    text = f"the chain has too many names, up to {names}, for its up to {constraints} name constraints"
    return Fault(CertStatus.INVALID, text)


def _count_names(certificate: x509.Certificate) -> int:
    from cryptography import x509

    try:
        return len(list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value))
    except x509.ExtensionNotFound:
        return 0
    except Exception:
        return _room(certificate, _ALTERNATIVE_NAMES_DER)


def _count_constraints(certificate: x509.Certificate) -> int:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return 0
    except Exception:
        return _room(certificate, _CONSTRAINTS_DER)
    return len(found.permitted_subtrees or ()) + len(found.excluded_subtrees or ())


def _room(certificate: x509.Certificate, extension: bytes) -> int:
    """How many names an extension may hold: the library reads all extensions or none, the engine those it needs."""
    body = certificate.tbs_certificate_bytes
    return len(body) // _MIN_NAME_BYTES if extension in body else 0


def constraint_faults(chain: Sequence[x509.Certificate], encoded: Sequence[bytes]) -> list[Fault]:
    """Constraints that a chain breaks and that the engine has not looked at; `encoded` is the same chain in DER.

    Raises what the library raises about extensions that cannot be read.
    """
    faults = []
    for position in range(1, len(chain)):
        # To read all extensions of each authority would take longer than to verify it; few have constraints.
        if _CONSTRAINTS_DER in encoded[position]:
            below = [each for each in chain[:position] if each is chain[0] or each.subject != each.issuer]
            text = _complaint(chain[position], encoded[position], below)
            if text:
                faults.append(Fault(CertStatus.NAME_CONSTRAINT_VIOLATION, text))
    return faults


def _complaint(authority: x509.Certificate, encoded: bytes, below: list[x509.Certificate]) -> str:
    from cryptography import x509

    try:
        constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return ""
    if constraints.public_bytes() not in encoded:  # the library says nothing of limits
        return f"the name constraints of {name_of(authority)} have limits on the distance, which are not known here"
    permitted, excluded = constraints.permitted_subtrees or (), constraints.excluded_subtrees or ()
    for certificate in below:
        what = _broken_kind(certificate, list(permitted), list(excluded))
        if what:
            return f"{name_of(authority)} may not vouch for the {what} of {name_of(certificate)}"
    return ""


def _broken_kind(
    certificate: x509.Certificate, permitted: list[x509.GeneralName], excluded: list[x509.GeneralName]
) -> str:
    """Which kind of names breaks a constraint, in words; empty if none does."""
    allowed, forbidden = _directories(permitted), _directories(excluded)
    name = _canonical(certificate.subject)  # directory names beside it, in subjectAltName, the engine refuses
    if name and (_is_below(name, forbidden) or (allowed and not _is_below(name, allowed))):
        return "directory name"
    mails = _mails_of(certificate)
    if mails and not _are_mails_allowed(mails, _mails(permitted), _mails(excluded)):
        return "mail address"
    # RFC 2985 section 5.2.1; what is encoded in another way OpenSSL takes for no address that can be compared.
    if certificate.subject.public_bytes().count(_MAIL_DER + _IA5_STRING) != len(mails):
        return "mail address"
    return ""


# --- directory names


def _directories(names: list[x509.GeneralName]) -> list[_Directory]:
    from cryptography import x509

    return [_canonical(name.value) for name in names if isinstance(name, x509.DirectoryName)]


def _canonical(name: x509.Name) -> _Directory:
    """Without regard to case, to spaces and to the kind of string, as OpenSSL compares (RFC 5280 section 7.1)."""
    return [frozenset((each.oid.dotted_string, _fold(each.value)) for each in rdn) for rdn in name.rdns]


def _fold(value: str | bytes) -> bytes | tuple[bytes, ...]:
    # Of bytes only ASCII's letters and spaces are folded; no other letter becomes one of them.
    return value if isinstance(value, bytes) else tuple(value.encode().lower().split())


def _is_below(name: _Directory, trees: list[_Directory]) -> bool:
    return any(name[: len(tree)] == tree for tree in trees)


# --- mail addresses


def _mails(names: list[x509.GeneralName]) -> list[bytes]:
    from cryptography import x509

    return [name.value.encode() for name in names if isinstance(name, x509.RFC822Name)]


def _mails_of(certificate: x509.Certificate) -> list[bytes]:
    from cryptography.x509.oid import NameOID

    values = [each.value for each in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)]
    return [value.encode() if isinstance(value, str) else value for value in values]


def _are_mails_allowed(mails: list[bytes], permitted: list[bytes], excluded: list[bytes]) -> bool:
    for mail in mails:
        if any(_is_mail_below(mail, tree) for tree in excluded):
            return False
        if permitted and not any(_is_mail_below(mail, tree) for tree in permitted):
            return False
    return True


def _is_mail_below(mail: bytes, tree: bytes) -> bool:
    """A constraint is an address, a host, or with a leading dot all hosts of a domain."""
    mailbox, _, host = mail.rpartition(b"@")
    wanted_mailbox, _, wanted_host = tree.rpartition(b"@")
    host, wanted_host = host.lower(), wanted_host.lower()
    if wanted_mailbox:
        return (mailbox, host) == (wanted_mailbox, wanted_host)
    return host.endswith(wanted_host) if wanted_host.startswith(b".") else host == wanted_host
