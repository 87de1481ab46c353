"""A server that wants Digest authentication and checks it by the book, independently of the package."""

from __future__ import annotations

import hashlib
import itertools
import re
import threading

from netstack_sync.testing.answer import Answer
from netstack_sync.testing.server_request import ReceivedRequest

_FIELD = re.compile(r'([a-z*]+)=(?:"((?:[^"\\]|\\.)*)"|([^ ,]+))', re.IGNORECASE)
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


def fields_of(authorization: str) -> dict[str, str]:
    """The fields of a Digest answer."""
    assert authorization.startswith("Digest "), authorization
    return {name: quoted or plain for name, quoted, plain in _FIELD.findall(authorization[7:])}


PLAIN_CHALLENGE = 'Digest realm="r", nonce="n"'


def plain_answer(user: str, password: str) -> str:
    """What meets PLAIN_CHALLENGE for "GET /"; of RFC 2069, where nothing is random."""
    a1, a2 = (hashlib.md5(text.encode()).hexdigest() for text in (f"{user}:r:{password}", "GET:/"))
    response = hashlib.md5(f"{a1}:n:{a2}".encode()).hexdigest()
    return f'Authorization: Digest username="{user}", realm="r", nonce="n", uri="/", response="{response}"\r\n'


class DigestServer:
    """A handler for routes; remembers every Authorization that came (None without one)."""

    def __init__(
        self,
        user: str = "Mufasa",
        password: str = "Circle of Life",
        realm: str = "a realm",
        algorithm: str = "SHA-256",
        qop: str = "auth",
        userhash: bool = False,
        uses_of_nonce: int = 1_000,
        body: bytes = b"",
    ) -> None:
        self.user, self.password, self.realm = user, password, realm
        self.algorithm, self.qop, self.userhash = algorithm, qop, userhash
        self.uses_of_nonce = uses_of_nonce
        self.body = body
        """Of the 401."""
        self.says_stale = True
        self.seen: list[str | None] = []
        self.connections: list[int] = []
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._counts: dict[str, set[int]] = {}

    def __call__(self, request: ReceivedRequest) -> Answer:
        authorization = request.headers.get("authorization")
        self.seen.append(authorization)
        self.connections.append(request.connection)
        with self._lock:
            if authorization is None or not authorization.startswith("Digest "):
                return self._challenge()
            fields = fields_of(authorization)
            used = self._counts.get(fields["nonce"])
            count = int(fields.get("nc", "0"), 16)
            if used is None or len(used) >= self.uses_of_nonce:
                return self._challenge(", stale=true" if self.says_stale else "")
            if fields["response"] != self._expected(request, fields) or (self.qop and count in used):
                return self._challenge()
            used.add(count)
        return Answer(body=b"welcome")

    def _challenge(self, more: str = "") -> Answer:
        nonce = f"nonce-{next(self._numbers)}"
        self._counts[nonce] = set()
        value = f'Digest realm="{self.realm}", nonce="{nonce}", opaque="o", algorithm={self.algorithm}{more}'
        if self.qop:
            value += f', qop="{self.qop}"'
        if self.userhash:
            value += ", userhash=true"
        return Answer(401, headers={"WWW-Authenticate": value}, body=self.body)

    def _expected(self, request: ReceivedRequest, fields: dict[str, str]) -> str:
        assert fields["uri"] == request.target and fields["realm"] == self.realm and fields["opaque"] == "o"
        name = self._hash(f"{self.user}:{self.realm}") if self.userhash else self.user
        assert fields["username"] == name
        a1 = self._hash(f"{self.user}:{self.realm}:{self.password}")
        if self.algorithm.endswith("-sess"):
            a1 = self._hash(f"{a1}:{fields['nonce']}:{fields['cnonce']}")
        a2 = f"{request.method}:{request.target}"
        if fields.get("qop") == "auth-int":
            a2 += ":" + hashlib.new(self._hash_name, request.body).hexdigest()
        if not self.qop:
            return self._hash(f"{a1}:{fields['nonce']}:{self._hash(a2)}")
        middle = ":".join((fields["nonce"], fields["nc"], fields["cnonce"], fields["qop"]))
        return self._hash(f"{a1}:{middle}:{self._hash(a2)}")

    @property
    def _hash_name(self) -> str:
        return _HASHES[self.algorithm.removesuffix("-sess")]

    def _hash(self, text: str) -> str:
        return hashlib.new(self._hash_name, text.encode()).hexdigest()
