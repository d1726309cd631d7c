#!/usr/bin/python3
"""badregistry - a registry that misbehaves on demand

    badregistry.py --port N [--cert F --key F] [--layout OCI-LAYOUT] [--log FILE] [--other URL]
                   [--address IP] [--times FILE] [--client-ca F]

The repository's name says how: /v2/MODE[/ARGUMENT]... A mode spoils layers; with "manifest/" or
"config/" in front of it, manifests or image configurations. Content comes from the layout (its tags); without one every blob is the same 1 MiB and
every manifest a small document. --log gets a line for each request: METHOD TARGET AUTHORIZATION RANGE.
SIGUSR1 resets all connections.
--times gets "SECONDS METHOD TARGET" for each. --other is where redirects to another host go. "ok" is a registry that behaves (Range, keep-alive).

The modes are the functions mode_*() below.
"""

import argparse
import hashlib
import json
import os
import re
import signal
import socket
import ssl
import sys
import threading
import time

SYNTHETIC = hashlib.shake_128(b"cleat").digest(1 << 20)
TYPES = {"index": "application/vnd.oci.image.index.v1+json",
         "manifest": "application/vnd.oci.image.manifest.v1+json"}


class Request:
    def __init__(self, method, target, headers):
        self.method, self.target, self.headers = method, target, headers

    @property
    def offset(self):
        m = re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", ""))
        return int(m.group(1)) if m else 0


