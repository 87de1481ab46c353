"""Where we read a response differently from h11 or httptools, and why that is right. Nothing else may differ.

A row holds for messages that look like `data`, and where somebody refuses, for what they say about it. `kept` tells
whether the connection may be used again after such a message: where another reader finds the end somewhere else it
never is.
"""

from __future__ import annotations

from typing import Final

from tests.wire.differential.comparing import Accepted

_BARE_LF: Final = rb"(?:\A|[^\r])\n"
_FOLD: Final = rb"\n[ \t]"
_JUNK: Final = rb"(?:\A|\n\r?\n)(?!(?i:http))(?s:.){1,4}?(?i:http)/"
_VERSION: Final = rb"(?i:HTTP/)(?!1\.[01])[1-9]\.[0-9]"
_SMALL: Final = rb"(?!HTTP)(?i:HTTP)/"
_BLANKS: Final = rb"(?i:HTTP)/[0-9.]+(?:[ \t]{2}|\t)|(?i:HTTP)/[0-9.]+[ \t]+[0-9]{3}[^ \r\n]"
_NO_FIELD: Final = rb"\n(?![!#$%&'*+\-.^_`|~0-9A-Za-z]+:)[^\r\n]"
_RESET: Final = rb"HTTP/[0-9.]+[ \t]+205"
_TWO_FRAMINGS: Final = (
    rb"(?i:\ntransfer-encoding:.*\ncontent-length:|\ncontent-length:.*\ntransfer-encoding:)"
    rb"|(?i:\ntransfer-encoding:[ \t]*identity)|HTTP/1\.0.*(?i:\ntransfer-encoding:)"
)
_FRAMING_IN_TRAILERS: Final = (
    rb"\n0[^\n]*\n(?:[^\r\n]+\r?\n)*(?i:content-length|transfer-encoding|(?:proxy-)?connection):"
)
_TAB: Final = rb"(?i:\ntransfer-encoding:)[ \t]*[^ \t\r\n][^\t\r\n]*\t"
_DOUBTS: Final = b"|".join(
    [_TAB, _JUNK, _VERSION, _SMALL, _BLANKS, _BARE_LF, _FOLD, _NO_FIELD, _RESET, _TWO_FRAMINGS, _FRAMING_IN_TRAILERS]
)
_LENGTH: Final = rb"(?i:\ncontent-length):"

