"""Digest authentication (RFC 7616, and RFC 2069 for servers that know no qop): a hash of the password, bound to
the server's nonce, the method, the target, and if the server insists the body.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from netstack_sync.auth.challenge import AuthChallenge, parse_parameters
from netstack_sync.auth.handler import AuthRequest
from netstack_sync.auth.identity import DIGEST, AuthIdentity

_HASHES: Final = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}
_SESSION: Final = "-sess"
_MAX_ECHOED: Final = 4096  # characters that a server can make us remember, and repeat with every request
_ATTR_CHARS: Final = "!#$&+^`|"  # of RFC 5987 §3.2.1, beside those that quote() never escapes


def make_cnonce() -> str:
    """A nonce of ours."""
    return secrets.token_hex(16)


class DigestHandler:
    """See AuthHandler. Counts how often the nonce was used (RFC 7616 §3.4: nc), over all requests that share it.

    One cnonce goes with one nonce: what -sess derives from both then stays the same, as §3.4.2 wants it.
    """

    __slots__ = (
        "_algorithm",
        "_challenge",
        "_cnonce",
        "_hash_name",
        "_identity",
        "_make_cnonce",
        "_nonce",
        "_nonce_count",
        "_qops",
        "realm",
    )

    scheme = DIGEST

    @classmethod
    def from_challenge(
        cls, challenge: AuthChallenge, identity: AuthIdentity, make_cnonce: Callable[[], str] = make_cnonce
    ) -> DigestHandler | None:
        """None for what we do not understand: another algorithm, no realm or nonce, or far too much of them."""
        parameters = challenge.parameters
        algorithm = parameters.get("algorithm", "MD5")
        hash_name = _HASHES.get(algorithm.lower().removesuffix(_SESSION), "")
        if "realm" not in parameters or not parameters.get("nonce") or hash_name not in hashlib.algorithms_available:
            return None
        if sum(len(parameters.get(name, "")) for name in ("realm", "nonce", "opaque")) > _MAX_ECHOED:
            return None
        return cls(challenge, identity, algorithm, hash_name, make_cnonce)

    def __init__(
        self,
        challenge: AuthChallenge,
        identity: AuthIdentity,
        algorithm: str,
        hash_name: str,
        make_cnonce: Callable[[], str],
    ) -> None:
        self.realm = challenge.realm
        self._challenge = challenge
        self._identity = identity
        self._algorithm = algorithm
        self._hash_name = hash_name
        qop = challenge.parameters.get("qop", "")
        self._qops = [value.strip(" \t").lower() for value in qop.split(",")] if qop else []
        self._make_cnonce = make_cnonce
        self._nonce = challenge.parameters["nonce"]
        self._nonce_count = 0
        self._cnonce = make_cnonce()

    def can_answer(self, request: AuthRequest) -> bool:
        """See AuthHandler: auth-int signs the body, which must be known for that."""
        return self._choose_qop(request) is not None

    def authorization(self, request: AuthRequest) -> str:
        """See AuthHandler."""
        qop = self._choose_qop(request)
        assert qop is not None, "asked before: can_answer()"
        self._nonce_count += 1
        count = f"{self._nonce_count:08x}"
        answer = self._response(request, qop, count)
        return "Digest " + ", ".join(self._fields(request, qop, count, answer))

    def on_authentication_info(self, value: str) -> None:
        """Takes the next nonce (RFC 7616 §3.5)."""
        nonce = parse_parameters(value).get("nextnonce", "")
        if 0 < len(nonce) <= _MAX_ECHOED:
            self._nonce, self._nonce_count, self._cnonce = nonce, 0, self._make_cnonce()

    def _choose_qop(self, request: AuthRequest) -> str | None:
        """The cheapest that the server takes; "" is RFC 2069; None when there is none that we can do."""
        if not self._qops:
            return ""
        if "auth" in self._qops:
            return "auth"
        return "auth-int" if "auth-int" in self._qops and request.read_body() is not None else None

    def _response(self, request: AuthRequest, qop: str, count: str) -> str:
        secret = self._hash(self._user_realm() + b":" + self._identity.password.encode())
        nonce, cnonce = _wire(self._nonce), self._cnonce.encode()
        if self._algorithm.lower().endswith(_SESSION):
            secret = self._hash(b":".join((secret.encode(), nonce, cnonce)))
        about = f"{request.method}:{request.uri}".encode()
        if qop == "auth-int":
            about += b":" + self._hash(request.read_body() or b"").encode()
        signed = self._hash(about).encode()
        if not qop:
            return self._hash(b":".join((secret.encode(), nonce, signed)))
        return self._hash(b":".join((secret.encode(), nonce, count.encode(), cnonce, qop.encode(), signed)))

    def _fields(self, request: AuthRequest, qop: str, count: str, answer: str) -> list[str]:
        parameters = self._challenge.parameters
        fields = [
            *self._user_fields(),
            f'realm="{_escaped(self.realm)}"',
            f'nonce="{_escaped(self._nonce)}"',
            f'uri="{_escaped(request.uri)}"',
            f'response="{answer}"',
        ]
        if "algorithm" in parameters:
            fields.append(f"algorithm={self._algorithm}")
        if "opaque" in parameters:
            fields.append(f'opaque="{_escaped(parameters["opaque"])}"')
        if qop:
            fields += [f"qop={qop}", f"nc={count}"]
        if qop or self._algorithm.lower().endswith(_SESSION):
            fields.append(f'cnonce="{self._cnonce}"')
        return fields

    def _user_fields(self) -> list[str]:
        """RFC 7616 §3.4.4 (userhash) and §3.4 (username*, for names that a quoted string cannot hold)."""
        name = self._identity.username
        if self._challenge.parameters.get("userhash", "").lower() == "true":
            return [f'username="{self._hash(self._user_realm())}"', "userhash=true"]
        if name.isascii() and name.isprintable():
            return [f'username="{_escaped(name)}"']
        return [f"username*=UTF-8''{quote(name, safe=_ATTR_CHARS)}"]

    def _user_realm(self) -> bytes:
        return self._identity.username.encode() + b":" + _wire(self.realm)

    def _hash(self, data: bytes) -> str:
        return hashlib.new(self._hash_name, data, usedforsecurity=False).hexdigest()  # MD5 also where FIPS rules


def _wire(text: str) -> bytes:
    """The bytes that the server sent; headers are read as latin-1."""
    return text.encode("latin-1")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
