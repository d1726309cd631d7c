#!/usr/bin/env python3
"""signregistry.py PORT DIR CASES - a registry (plain HTTP) with one repository for each kind of signature and each lie

DIR has good.key and other.key (PEM, P-256). Writes a line "repository<TAB>ok|regex" to CASES: what pulling tag 1
must come to when good.pub is required.
"""

import base64
import hashlib
import io
import json
import platform
import subprocess
import sys
import tarfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, DIR, CASES = int(sys.argv[1]), sys.argv[2], sys.argv[3]
OCI = "application/vnd.oci.image."
INDEX, MANIFEST, CONFIG, LAYER = OCI + "index.v1+json", OCI + "manifest.v1+json", OCI + "config.v1+json", OCI + "layer.v1.tar"
PAYLOAD, BUNDLE = "application/vnd.dev.cosign.simplesigning.v1+json", "application/vnd.dev.sigstore.bundle.v0.3+json"
NOTE, STATEMENT = "dev.cosignproject.cosign/signature", "application/vnd.in-toto+json"
ARCH = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}[platform.machine()]
blobs, documents, tags, refers, answers = {}, {}, {}, {}, {}
cases = []


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blob(data, kind, **more):
    blobs[digest(data)] = data
    return {"mediaType": kind, "digest": digest(data), "size": len(data), **more}


def document(value, kind):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    documents[digest(data)] = (kind, data)
    return {"mediaType": kind, "digest": digest(data), "size": len(data)}


def sign(data, key="good"):
    return subprocess.run(["openssl", "dgst", "-sha256", "-sign", f"{DIR}/{key}.key"], input=data,
                          stdout=subprocess.PIPE, check=True).stdout


def flip(data, at=-1):
    return data[:at % len(data)] + bytes([data[at] ^ 1]) + data[at % len(data) + 1:]