ACCEPTED: Final = [
    # --- a status line that browsers take
    Accepted(
        "junk before the status line",
        "h11 httptools",
        "they refuse",
        _JUNK,
        "Chromium skips four bytes, old servers end bodies with an extra CRLF (RFC 9112 §2.2); closed afterwards",
        b"junkHTTP/1.1 200 OK\r\n\r\n",
        r"illegal status line|no response line|Expected HTTP/|Invalid header token",
    ),
    Accepted(
        "the version is not 1.0 or 1.1",
        "httptools",
        "they refuse",
        _VERSION,
        "RFC 9110 §2.5: a later version of HTTP/1 is read as 1.1; Chromium takes 2.0 as well; closed afterwards",
        b"HTTP/1.2 200 OK\r\n\r\n",
        r"illegal status line|Invalid HTTP version|Expected HTTP/",
    ),
    Accepted(
        "the name of the protocol in small letters",
        "h11 httptools",
        "they refuse",
        _SMALL,
        "Chromium compares in any case of letters; closed afterwards",
        b"http/1.1 200 OK\r\n\r\n",
        r"illegal status line|Expected HTTP/",
    ),
    Accepted(
        "blanks in the status line",
        "h11 httptools",
        "they refuse",
        _BLANKS,
        "RFC 9112 §4 lets a recipient be sloppy about them; closed afterwards",
        b"HTTP/1.1  200 OK\r\n\r\n",
        r"illegal status line|Invalid (?:response status|status code|HTTP version)|Expected space after version",
    ),
    Accepted(
        "blanks around the reason",
        "h11 httptools",
        "reason",
        rb"(?i:HTTP)/[0-9.]+[ \t]+[0-9]{3}(?:[ \t]{2}|\t|[^\n]*[ \t]\r?\n)",
        "they go when the head is put right; where it is right they stay, for the others as well (RFC 9112 §4)",
        b"HTTP/2.0 200  OK\r\n\r\n",
    ),
    # --- lines that browsers take
    Accepted(
        "bare LF",
        "h11 httptools",
        "they refuse",
        _BARE_LF,
        "RFC 9112 §2.2 lets a recipient take it as a line end; closed afterwards",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\n0\n\n",
        r"Missing expected|Invalid|illegal|Unexpected|no response line|unexpectedly closed|cut short",
    ),
    Accepted(
        "folded lines",
        "httptools",
        "they refuse",
        _FOLD,
        "RFC 9112 §5.2: a user agent joins them by a blank; closed afterwards",
        b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        r"Unexpected whitespace|illegal header|Invalid header|continuation",
    ),
    Accepted(
        "lines that are no field",
        "h11 httptools",
        "they refuse",
        _NO_FIELD,
        "Chromium leaves them out (RFC 9112 §5.1 speaks of a blank before the colon only); closed afterwards",
        b"HTTP/1.1 200 OK\r\nno field\r\n\r\n",
        r"illegal|Invalid header token|Invalid header field|continuation line at start",
    ),
    # --- where the body ends
    Accepted(
        "the same length twice",
        "httptools",
        "they refuse",
        _LENGTH + rb".*?(?:,|" + _LENGTH + rb")",
        "RFC 9110 §8.6 allows it, and it can be understood in one way only",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0, 0\r\n\r\n",
        r"Duplicate Content-Length|Invalid character in Content-Length",
        kept=True,
    ),
    Accepted(
        "fields that h11 changes",
        "h11",
        "fields|trailers",
        _LENGTH + rb".*?(?:,|" + _LENGTH + rb")|(?i:\ntransfer-encoding):[^\n]*[A-Z]",
        "it shows equal lengths once, and codings in small letters (RFC 9110 §8.6, RFC 9112 §7); we as they came",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        kept=True,
    ),
    Accepted(
        "a transfer coding and a length",
        "httptools",
        "they refuse",
        rb"(?i:\ntransfer-encoding:[ \t]*(?:chunked|identity))",
        "RFC 9112 §6.3 rule 3: chunked wins, and identity is none; closed afterwards",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
        r"Content-Length can't be present",
    ),
    Accepted(
        "a length that is none beside chunked",
        "h11 httptools",
        "they refuse",
        rb"(?i:\ntransfer-encoding:[ \t]*chunked)",
        "RFC 9112 §6.3 rule 3: chunked wins, and the length is not looked at; closed afterwards",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: x\r\n\r\n0\r\n\r\n",
        r"Content-Length",
    ),
    Accepted(
        "identity",
        "h11",
        "they refuse",
        rb"(?i:transfer-encoding:[ \t]*identity)",
        "RFC 2616 §3.6 had it, and old servers send it; closed afterwards",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
        r"Transfer-Encoding",
    ),
    Accepted(
        "a reset has no content",
        "h11 httptools",
        "body|end|trailers|they refuse",
        _RESET,
        "RFC 9110 §15.3.6 forbids it, and Chromium reads none; closed afterwards unless its length is 0",
        b"HTTP/1.1 205 Reset Content\r\nContent-Length: 5\r\n\r\nhello",
    ),
    # --- chunks
    Accepted(
        "an odd chunk extension",
        "h11 httptools",
        "they refuse",
        rb"\n[0-9A-Fa-f]+ *;",
        "RFC 9112 §7.1.1: unknown ones are read over, and all are unknown; no control character is among them",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 ; \r\nx\r\n0\r\n\r\n",
        r"illegal chunk header|chunk extension|Invalid character in chunk|Invalid quoted-pair",
        kept=True,
    ),
    # --- reuse
    Accepted(
        "what only the close ends",
        "h11",
        "they keep it",
        rb"\A(?!(?:(?!\n\r?\n).)*(?i:\ncontent-length:|\ntransfer-encoding:[ \t]*chunked))",
        "h11 finds out by the close itself (RFC 9112 §6.3 rule 8)",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
    ),
    Accepted(
        "a message in doubt",
        "h11 httptools",
        "they keep it",
        _DOUBTS,
        "R15: what one reader puts up with another reads differently; a new connection costs little",
        b"HTTP/1.1 205 Reset Content\r\nContent-Length: 5\r\n\r\nhello",
    ),
    Accepted(
        "HTTP/1.0 with keep-alive",
        "h11",
        "we keep it",
        rb"HTTP/1\.0 .*(?i:connection:[^\n]*keep-alive)",
        "RFC 9112 §9.3 rule 3; h11 does without",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
        kept=True,
    ),
    Accepted(
        "framing in trailers",
        "h11",
        "they refuse",
        _FRAMING_IN_TRAILERS,
        "RFC 9110 §6.5.1: it says nothing there, whatever it says; closed afterwards",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n",
        r"Transfer-Encoding|Content-Length",
    ),
    Accepted(
        "close and keep-alive",
        "httptools",
        "they keep it",
        rb"(?i:\nconnection:[^\n]*close[^\n]*\n)",
        "RFC 9112 §9.3: close wins; httptools goes by keep-alive in HTTP/1.0",
        b"HTTP/1.0 200 OK\r\nConnection: close, keep-alive\r\nContent-Length: 0\r\n\r\n",
    ),
    Accepted(
        "a field of old proxies",
        "h11",
        "they keep it",
        rb"(?i:\nproxy-connection:[^\n]*close)",
        "Chromium heeds it as well (RFC 9112 appendix C.2.2)",
        b"HTTP/1.1 200 OK\r\nProxy-Connection: close\r\nContent-Length: 0\r\n\r\n",
    ),
    # --- what we alone refuse
    Accepted(
        "more than four bytes before the status line",
        "httptools",
        "we refuse",
        rb"[\r\n]{5,}(?i:HTTP)",
        "Chromium skips four and no more; RFC 9112 §2.2 allows one empty line, and before requests only",
        b"\r\n\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        r"does not start with an HTTP status line",
    ),
    Accepted(
        "two locations or dispositions",
        "h11 httptools",
        "we refuse",
        rb"(?i:\n(location|content-disposition):.*\n\1:)",
        "as Chromium, against response splitting (RFC 9110 §10.2.2 allows one)",
        b"HTTP/1.1 200 OK\r\nLocation: /a\r\nLocation: /b\r\n\r\n",
        r"two different fields",
    ),
    Accepted(
        "another transfer coding",
        "httptools",
        "we refuse",
        rb"(?i:\ntransfer-encoding:)",
        "nobody asked for it (RFC 9112 §7.4), and nobody could undo it",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        r"the Transfer-Encoding .* is not supported",
    ),
    Accepted(
        "a tab behind the coding",
        "httptools",
        "they refuse|body|end|trailers",
        _TAB,
        "a blank like any other (RFC 9110 §5.5), which llhttp does not take away; closed afterwards",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n",
    ),
    Accepted(
        "a control character",
        "h11",
        "we refuse",
        rb"[\x00-\x08\x0b-\x1f\x7f]",
        "R14: RFC 9110 §5.5 forbids them, and nothing good comes of them",
        b"HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n",
        r"control character|is malformed|status line",
    ),
    Accepted(
        "a control character in the reason",
        "httptools",
        "we refuse",
        rb"HTTP/[0-9.]+[ \t]+[0-9]{3}[^\n]*[\x00-\x08\x0b-\x1f\x7f]",
        "R14: RFC 9112 §4 forbids them, and whoever shows the reason would show them",
        b"HTTP/1.1 200 O\x08K\r\nContent-Length: 0\r\n\r\n",
        r"control character",
    ),
    Accepted(
        "a tab after a chunk size",
        "httptools",
        "we refuse",
        rb"\n[0-9A-Fa-f]+ *\t",
        "Chromium takes blanks there only, of which RFC 9112 §7.1 knows nothing either",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\t\r\nx\r\n0\r\n\r\n",
        r"the chunk size line",
    ),
    Accepted(
        "a length that no file has",
        "h11 httptools",
        "we refuse",
        _LENGTH,
        "more than 63 bits (RFC 9110 §8.6 warns of overflows)",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n",
        r"is no length",
    ),
    Accepted(
        "HTTP/0.9",
        "h11 httptools",
        "we refuse",
        rb"HTTP/0",
        "R15: nobody has spoken it for decades (RFC 9112 appendix C.1)",
        b"HTTP/0.9 200 OK\r\n\r\n",
        r"status line is malformed",
    ),
    Accepted(
        "a status below 100",
        "httptools",
        "we refuse",
        rb"HTTP/[0-9.]+ 0",
        "there is none (RFC 9110 §15)",
        b"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
        r"status line is malformed",
    ),
    Accepted(
        "an upgrade that nobody asked for",
        "httptools",
        "we refuse",
        rb"HTTP/1.[0-9] 101",
        "what follows speaks another protocol (RFC 9110 §15.2.2)",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        r"switched to another protocol \(101\)",
    ),
]
