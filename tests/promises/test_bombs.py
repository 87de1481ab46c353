"""A gigabyte out of a few kilobytes: it unfolds piece by piece, in a process that has little memory to spare."""

from __future__ import annotations

import gzip

import pytest

from netstack_sync import Session
from netstack_sync.fetcher.content_decoders import Decoder
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.subprocesses import run_python

pytest.importorskip("backports.zstd")
pytestmark = pytest.mark.skipif("sys.platform == 'win32'", reason="the peak of the memory is asked from POSIX")

MORE_MIB = 64

# Packs a gigabyte of zeros in little memory, serves it, and tells the number of bytes that came and by how many MiB the
# peak of the memory has grown since it began to read.
PROGRAM = """
    import resource, struct, sys, zlib
    import brotli
    from backports import zstd
    import netstack_sync
    from netstack_sync.testing.answer import Answer
    from netstack_sync.testing.embedded_server import EmbeddedServer

    GIGABYTE, ZEROS = 1 << 30, bytes(1 << 20)

    def zeros():
        for _ in range(GIGABYTE // len(ZEROS)):
            yield ZEROS

    def deflated_zeros():
        packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        block = packer.compress(ZEROS) + packer.flush(zlib.Z_FULL_FLUSH)
        return block * (GIGABYTE // len(ZEROS)) + zlib.compressobj(wbits=-15).flush()

    def gzip_zeros():
        check = 0
        for piece in zeros():
            check = zlib.crc32(piece, check)
        return b"\\x1f\\x8b\\x08" + bytes(7) + deflated_zeros() + struct.pack("<II", check, GIGABYTE)

    def brotli_packed(pieces):
        packer = brotli.Compressor(quality=1)
        return b"".join([*[packer.process(piece) for piece in pieces], packer.finish()])

    def zstd_packed(pieces):
        packer = zstd.ZstdCompressor(1)
        return b"".join([*[packer.compress(piece) for piece in pieces], packer.flush()])

    def gzip_packed(pieces):
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        return b"".join([*[packer.compress(piece) for piece in pieces], packer.flush()])

    def small_frames():
        # Each of these few bytes becomes a mebibyte, so that a chain which collects them drowns in between.
        frame = zstd.compress(ZEROS)
        return [frame * 64] * (GIGABYTE // len(ZEROS) // 64)

    PACKED = {
        "gzip": gzip_zeros,
        "deflate": deflated_zeros,
        "br": lambda: brotli_packed(zeros()),
        "zstd": lambda: zstd_packed(zeros()),
        "gzip, gzip": lambda: gzip_packed([gzip_zeros()]),
        "gzip, br": lambda: brotli_packed([gzip_zeros()]),
        "br, gzip": lambda: gzip_packed([brotli_packed(zeros())]),
        "zstd, gzip": lambda: gzip_packed(small_frames()),
        "zstd, gzip, gzip": lambda: gzip_packed([gzip_packed(small_frames())]),
    }

    def peak():
        kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return kib // 1024 if sys.platform == "linux" else kib >> 20

    coding, way = sys.argv[1:]
    body = PACKED[coding]()
    assert len(body) < GIGABYTE // 100, len(body)
    with EmbeddedServer() as server, netstack_sync.Session(timeout=60) as session:
        server.route("/bomb", Answer(headers={"Content-Encoding": coding}, body=body))
        session.get(server.url("/hello"))
        before = peak()
        if way == "stream":
            with session.stream("GET", server.url("/bomb")) as response:
                size = sum([len(piece) for piece in response.iter_bytes()])
        elif way == "read":
            with session.stream("GET", server.url("/bomb")) as response:
                size = sum([len(piece) for piece in iter(lambda: response.read(100_000), b"")])
        else:
            try:
                session.get(server.url("/bomb"), max_response_size=1 << 20).content
            except netstack_sync.ResponseTooLarge:
                size = -1
        print(size, peak() - before)
"""


def unfold(coding: str, way: str) -> int:
    """How many bytes came; the peak of the memory is checked."""
    size, grown_mib = run_python(PROGRAM, coding, way).split()
    assert int(grown_mib) < MORE_MIB
    return int(size)


CODINGS = ["gzip", "deflate", "br", "zstd", "gzip, gzip", "gzip, br", "br, gzip", "zstd, gzip", "zstd, gzip, gzip"]


@pytest.mark.parametrize("coding", CODINGS)
def test_a_gigabyte_is_streamed_in_little_memory(coding: str) -> None:
    """R11 (CVE-2025-66471, CVE-2025-69223): no step gives much, and nothing is collected between two codings."""
    assert unfold(coding, "stream") == 1 << 30


@pytest.mark.parametrize("coding", ["gzip", "zstd, gzip"])
def test_a_gigabyte_is_read_in_little_memory(coding: str) -> None:
    """R11 (CVE-2025-66471): read(n) unfolds what it gives and not much more."""
    assert unfold(coding, "read") == 1 << 30


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd, gzip, gzip"])
def test_a_gigabyte_is_not_kept(coding: str) -> None:
    """R11 (CVE-2025-69223): max_response_size counts what was unfolded."""
    assert unfold(coding, "limit") == -1


def test_what_is_thrown_away_is_not_unfolded(monkeypatch: pytest.MonkeyPatch) -> None:
    """R11 (CVE-2026-21441, CVE-2026-44432): the body of a redirect, and what a stream leaves unread."""

    def refuse(coding: str) -> Decoder:
        raise AssertionError(f"{coding} is unfolded")

    monkeypatch.setattr("netstack_sync.fetcher.content_decoders.make_decoder", refuse)
    with EmbeddedServer() as server, Session() as session:
        body = gzip.compress(bytes(1 << 20))
        server.route("/moved", Answer(302, {"Content-Encoding": "gzip", "Location": "/hello"}, body=body))
        server.route("/bomb", Answer(200, {"Content-Encoding": "gzip"}, body=body))
        assert session.get(server.url("/moved")).text == "hello\n"
        with session.stream("GET", server.url("/bomb")) as left:
            pass
        with session.stream("GET", server.url("/bomb")) as drained:
            drained.drain_conn()
        assert left.status == drained.status == 200
        with pytest.raises(AssertionError, match="gzip is unfolded"):
            _ = session.get(server.url("/bomb")).content