class Peer:
    """one connection"""

    def __init__(self, server, sock):
        self.server, self.sock, self.buffer = server, sock, b""
        self.open = True

    def read_request(self):
        while b"\r\n\r\n" not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                return None
            self.buffer += data
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {k.strip().lower(): v.strip() for k, v in (x.split(":", 1) for x in lines[1:])}
        return Request(method, target, headers)

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def close(self, reset=False):
        self.open = False
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        raw = self.sock
        if isinstance(raw, ssl.SSLSocket):
            # no close_notify: what a broken link looks like
            fd = raw.detach()
            socket.socket(fileno=fd).close()
        else:
            raw.close()

    def head(self, status, headers):
        self.send(f"HTTP/1.1 {status} x\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers) + "\r\n")

    def reply(self, status, headers=(), body=b""):
        self.head(status, list(headers) + [("Content-Length", len(body))])
        self.send(body)

    def object(self, req, data, kind, ranges=True):
        """as a good registry does"""
        headers = [("Content-Type", kind), ("Docker-Content-Digest", "sha256:" + hashlib.sha256(data).hexdigest())]
        offset = req.offset if ranges else 0
        if req.method == "HEAD":
            return self.head(200, headers + [("Content-Length", len(data))])
        if offset > len(data):
            return self.reply(416)
        if offset:
            headers.append(("Content-Range", f"bytes {offset}-{len(data) - 1}/{len(data)}"))
        self.head(206 if offset else 200, headers + [("Content-Length", len(data) - offset)])
        return self.send(data[offset:])


# Each gets: the peer, the request, the content and its type, the arguments of the mode.

def mode_ok(p, req, data, kind, args):
    p.object(req, data, kind)


def mode_cut(p, req, data, kind, args):
    """cut/N: each connection ends after N bytes of the body"""
    p.head(206 if req.offset else 200,
           ([("Content-Range", f"bytes {req.offset}-{len(data) - 1}/{len(data)}")] if req.offset else []) +
           [("Content-Type", kind), ("Content-Length", len(data) - req.offset)])
    p.send(data[req.offset:req.offset + int(args[0])])
    if req.offset + int(args[0]) < len(data):
        p.close()


def mode_reset(p, req, data, kind, args):
    """reset/N: the first connection is reset after N bytes, ranges are honoured afterwards"""
    if req.offset:
        return p.object(req, data, kind)
    p.head(200, [("Content-Type", kind), ("Content-Length", len(data))])
    p.send(data[:int(args[0])])
    time.sleep(0.2)
    return p.close(reset=True)


def mode_norange(p, req, data, kind, args):
    """norange/N: the first connection ends after N bytes; then everything comes from the beginning"""
    if p.server.count("norange") == 1:
        p.head(200, [("Content-Type", kind), ("Content-Length", len(data))])
        p.send(data[:int(args[0])])
        return p.close()
    return p.object(req, data, kind, ranges=False)


def mode_wrongrange(p, req, data, kind, args):
    if not req.offset:
        return (mode_reset if p.server.count("wrongrange") == 1 else mode_ok)(p, req, data, kind, args)
    p.head(206, [("Content-Range", f"bytes 7-{len(data) - 1}/{len(data)}"), ("Content-Length", len(data) - 7)])
    return p.send(data[7:])


def mode_stuck(p, req, data, kind, args):
    """stuck/N: never more than the first N bytes, whatever is asked"""
    if req.offset:
        p.head(206, [("Content-Range", f"bytes {req.offset}-{len(data) - 1}/{len(data)}"),
                     ("Content-Length", len(data) - req.offset)])
        return p.close()
    return mode_cut(p, req, data, kind, args)


def mode_partcode(p, req, data, kind, args):
    """partcode/N/CODE: the first connection ends after N bytes; then a Range gets CODE, the whole is given"""
    if req.offset:
        return p.reply(int(args[1]))
    if p.server.count("partcode" + args[1]) > 1:
        return p.object(req, data, kind)
    return mode_cut(p, req, data, kind, args)


def mode_parts(p, req, data, kind, args):
    """parts/N: of what a Range asks for, N bytes; the first connection ends after N bytes"""
    if not req.offset:
        return mode_cut(p, req, data, kind, args)
    part = data[req.offset:req.offset + int(args[0])]
    p.head(206, [("Content-Range", f"bytes {req.offset}-{req.offset + len(part) - 1}/{len(data)}"),
                 ("Content-Length", len(part))])
    return p.send(part)


def mode_contentrange(p, req, data, kind, args):
    """contentrange/VALUE: the right part under a Content-Range of VALUE, where @ is the offset and ~ a blank"""
    if not req.offset:
        return mode_reset(p, req, data, kind, ["1000"]) if p.server.count("cr" + args[0]) == 1 else \
            p.object(req, data, kind)
    value = args[0].replace("@", str(req.offset)).replace("~", " ").replace("!", "/")
    p.head(206, [("Content-Range", value), ("Content-Length", len(data) - req.offset)])
    return p.send(data[req.offset:])


def mode_unasked(p, req, data, kind, args):
    """a part although the whole was asked for"""
    p.head(206, [("Content-Range", f"bytes 0-{len(data) - 1}/{len(data)}"), ("Content-Length", len(data))])
    p.send(data)


def mode_later(p, req, data, kind, args):
    """later/CODE/SECONDS/N: N times CODE with Retry-After as a date, by a clock that is a year behind"""
    if p.server.count("later") > int(args[2]):
        return p.object(req, data, kind)
    now = time.time() - 365 * 86400
    form = "%a, %d %b %Y %H:%M:%S GMT"
    return p.reply(int(args[0]), [("Date", time.strftime(form, time.gmtime(now))),
                                  ("Retry-After", time.strftime(form, time.gmtime(now + int(args[1]))))])


def mode_limited(p, req, data, kind, args):
    """limited/CODE: rate-limit headers"""
    limits = [("RateLimit-Limit", "100;w=21600"), ("RateLimit-Remaining", "76;w=21600")]
    if args[0] != "200":
        return p.reply(int(args[0]), limits + [("Retry-After", "7200")])
    p.head(200, limits + [("Content-Type", kind), ("Content-Length", len(data))])
    return p.send(data)


def mode_signed(p, req, data, kind, args):
    """signed/CODE/N/BYTES: redirects to addresses of which every second connection ends after BYTES, and a used
    one, or any of the first N, answers CODE"""
    p.reply(307, [("Location", f"{p.server.args.other}/signed/{'/'.join(args)}?key={p.server.count('signed')}")])


def mode_nohead(p, req, data, kind, args):
    if req.method == "HEAD":
        return p.reply(405)
    return p.object(req, data, kind)


def mode_wrongdigest(p, req, data, kind, args):
    p.object(req, data[:-1] + bytes([data[-1] ^ 1]), kind)


def mode_truncated(p, req, data, kind, args):
    """a shorter object whose length is told rightly"""
    p.object(req, data[:len(data) // 2], kind)


def mode_longer(p, req, data, kind, args):
    """chunked, so that no length warns"""
    p.head(200, [("Content-Type", kind), ("Transfer-Encoding", "chunked")])
    for chunk in (data, b"x" * 1000):
        p.send(b"%x\r\n" % len(chunk) + chunk + b"\r\n")
    p.send("0\r\n\r\n")


def mode_chunked(p, req, data, kind, args):
    p.head(200, [("Content-Type", kind), ("Transfer-Encoding", "chunked"), ("Trailer", "X-Sum")])
    for i in range(0, len(data), 30000):
        chunk = data[i:i + 30000]
        p.send(b"%X;ext=\"a;b\"\r\n" % len(chunk) + chunk + b"\r\n")
    p.send("0\r\nX-Sum: 1\r\n\r\n")


def mode_chunkext(p, req, data, kind, args):
    """Go CVE-2023-39326: a byte of data for each kilobyte of extension"""
    p.head(200, [("Content-Type", kind), ("Transfer-Encoding", "chunked")])
    for i in range(len(data)):
        p.send(b"1;" + b"x" * 1000 + b"\r\n" + data[i:i + 1] + b"\r\n")


def mode_chunksize(p, req, data, kind, args):
    p.head(200, [("Content-Type", kind), ("Transfer-Encoding", "chunked")])
    p.send(b"ffffffffffffffff\r\n" + data)
    p.close()


def mode_smuggle(p, req, data, kind, args):
    p.head(200, [("Content-Length", len(data)), ("Transfer-Encoding", "chunked")])
    p.send(b"%x\r\n" % len(data) + data + b"\r\n0\r\n\r\n")


def mode_twolengths(p, req, data, kind, args):
    p.head(200, [("Content-Length", len(data)), ("Content-Length", 5)])
    p.send(data)


def mode_status(p, req, data, kind, args):
    """status/CODE[/RETRY-AFTER]"""
    p.reply(int(args[0]), [("Retry-After", args[1])] if len(args) > 1 else [], b'{"errors":[]}')


def mode_flaky(p, req, data, kind, args):
    """flaky/CODE/N/RETRY-AFTER: N times CODE, then good"""
    if p.server.count("flaky" + args[0] + args[1]) <= int(args[1]):
        return p.reply(int(args[0]), [("Retry-After", args[2])])
    return p.object(req, data, kind)


def mode_loop(p, req, data, kind, args):
    p.reply(307, [("Location", req.target)])


def mode_redirect(p, req, data, kind, args):
    """redirect/KIND: other (port), byaddress (host), http, file, linklocal, loopback, userinfo, none, same, relative"""
    path = "/redirected/" + args[0]
    where = {"other": f"{p.server.args.other}{path}", "http": "http://localhost:1/x", "file": "file:///etc/passwd",
             "linklocal": "https://169.254.169.254/latest/meta-data", "loopback": "https://127.0.0.1:1/x",
             "private": "https://10.1.2.3:1/x", "decimal": "https://2130706433:1/x",
             "userinfo": f"https://user:pw@localhost:{p.server.args.port}{path}",
             "byaddress": f"https://127.0.0.1:{p.server.args.port}{path}",
             "same": f"https://localhost:{p.server.args.port}{path}", "relative": path}.get(args[0])
    p.reply(307, [("Location", where)] if where else [], b"moved")


def mode_authredirect(p, req, data, kind, args):
    """authredirect/KIND: as redirect, once logged in"""
    if "authorization" not in req.headers:
        return mode_realm(p, req, data, kind, ["good"])
    return mode_redirect(p, req, data, kind, args)


def mode_realm(p, req, data, kind, args):
    """realm/KIND: a token is wanted from good, http, linklocal, private, loop, huge, notoken, crlf, notjson, 500"""
    if req.headers.get("authorization", "").startswith("Bearer tok"):
        return p.object(req, data, kind)
    own = f"https://localhost:{p.server.args.port}/token/"
    realm = {"http": "http://localhost:1/token", "linklocal": "https://169.254.169.254/token",
             "private": "https://10.1.2.3/token", "file": "file:///etc/passwd", "loopback": "https://127.0.0.1:1/token",
             "userinfo": "https://u:p@localhost/token"}.get(args[0], own + args[0])
    return p.reply(401, [("WWW-Authenticate", f'Bearer realm="{realm}",service="bad"')])


def mode_basic(p, req, data, kind, args):
    if "authorization" not in req.headers:
        return p.reply(401, [("WWW-Authenticate", 'Basic realm="bad"')])
    return p.object(req, data, kind)


def mode_digestauth(p, req, data, kind, args):
    p.reply(401, [("WWW-Authenticate", 'Digest realm="bad", nonce="x"')])


def mode_endlessheaders(p, req, data, kind, args):
    p.send("HTTP/1.1 200 x\r\n")
    while True:
        p.send("X-More: of this\r\n" * 100)


def mode_longheader(p, req, data, kind, args):
    p.send("HTTP/1.1 200 x\r\nX-Long: ")
    while True:
        p.send("x" * 10000)


def mode_endlessinterim(p, req, data, kind, args):
    while True:
        p.send("HTTP/1.1 103 x\r\n\r\n" * 100)


def mode_drip(p, req, data, kind, args):
    """drip/SECONDS: a byte of the body at a time"""
    p.head(200, [("Content-Type", kind), ("Content-Length", len(data))])
    for i in range(len(data)):
        p.send(data[i:i + 1])
        time.sleep(float(args[0]))


def mode_slow(p, req, data, kind, args):
    """slow/N: N bytes a second, Range is honoured"""
    rest = data[req.offset:]
    p.head(206 if req.offset else 200,
           ([("Content-Range", f"bytes {req.offset}-{len(data) - 1}/{len(data)}")] if req.offset else []) +
           [("Content-Type", kind), ("Content-Length", len(rest))])
    step = max(int(args[0]) // 10, 1)
    for i in range(0, len(rest), step):
        p.send(rest[i:i + step])
        time.sleep(0.1)


def mode_silent(p, req, data, kind, args):
    """silent/N: N bytes, then nothing more"""
    p.head(200, [("Content-Type", kind), ("Content-Length", len(data))])
    p.send(data[:int(args[0])])
    time.sleep(600)


def mode_large(p, req, data, kind, args):
    """large/MIB/[length|chunked]: an endless document"""
    total = int(args[0]) << 20
    block = b" " * 65536
    if args[1] == "length":
        p.head(200, [("Content-Type", kind), ("Content-Length", total)])
    else:
        p.head(200, [("Content-Type", kind), ("Transfer-Encoding", "chunked")])
    for _ in range(total // len(block)):
        p.send(block if args[1] == "length" else b"10000\r\n" + block + b"\r\n")
    if args[1] != "length":
        p.send("0\r\n\r\n")


def mode_schema1(p, req, data, kind, args):
    p.reply(200, [("Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws")],
            b'{"schemaVersion":1,"name":"x","tag":"x","architecture":"amd64","fsLayers":[],"history":[]}')


def mode_encoded(p, req, data, kind, args):
    p.reply(200, [("Content-Encoding", "gzip")], data)


def mode_garbage(p, req, data, kind, args):
    p.send("SSH-2.0-OpenSSH_9.2p1\r\n")
    p.close()


def mode_closing(p, req, data, kind, args):
    """says that it keeps the connection, and does not"""
    p.object(req, data, kind)
    p.close()


TOKENS = {
    "good": b'{"token":"tok1","expires_in":60}',
    "access": b'{"access_token":"tok2"}',
    "notoken": b'{"expires_in":60}',
    "empty": b'{"token":""}',
    "crlf": b'{"token":"tok\\r\\nX-Injected: 1"}',
    "notjson": b"<html>",
    "deep": b"[" * 5000,
    "huge": b'{"token":"' + b"a" * 100000 + b'"}',
    "wrong": b'{"token":"another"}',
}


class Server:
    def __init__(self, args):
        self.args, self.counts, self.lock = args, {}, threading.Lock()
        self.peers = set()
        signal.signal(signal.SIGUSR1, lambda *_: [p.close(reset=True) for p in list(self.peers)])
        self.log = open(args.log, "a", buffering=1) if args.log else None
        self.times = open(args.times, "a", buffering=1) if args.times else None
        self.tls = None
        if args.cert:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.set_ciphers("DEFAULT@SECLEVEL=0")  # certificates that no good server would use
            self.tls.load_cert_chain(args.cert, args.key)
            if args.tls13:
                self.tls.minimum_version = ssl.TLSVersion.TLSv1_3
            if args.client_ca:
                self.tls.load_verify_locations(args.client_ca)
                self.tls.verify_mode = ssl.CERT_OPTIONAL

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1
            return self.counts[what]

    def content(self, kind, name):
        layout = self.args.layout
        if not layout:
            return (SYNTHETIC, "application/octet-stream") if kind == "blobs" else (
                b'{"schemaVersion":2}', TYPES["manifest"])
        if not name.startswith("sha256:"):
            index = json.load(open(os.path.join(layout, "index.json")))
            for m in index["manifests"]:
                if m.get("annotations", {}).get("org.opencontainers.image.ref.name") == name:
                    name = m["digest"]
        path = os.path.join(layout, "blobs/sha256", name.removeprefix("sha256:"))
        if not os.path.isfile(path):
            return None, None
        data = open(path, "rb").read()
        if kind == "blobs":
            return data, "application/octet-stream"
        return data, TYPES["index" if b'"manifests"' in data else "manifest"]

    def answer(self, p, req):
        path = req.target.split("?")[0]
        if self.log:
            self.log.write(" ".join([req.method, req.target, repr(req.headers.get("authorization")),
                                     repr(req.headers.get("range")), repr(req.headers.get("cookie"))]) + "\n")
        if self.args.client_ca and not p.sock.getpeercert():
            return p.reply(400)  # as nginx does
        if path.startswith("/token/"):
            if path == "/token/500":
                return p.reply(500)
            if path == "/token/denied":
                return p.reply(401)
            if path == "/token/redirect":
                return p.reply(307, [("Location", "/token/good")])
            return p.reply(200, [("Content-Type", "application/json")], TOKENS[path[len("/token/"):]])
        if self.times:
            self.times.write(f"{time.time():.3f} {req.method} {req.target}\n")
        if path.startswith("/signed/"):
            code, n, size = path.split("/")[2:]
            key = int(req.target.split("=")[1])
            if key <= int(n) or self.count(req.target) > 1:
                return p.reply(int(code))
            return (mode_cut if key == int(n) + 1 else mode_ok)(p, req, SYNTHETIC, "x/y", [size])
        if path.startswith("/redirected/"):
            return p.object(req, self.content("blobs", "x")[0] if not self.args.layout else SYNTHETIC, "x/y")
        m = re.fullmatch(r"/v2/(manifest/|config/)?(.+?)/(manifests|blobs)/([^/]+)", path)
        if not m:
            return p.reply(200)
        data, kind = self.content(m.group(3), m.group(4))
        if data is None:
            return p.reply(404)
        words = m.group(2).split("/")
        what = "manifest/" if m.group(3) == "manifests" else "config/" if data[:1] == b"{" else None
        mode = globals()["mode_" + words[0]] if m.group(1) == what else mode_ok
        return mode(p, req, data, kind, words[1:])

    def serve(self, sock):
        p = None
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            p = Peer(self, sock)
            self.peers.add(p)
            while p.open:
                req = p.read_request()
                if not req:
                    break
                self.answer(p, req)
            if p.open:
                sock.close()
        except (OSError, ssl.SSLError):
            pass
        finally:
            self.peers.discard(p)

    def run(self):
        listener = socket.create_server(
            (self.args.address, self.args.port),
            family=socket.AF_INET6 if ":" in self.args.address else socket.AF_INET)
        print("ready", flush=True)
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tls13", action="store_true")
    parser.add_argument("--client-ca")
    parser.add_argument("--address", default="127.0.0.1")
    for name in ("cert", "key", "layout", "log", "other", "times"):
        parser.add_argument("--" + name)
    Server(parser.parse_args()).run()


sys.exit(main())
