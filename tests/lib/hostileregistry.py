#!/usr/bin/python3
"""hostileregistry - a registry of which each repository is another attack, and the table of them

    hostileregistry.py --list				NAME<TAB>HOW<TAB>OBJECT<TAB>REGEX, a line for each case
    hostileregistry.py --port N --cert F --key F	serve them all by TLS
    hostileregistry.py ... --handshake		end each connection in its handshake, at another place each time

HOW: "pull" is refused by what matches REGEX, "digest" too, when the image is asked for by its digest; "heals" is pulled all the same; "fetch" goes on for as long as
the fetch role tries again, and ends with what matches REGEX. OBJECT: what to ask the fetch role for.

A case answers honestly but for objects of one kind (AT), which go through its function; "once" means the
first answer only. Bytes are encrypted here and sent as the case likes, so that records can be cut too.
"""
import argparse
import functools
import os
import re
import socket
import ssl
import sys
import threading
import time

import hostileimages as img
from hostileimages import CONFIG, GZIP, INDEX, MANIFEST, TAR, ZSTD, image_good, image_layer, image_raw, sha

CASES = {}
BIG = 100 << 20
FILES, MIB = int(os.environ.get("HOSTILE_FILES", 25000)), int(os.environ.get("HOSTILE_MIB", 200))


class Case:
    def __init__(self, how, want, image, at, answer, once):
        self.how, self.want, self.at, self.answer, self.once = how, want, at, answer, once
        self.image = functools.cache(image)


def case(name, want, image=image_good, at=None, answer=None, how="pull", once=False):
    assert name not in CASES, name
    CASES[name] = Case(how, want, image, at, answer, once)


class Peer:
    """one connection, with TLS in memory"""

    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = server.tls.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.open, self.buffer, self.case = True, b"", None

    def pump(self, step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self.flush()
                data = self.sock.recv(65536)
                if not data:
                    raise ConnectionResetError from None
                self.incoming.write(data)

    def flush(self):
        self.sock.sendall(self.outgoing.read())

    def records(self, data):
        self.tls.write(data)
        return self.outgoing.read()

    def send(self, data):
        self.sock.sendall(self.records(data if isinstance(data, bytes) else data.encode("latin-1")))

    def read_request(self):
        while b"\r\n\r\n" not in self.buffer:
            data = self.pump(lambda: self.tls.read(65536))
            if not data:
                return None
            self.buffer += data
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        return (*lines[0].split(" ")[:2], dict(x.lower().split(": ", 1) for x in lines[1:]))

    def end(self, reset=False):
        """without a close_notify, as a broken link does"""
        self.open = False
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()


# What is sent, in classes: name of the class, bytes -----------------------------------------------------

def head(length=None, *more, status="200 OK", kind="application/octet-stream"):
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}"]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join(lines + list(more)) + "\r\n\r\n"


def classes(body, kind, chunked=False):
    parts = [("status-line", b"HTTP/1.1 200 OK"), ("status-crlf", b"\r\n"), ("header-name", b"Content-Type"),
             ("header-colon", b": "), ("header-value", kind.encode()), ("header-crlf", b"\r\n")]
    if not chunked:
        parts += [("length", b"Content-Length: %d\r\n" % len(body)), ("head-end", b"\r\n"), ("body-first", body[:1]),
                  ("body", body[1:-1]), ("body-last", body[-1:])]
        return parts
    half = len(body) // 2
    parts += [("coding", b"Transfer-Encoding: chunked\r\n"), ("head-end", b"\r\n"),
              ("chunk-size", b"%x" % half), ("chunk-extension", b";name=value"), ("chunk-size-crlf", b"\r\n"),
              ("chunk-data", body[:half]), ("chunk-end", b"\r\n"), ("chunk2", b"%x\r\n" % (len(body) - half) +
                                                                    body[half:] + b"\r\n"),
              ("last-chunk", b"0"), ("last-chunk-crlf", b"\r\n"), ("trailer", b"X-Sum: 12345\r\n"), ("final-crlf", b"\r\n")]
    return parts