def image(name):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        t.add("/bin/busybox", "bin/cat")
        info = tarfile.TarInfo("name")
        info.size = len(name)
        t.addfile(info, io.BytesIO(name.encode()))
    layer = blob(out.getvalue(), LAYER)
    config = blob(json.dumps({"os": "linux", "architecture": ARCH, "config": {"Cmd": ["cat", "/name"]},
                              "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}).encode(), CONFIG)
    return document({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}, MANIFEST)


def payload(of, repo, kind="cosign container image signature", key="docker-manifest-digest"):
    return json.dumps({"critical": {"identity": {"docker-reference": f"localhost:{PORT}/{repo}:1"},
                                    "image": {key: of}, "type": kind}, "optional": {}}).encode()


def statement(of, predicate="https://sigstore.dev/cosign/sign/v1", subjects=1):
    return json.dumps({"_type": "https://in-toto.io/Statement/v1", "predicateType": predicate, "predicate": {},
                       "subject": [{"digest": {"sha256": of.split(":")[1]}}] * subjects}).encode()


def pae(body, kind=STATEMENT):
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(body), body)


def new(repo, want):
    made = image(repo)
    tags[repo, "1"] = made["digest"]
    cases.append((repo, want))
    return made["digest"]


def simple(repo, layers, of):
    """the .sig tag; layers: (payload, signature) or descriptors"""
    listed = [x if isinstance(x, dict) else
              blob(x[0], PAYLOAD, annotations={NOTE: base64.b64encode(x[1]).decode()}) for x in layers]
    doc = document({"schemaVersion": 2, "mediaType": MANIFEST, "config": blob(b"{}", CONFIG), "layers": listed}, MANIFEST)
    tags[repo, of.replace(":", "-") + ".sig"] = doc["digest"]


def bundle(repo, of, body, signature, kind=STATEMENT, api=True, signatures=1, artifact=BUNDLE, **more):
    envelope = {"payload": base64.b64encode(body).decode(), "payloadType": kind,
                "signatures": [{"sig": base64.b64encode(signature).decode()}] * signatures}
    data = json.dumps({"mediaType": BUNDLE, "verificationMaterial": {"publicKey": {"hint": ""}},
                       **({"dsseEnvelope": envelope} if signatures else {"messageSignature": {}}), **more}).encode()
    doc = document({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact,
                    "config": blob(b"{}", "application/vnd.oci.empty.v1+json"), "layers": [blob(data, BUNDLE)],
                    "subject": {"mediaType": MANIFEST, "digest": of, "size": 1}}, MANIFEST)
    entries = refers.setdefault((repo, of), [])
    entries.append({**doc, "artifactType": artifact})
    if not api:
        tags[repo, of.replace(":", "-")] = document(
            {"schemaVersion": 2, "mediaType": INDEX, "manifests": refers.pop((repo, of))}, INDEX)["digest"]


def make_simple():
    not_ours = "signed by .*good.pub: tried 1 of 1 signatures, of the last: it is not by this key"
    of = new("good", "ok")
    simple("good", [(payload(of, "good"), sign(payload(of, "good")))], of)
    of = new("otherkey", not_ours)
    simple("otherkey", [(payload(of, "otherkey"), sign(payload(of, "otherkey"), "other"))], of)
    new("none", "there is no signature")
    of = new("payload-flip", not_ours)
    p = payload(of, "payload-flip")
    simple("payload-flip", [(flip(p, 30), sign(p))], of)
    of = new("payload-lost", "got bytes with digest .*: refused")
    p = payload(of, "payload-lost")
    simple("payload-lost", [(p, sign(p))], of)
    blobs[digest(p)] = flip(p, 30)
    of = new("signature-flip", not_ours)
    p = payload(of, "signature-flip")
    simple("signature-flip", [(p, flip(sign(p), 20))], of)
    of, of2 = new("another", "it is of another image, sha256"), tags["good", "1"]
    p = payload(of2, "another")
    simple("another", [(p, sign(p))], of)
    of = new("wrong-type", '"atomic container signature" is no image')
    p = payload(of, "wrong-type", kind="atomic container signature")
    simple("wrong-type", [(p, sign(p))], of)
    of = new("no-digest", "docker-manifest-digest")
    p = payload(of, "no-digest", key="digest")
    simple("no-digest", [(p, sign(p))], of)
    of = new("twice", "[Dd]uplicate|twice|two")
    p = payload(of, "twice").replace(b'"image": {', b'"image": {"docker-manifest-digest": "sha256:' + b"0" * 64 + b'", ')
    simple("twice", [(p, sign(p))], of)
    of = new("no-json", "signed payload")
    simple("no-json", [(b"hello", sign(b"hello"))], of)
    of = new("statement-as-payload", "signed payload")  # the bytes of a DSSE signature are not those of a payload
    p = pae(statement(of))
    simple("statement-as-payload", [(p, sign(p))], of)
    of = new("not-base64", "not by this key")
    p = payload(of, "not-base64")
    simple("not-base64", [blob(p, PAYLOAD, annotations={NOTE: "!!!"})], of)
    of = new("no-annotation", "dev.cosignproject.cosign/signature")
    simple("no-annotation", [blob(p, PAYLOAD)], of)
    of = new("long-signature", "more than 511")
    simple("long-signature", [blob(p, PAYLOAD, annotations={NOTE: "A" * 5000})], of)
    of = new("huge", "100000000 bytes, at most 65536")
    simple("huge", [{**blob(p, PAYLOAD), "size": 100000000, "annotations": {NOTE: "AAAA"}}], of)
    of = new("lying-size", "CONFIG_|bytes")
    lie = b" " * 3000000
    simple("lying-size", [{**blob(lie, PAYLOAD), "size": 300, "annotations": {NOTE: "AAAA"}}], of)
    of = new("broken-list", "signatures|list")
    tags["broken-list", of.replace(":", "-") + ".sig"] = document(b"{", MANIFEST)["digest"]
    of = new("two-readings", 'both "manifests" and "layers"')
    tags["two-readings", of.replace(":", "-") + ".sig"] = document(
        {"schemaVersion": 2, "manifests": [], "layers": []}, MANIFEST)["digest"]
    of = new("forbidden", "HTTP 403")
    answers[f"/v2/forbidden/manifests/{of.replace(':', '-')}.sig"] = 403
    of = new("referrers-error", "HTTP 400")
    answers[f"/v2/referrers-error/referrers/{of}"] = 400
    of = new("lost", "the registry has lost it")
    p = payload(of, "lost")
    simple("lost", [(p, sign(p))], of)
    del blobs[digest(p)]
    # many
    bad = sign(b"something else")
    of = new("last-of-40", "ok")
    p = payload(of, "last-of-40")
    simple("last-of-40", [(p, bad)] * 39 + [(p, sign(p))], of)
    of = new("first-of-40", "tried 32 of 40 signatures")
    p = payload(of, "first-of-40")
    simple("first-of-40", [(p, sign(p))] + [(p, bad)] * 39, of)
    of = new("hundreds", "tried 32 of 700 signatures")
    p = payload(of, "hundreds")
    simple("hundreds", [(p, bad)] * 700, of)
    of = new("thousand", "at most 262144 are accepted")
    simple("thousand", [(p, bad)] * 1000, of)


def make_index():
    for repo, level, want in (("index", 0, "ok"), ("index-image", 1, "ok"), ("index-none", 2, "there is no signature")):
        made = image(repo)
        top = document({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
            {**made, "platform": {"os": "linux", "architecture": ARCH}}]}, INDEX)
        tags[repo, "1"] = top["digest"]
        cases.append((repo, want))
        of = (top, made, image("something else"))[level]["digest"]
        simple(repo, [(payload(of, repo), sign(payload(of, repo)))], of)


def make_bundles():
    def one(repo, want, body=None, signed=None, key="good", **more):
        of = new(repo, want)
        body = body(of) if body else statement(of)
        bundle(repo, of, body, sign((signed or pae)(body), key), **more)
        return of
    one("bundle", "ok")
    one("bundle-fallback", "ok", api=False)
    one("bundle-otherkey", "not by this key", key="other")
    one("bundle-unpacked", "not by this key", signed=lambda b: b)  # signed without its type
    one("bundle-wrong-pae", "not by this key", signed=lambda b: pae(b, "text/plain"))
    one("bundle-wrong-type", "expected application/vnd.in-toto", kind="text/plain", signed=lambda b: pae(b, "text/plain"))
    one("bundle-typed-as-other", "expected application/vnd.in-toto", kind="text/plain")
    one("bundle-attestation", "is no signature of an image", body=lambda of: statement(of, "https://slsa.dev/provenance/v1"))
    one("bundle-another", "it is of another image", body=lambda of: statement("sha256:" + "1" * 64))
    one("bundle-two-subjects", "subject", body=lambda of: statement(of, subjects=2))
    one("bundle-no-subject", "subject", body=lambda of: statement(of, subjects=0))
    one("bundle-no-statement", "signed payload: predicateType", body=lambda of: payload(of, "x"))
    one("bundle-two-signatures", "signatures", signatures=2)
    one("bundle-message", "no dsseEnvelope", signatures=0)
    one("bundle-huge", "no bundle of at most", filler="x" * 100000)
    of = new("bundle-flip", "not by this key")
    bundle("bundle-flip", of, flip(statement(of), 80), sign(pae(statement(of))))
    of = one("bundle-among-others", "ok")
    bundle("bundle-among-others", of, b"{}", b"", artifact="application/spdx+json")
    of = one("bundle-second", "ok")
    bundle("bundle-second", of, statement(of), sign(b"no"))
    of = new("bundle-and-bad-tag", "ok")
    simple("bundle-and-bad-tag", [(payload(of, "x"), sign(payload(of, "x"), "other"))], of)
    bundle("bundle-and-bad-tag", of, statement(of), sign(pae(statement(of))))
    of = new("list-of-others", "there is no signature")
    bundle("list-of-others", of, b"{}", b"", artifact="application/spdx+json")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, data=b"", kind="application/json", **more):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.split("?")[0]
        part = path.split("/")
        with open(f"{DIR}/requests", "a", encoding="ascii") as log:
            log.write(f"{self.command} {self.path}\n")
        if path in answers:
            return self.reply(answers[path])
        if path in ("/v2/", "/v2"):
            return self.reply(200, b"{}")
        repo, what, which = "/".join(part[2:-2]), part[-2], part[-1]
        if what == "blobs" and which in blobs:
            return self.reply(200, blobs[which], "application/octet-stream")
        if what == "manifests":
            which = tags.get((repo, which), which)
            if which in documents:
                return self.reply(200, documents[which][1], documents[which][0], Docker_Content_Digest=which)
        if what == "referrers" and (repo, which) in refers:
            return self.reply(200, json.dumps({"schemaVersion": 2, "mediaType": INDEX,
                                               "manifests": refers[repo, which]}).encode(), INDEX)
        return self.reply(404)


make_simple()
make_index()
make_bundles()
with open(CASES, "w", encoding="ascii") as f:
    f.writelines("\t".join(c) + "\n" for c in cases)
server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
print("ready", flush=True)
server.serve_forever()