def cut(at, chunked=False, reset=False):
    """the connection ends in the middle of this class; of one byte, before it"""
    def answer(p, body, kind):
        sent = b""
        for name, data in classes(body, kind, chunked):
            if name == at:
                p.send(sent + data[:len(data) // 2])
                time.sleep(0.02)  # a reset overtakes what was not read
                return p.end(reset)
            sent += data
        raise ValueError(at)
    return answer


def cut_record(at):
    """of the record with the body's end: so many bytes of header and ciphertext; negative: all but so many"""
    def answer(p, body, kind):
        p.send(head(len(body), kind=kind).encode() + body[:-100])
        record = p.records(body[-100:])
        p.sock.sendall(record[:at])
        p.end()
    return answer


def raw(text):
    """the whole answer; {n}: the body's length"""
    def answer(p, body, kind):
        p.send(text.replace("{n}", str(len(body))).replace("{kind}", kind).encode("latin-1") + body)
        p.end()
    return answer


def chunked(*chunks, end=b"0\r\n\r\n"):
    """these in the place of good chunks; None: the body"""
    def answer(p, body, kind):
        p.send(head(None, "Transfer-Encoding: chunked", kind=kind))
        for c in chunks:
            p.send(b"%x\r\n" % len(body) + body + b"\r\n" if c is None else c)
        p.send(end)
        p.end()
    return answer


def endless(start, again, pause=0):
    def answer(p, body, kind):
        p.send(start)
        while True:
            p.send(again)
            time.sleep(pause)
    return answer


def drip_record(p, body, kind):
    """one record, byte by byte: no data comes out of it for hours"""
    for byte in p.records(head(len(body), kind=kind).encode() + body[:8000]):
        p.sock.sendall(bytes([byte]))
        time.sleep(0.1)


def spaces(total, length):
    def answer(p, body, kind):
        p.send(head(total if length else None, *([] if length else ["Transfer-Encoding: chunked"]), kind=kind))
        block = b" " * 65536
        for _ in range(total // len(block)):
            p.send(block if length else b"10000\r\n" + block + b"\r\n")
        p.send(b"" if length else b"0\r\n\r\n")
    return answer


def redirect(*where, body=b""):
    """to each in turn; {n}: a number that grows"""
    def answer(p, _body, _kind):
        n = p.server.count(id(where))
        to = where[n % len(where)].replace("{n}", str(n)).replace("{port}", str(p.server.port))
        p.send(head(len(body), f"Location: {to}", status="307 Temporary Redirect").encode() + body)
    return answer


def big_redirect(p, body, kind):
    p.send(head(1 << 40, "Location: /v2/redirect-with-endless-body/layer/again", status="307 x"))
    while True:
        p.send(b"x" * 65536)


# What is wrong with an answer's head ------------------------------------------------------------------
case("endless-headers", "CONFIG_HTTP_MAX_HEADERS", at="manifest", answer=endless("HTTP/1.1 200 OK\r\n", "X-More: of this\r\n" * 50))
case("endless-header", "CONFIG_HTTP_LINE_BYTES", at="manifest", answer=endless("HTTP/1.1 200 OK\r\nX: ", "x" * 9000))
case("endless-status", "CONFIG_HTTP_LINE_BYTES", at="config", answer=endless("HTTP/1.1 200 ", "x" * 9000))
case("large-head", "CONFIG_HTTP_HEADER_KIB", at="layer", answer=endless("HTTP/1.1 200 OK\r\n", "X: " + "x" * 8000 + "\r\n"))
case("endless-interim", "more than 8 interim answers", at="layer", answer=endless("", "HTTP/1.1 103 x\r\n\r\n"))
case("endless-empty-lines", "HTTP", at="layer", answer=endless("", "\r\n" * 1000))
for name, text in {"http-0.9": "<html>", "http-2": "PRI * HTTP/2.0\r\n\r\n", "status-of-two-digits": "HTTP/1.1 20 OK\r\n\r\n",
                   "status-signed": "HTTP/1.1 +20 OK\r\n\r\n", "switch-protocols": "HTTP/1.1 101 x\r\n\r\n",
                   "header-without-colon": "HTTP/1.1 200 OK\r\nrubbish\r\n\r\n",
                   "header-name-with-blank": "HTTP/1.1 200 OK\r\nContent-Length : {n}\r\n\r\n",
                   "header-folded": "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: {n}\r\n\r\n",
                   "header-with-nul": "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: {n}\r\n\r\n",
                   "header-with-cr": "HTTP/1.1 200 OK\r\nX: a\rContent-Length: {n}\r\n\r\n",
                   "interim-with-body": "HTTP/1.1 100 x\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: {n}\r\n\r\n"}.items():
    case(name, "HTTP response: ", at="layer", answer=raw(text))

# lengths that lie -------------------------------------------------------------------------------------
for name, value in {"plus": "+{n}", "minus": "-1", "hex": "0x{n}", "twice-in-one": "{n}, {n}", "empty": "", "blank": "5 5",
                    "2-to-64": "18446744073709551616", "float": "1e3", "nul": "{n}\0"}.items():
    case("length-" + name, "HTTP response: ", at="layer", answer=raw(f"HTTP/1.1 200 OK\r\nContent-Length: {value}\r\n\r\n"))
case("length-leading-zeros", "", how="heals", at="layer", answer=raw("HTTP/1.1 200 OK\r\nContent-Length: 000{n}\r\n\r\n"))
case("length-two", "two Content-Length", at="layer", answer=raw("HTTP/1.1 200 OK\r\nContent-Length: {n}\r\ncontent-length: {n}\r\n\r\n"))
case("length-and-chunked", "both Content-Length and Transfer-Encoding", at="layer",
     answer=raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: {n}\r\n\r\n"))
case("coding-gzip-chunked", "Transfer-Encoding", at="layer", answer=raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"))
case("coding-twice", "Transfer-Encoding", at="layer", answer=raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"))
case("length-short", "has 10 bytes, its manifest says", at="layer", answer=raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"))
case("length-long", "has 99999999 bytes, its manifest says", at="layer", answer=raw("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"))
case("length-short-manifest", "manifest has 10 bytes", at="manifest", answer=raw("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: 10\r\n\r\n"))
case("length-short-config", "configuration has 10 bytes", at="config", answer=raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"))
case("length-zero", "has 0 bytes, its manifest says", at="layer", answer=raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
case("no-content", "HTTP 204", at="layer", answer=raw("HTTP/1.1 204 x\r\n\r\n"))

# chunks -----------------------------------------------------------------------------------------------
for name, size in {"2-to-64": "ffffffffffffffff", "2-to-63": "8000000000000000", "overflow": "1" + "0" * 17, "minus": "-5", "plus": "+5",
                   "0x": "0x5", "empty": "", "word": "size", "only-extension": ";x=y", "blank-inside": "5 5"}.items():
    case("chunk-" + name, "chunk's size is malformed", at="layer", answer=chunked(size.encode() + b"\r\n"))
case("chunk-2-to-59", "the middle of its answer|closed|chunk", at="layer", answer=chunked(b"800000000000000\r\n", end=b""), how="fetch")
case("chunk-long-line", "size line is longer than 256", at="layer", answer=endless(head(None, "Transfer-Encoding: chunked"), "0" * 300))
case("chunk-extensions", "size line is longer than 256", at="layer", answer=chunked(b"1;" + b"x" * 1000 + b"\r\n"))
case("chunk-longer-than-said", "chunk is longer than its size", at="layer", answer=chunked(b"5\r\n123456\r\n"))
case("chunk-bytewise", "has 3000 bytes, its manifest says|not gzip", at="layer", answer=chunked(b"1\r\nx\r\n" * 3000))
case("chunk-endless-trailers", "CONFIG_HTTP_MAX_HEADERS", at="layer", answer=chunked(None, end=b"0\r\n" + b"X: y\r\n" * 5000))
case("chunk-bad-trailer", "header line is malformed", at="layer", answer=chunked(None, end=b"0\r\nrubbish\r\n\r\n"))
case("chunk-no-last", "middle of its answer|closed the connection", at="index", answer=chunked(None, end=b""), how="fetch")
case("chunk-more-than-manifest-says", "its manifest says", at="layer", answer=chunked(None, b"1\r\nx\r\n"))

# redirects --------------------------------------------------------------------------------------------
case("redirect-to-itself", "CONFIG_FETCH_REDIRECTS", at="layer", answer=redirect("/v2/redirect-to-itself/layer/again"))
case("redirect-chain", "CONFIG_FETCH_REDIRECTS", at="layer", answer=redirect("/v2/redirect-chain/layer/n{n}"))
case("redirect-ping-pong", "CONFIG_FETCH_REDIRECTS", at="index",
     answer=redirect("https://127.0.0.1:{port}/v2/redirect-ping-pong/index/a", "https://localhost:{port}/v2/redirect-ping-pong/index/b"))
case("redirect-to-http", "away from TLS: refused", at="layer", answer=redirect("http://localhost:1/"))
case("redirect-to-file", "scheme is file:", at="config", answer=redirect("file:///etc/passwd"))
case("redirect-to-nowhere", "redirects to nowhere", at="layer", answer=redirect(""))
case("redirect-long", "CONFIG_URL_BYTES", at="layer", answer=redirect("/" + "x" * 6000))
case("redirect-two", "two Location headers", at="layer", answer=raw("HTTP/1.1 307 x\r\nLocation: /a\r\nLocation: /b\r\n\r\n"))
case("redirect-with-endless-body", "CONFIG_FETCH_REDIRECTS", at="layer", answer=big_redirect)

# documents --------------------------------------------------------------------------------------------
NEST = b"[" * 100000
case("manifest-100-mb", "has 104857600 bytes, at most [0-9]+ are accepted", at="manifest", image=lambda: image_good(index=False), answer=spaces(BIG, True))
case("manifest-100-mb-chunked", "has more than [0-9]+ bytes", at="manifest", image=lambda: image_good(index=False), answer=spaces(BIG, False))
case("index-100-mb-chunked", "has more than [0-9]+ bytes", at="index", answer=spaces(BIG, False))
case("config-100-mb", "has more than [0-9]+ bytes", at="config", answer=spaces(BIG, False))
case("config-says-100-mb", "CONFIG_PARSE_DOCUMENT_KIB", image=lambda: image_good(config={"size": BIG}))
case("manifest-says-100-mb", "manifest has [0-9]+ bytes", image=lambda: image_good(child={"size": BIG}))
case("layer-says-8-eib", "layers.*size", image=lambda: image_good(layers={"size": 1 << 63}))
case("layer-says-4-tib", "no space left", image=lambda: image_good(layers={"size": 4 << 40}))
case("layer-says-minus-one", "layers.*size", image=lambda: image_good(layers={"size": -1}))
case("layer-says-a-float", "layers.*size", image=lambda: image_good(layers={"size": 1.5}))
case("layer-says-nothing", "layers.*size", image=lambda: image_good(layers={"size": None}))
case("layers-10000", "has [0-9]+ bytes, at most [0-9]+ are accepted", image=lambda: img.image_many_layers(10000))
case("layers-129", "layers: 129 entries, at most 128", image=lambda: img.image_many_layers(129))
case("children-10000", "has [0-9]+ bytes, at most", image=lambda: img.image_many_children(10000))
case("indexes-nested", "nested more than 3 deep", image=lambda: img.image_nested(6))
for what, make in {"manifest": lambda d: image_raw(MANIFEST, d), "index": lambda d: image_raw(INDEX, d),
                   "config": lambda d: image_good(raw_config=d)}.items():
    case(what + "-deep-arrays", "CONFIG_PARSE_TREE_KIB", image=lambda make=make: make(NEST))
    case(what + "-deep-objects", "JSON_MAX_DEPTH", image=lambda make=make: make(b'{"a":' * 40 + b"1" + b"}" * 40))
    case(what + "-many-keys", "JSON_MAX_KEYS", image=lambda make=make: make(b"{" + b",".join(b'"k%d":1' % i for i in range(1100)) + b"}"))
    case(what + "-same-key-twice", "is there twice", image=lambda make=make: make(b'{"schemaVersion":2,"schemaVersion":2}'))
    case(what + "-not-utf-8", "invalid UTF-8", image=lambda make=make: make(b'{"a":"\xff\xfe"}'))
    case(what + "-cut", "unexpected end of data", image=lambda make=make: make(b'{"schemaVersion":2,'))
    case(what + "-null", "neither an object nor an array", image=lambda make=make: make(b"null"))
case("manifest-of-nothing", "length is 0", image=lambda: image_raw(MANIFEST, b""))
case("cve-2021-41190-both", "both .manifests. and .layers.", image=lambda: image_good(index=False, manifest=img.document(MANIFEST, manifests=[], layers=[], config={})))
case("cve-2021-41190-type", "contradicts", image=lambda: image_good(index=False, manifest=img.document(INDEX, layers=[], config={})))
case("cve-2021-41190-header", "sent as", image=lambda: image_raw(INDEX, img.document(MANIFEST, layers=[], config={})))

# digests ----------------------------------------------------------------------------------------------
for what in ("manifest", "config", "layer"):
    spoiled = {"manifest": "child", "config": "config", "layer": "layers"}[what]
    case(f"digest-wrong-{what}", "sha256:.* got bytes with digest|expected sha256", at=what, answer=lambda p, body, kind: p.send(
        head(len(body), kind=kind).encode() + body[:4] + bytes([body[4] ^ 1]) + body[5:]))  # of gzip: a time, which says nothing
    case(f"size-wrong-{what}", "has [0-9]+ bytes.* says 77", image=lambda s=spoiled: image_good(**{s: {"size": 77}}))
    for name, digest in {"traversal": "sha256:../../../../etc/passwd", "md5": "md5:" + "0" * 32, "upper": "sha256:" + "A" * 64,
                         "short": "sha256:" + "a" * 63, "long": "sha256:" + "a" * 65, "empty": "", "none": None, "slash": "sha256:" + "a" * 62 + "/x"}.items():
        case(f"cve-2014-9358-{what}-{name}", r"\.digest: .*(is not a digest|expected a string)", image=lambda s=spoiled, d=digest: image_good(**{s: {"digest": d}}))
case("digest-wrong-index", "sha256:.* got bytes with digest", at="index", how="digest",
     answer=lambda p, body, kind: p.send(head(len(body), kind=kind).encode() + body.replace(b", ", b" ,")))
case("digest-wrong-diff-id", "the unpacked digest is sha256:.*, expected sha256:", image=lambda: image_good(raw_config=img.config_json([sha(b"another")])))
case("diff-ids-too-few", "has 1 layers, but the config has 0 diff IDs", image=lambda: image_good(raw_config=img.config_json([])))
case("diff-ids-too-many", "has 1 layers, but the config has 2 diff IDs", image=lambda: image_good(raw_config=img.config_json([sha(img.GOOD_TAR)] * 2)))
case("diff-id-traversal", r"diff_ids\[0\].*is not a digest", image=lambda: image_good(raw_config=img.config_json(["sha256:../x"])))

# layers -----------------------------------------------------------------------------------------------
case("gzip-bomb", "CONFIG_UNPACK_MAX_RATIO", image=lambda: image_layer(img.gzip_bomb(), GZIP))
case("zstd-bomb", "CONFIG_UNPACK_MAX_RATIO", image=lambda: image_layer(img.zstd_bomb(), ZSTD))
case("zstd-window-2-gib", "CONFIG_ZSTD_WINDOW_LOG", image=lambda: image_layer(img.zstd_frame(31, [b"x"]), ZSTD))
case("pax-header-4-gb", "header too large", image=lambda: image_layer(img.pax_announcing(4 << 30, b"11 path=x\n"), TAR))
case("xattr-2-gib", "header too large", image=lambda: image_layer(img.pax_announcing((1 << 31) + 40, b"2147483688 SCHILY.xattr.user.x="), TAR))
case("sparse-1e9", "Sparse map has more than", image=lambda: image_layer(img.sparse_of(10 ** 9), GZIP))
# "fills": refused only where the disk is small enough, or by the limits of the build (story/unpack_bombs.sh)
case("tiny-files", "CONFIG_UNPACK_MAX_ENTRIES|no space left", image=lambda: image_layer(img.tiny_files(FILES), GZIP), how="fills")
case("many-files", "", image=lambda: img.image_unpacked(img.tiny_files(15000)), how="fills")
case("slow-bomb", "CONFIG_UNPACK_MAX_MIB|no space left", image=lambda: image_layer(img.slow_bomb(MIB), GZIP), how="fills")
case("layer-no-gzip", "not gzip", image=lambda: image_layer(b"rubbish" * 100, GZIP))
case("layer-empty", "cut off after 0 bytes", image=lambda: image_layer(b"", GZIP))

# connections that end -----------------------------------------------------------------------------------
case("good", "", how="good")
for name, _ in classes(b"xyz", ""):
    case("cut-" + name, "closed the connection", at="layer", answer=cut(name), how="fetch")
for name in ("chunk-size", "chunk-extension", "chunk-size-crlf", "chunk-data", "chunk-end", "last-chunk", "last-chunk-crlf", "trailer", "final-crlf"):
    case("cut-" + name, "closed the connection", at="layer", answer=cut(name, chunked=True), how="fetch")
for name, at in {"header": 3, "body": 40, "tag": -1}.items():
    case("cut-record-" + name, "closed the connection", at="layer", answer=cut_record(at), how="fetch")
case("reset-head", "reset|closed", at="index", answer=cut("header-value", reset=True), how="fetch")
case("reset-body", "reset|closed", at="index", answer=cut("body", reset=True), how="fetch")
case("drip-head", "sends less than 1024 bytes in", at="index", answer=endless("HTTP/1.1 200 OK\r\nX: ", "x", 0.1), how="fetch")
case("drip-headers", "sends less than 1024 bytes in", at="index", answer=endless("HTTP/1.1 200 OK\r\n", "X: y\r\n", 0.2), how="fetch")
case("drip-record", "sends less than 1024 bytes in", at="index", answer=drip_record, how="fetch")
case("drip-chunks", "sends less than 1024 bytes in", at="layer", answer=endless(head(None, "Transfer-Encoding: chunked"), "1\r\nx\r\n", 0.2), how="fetch")
case("silent-after-head", "sent nothing for", at="layer", answer=endless(head(1000), "", 60), how="fetch")
for name, at, ends in (("head", "layer", cut("header-value")), ("chunk", "layer", cut("chunk-data", True)), ("body", "layer", cut("body")),
                       ("record", "layer", cut_record(40)), ("reset", "layer", cut("body", reset=True)), ("config", "config", cut("body")),
                       ("child", "manifest", cut("body-last")), ("index-head", "index", cut("length"))):
    case(f"heals-{name}", "", how="heals", at=at, answer=ends, once=True)


# The server -------------------------------------------------------------------------------------------

class Server:
    def __init__(self, args):
        self.handshake = args.handshake
        self.port, self.counts, self.lock = args.port, {}, threading.Lock()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(args.cert, args.key)

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, -1) + 1
            return self.counts[what]

    def answer(self, p, method, target):
        m = re.fullmatch(r"/v2/([^/]+)/(manifests|blobs|layer|index)/([^/]+)", target)
        c = CASES.get(m.group(1)) if m else None
        if not c:
            return p.send(head(0))
        image = c.image()
        what, data, kind = image.objects.get(image.top if m.group(3) == "1" else m.group(3), (m.group(2), None, None))
        if method == "HEAD":
            # never the digest of what is there: a cheap way past all that follows
            return p.send(head(len(data or b""), kind=kind or "x/y"))
        if c.at == what and c.answer and not (c.once and self.count(m.group(1))):
            return c.answer(p, data, kind)
        if data is None:
            return p.send(head(0, status="404 x"))
        return p.send(head(len(data), kind=kind if m.group(2) == "manifests" else "application/octet-stream").encode() + data)

    def serve(self, sock):
        try:
            p = Peer(self, sock)
            if self.handshake:
                return self.cut_handshake(p)
            p.pump(p.tls.do_handshake)
            p.flush()
            while p.open:
                request = p.read_request()
                if not request:
                    break
                self.answer(p, *request[:2])
            sock.close()
        except (OSError, ssl.SSLError):
            sock.close()

    def cut_handshake(self, p):
        """in a record's header, the server's hello, its certificate, before its end"""
        try:
            p.incoming.write(p.sock.recv(65536))
            p.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        p.sock.sendall(p.outgoing.read()[:(3, 60, 300, -1)[self.count("handshake") % 4]])
        p.end()

    def run(self):
        listener = socket.create_server(("127.0.0.1", self.port), backlog=200)
        print("ready", flush=True)
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--handshake", action="store_true")
    parser.add_argument("--port", type=int)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    args = parser.parse_args()
    if not args.list:
        return Server(args).run()
    for name, c in CASES.items():
        target = "1"
        i = c.image() if c.how != "pull" else None
        if c.how == "digest":
            target = i.top
        elif c.at == "layer" and i:
            target = next("blob@" + d for d, o in i.objects.items() if o[0] == "layer")
        print(name, c.how, target, c.want, sep="\t")
    return 0


sys.exit(main())
