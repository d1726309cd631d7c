#!/usr/bin/env python3
"""mediaregistry.py PORT CASES - a registry (plain HTTP) with one tag for each media type and each lie

Writes a line "tag<TAB>ok|regex<TAB>platform" for each tag to CASES: what pulling it must come to, for
which --platform ("-": none). Images have their name in /name, those of RUN a static busybox that prints it.
"""

import base64
import gzip
import hashlib
import io
import json
import platform
import struct
import subprocess
import sys
import tarfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OCI, DOCKER = "application/vnd.oci.image.", "application/vnd.docker."
INDEX, MANIFEST, CONFIG = OCI + "index.v1+json", OCI + "manifest.v1+json", OCI + "config.v1+json"
LIST, SCHEMA2 = DOCKER + "distribution.manifest.list.v2+json", DOCKER + "distribution.manifest.v2+json"
EMPTY = "application/vnd.oci.empty.v1+json"
ARCH = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}[platform.machine()]
RUN = ["oci-gzip", "oci-tar", "oci-zstd", "docker-gzip", "docker-tar", "docker-zstd", "docker-list", "mine"]
blobs, documents, tags = {}, {}, {}  # digest → bytes; digest → (type, bytes); tag → digest
cases = []


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blob(data, kind, **more):
    blobs[digest(data)] = data
    return {"mediaType": kind, "digest": digest(data), "size": len(data), **more}


def document(value, kind, sent=None, **more):
    """Return: its descriptor"""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    documents[digest(data)] = (sent or kind, data)
    return {"mediaType": kind, "digest": digest(data), "size": len(data), **more}


def tar(name):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        if name in RUN:
            t.add("/bin/busybox", "bin/cat")
        info = tarfile.TarInfo("name")
        info.size = len(name)
        t.addfile(info, io.BytesIO(name.encode()))
    return out.getvalue()


def gz(data):
    return gzip.compress(data, 1)


def zstd(data, *options):
    return subprocess.run(["zstd", "-q", "-c", *options], input=data, stdout=subprocess.PIPE, check=True).stdout


def image(name, kind=MANIFEST, layer=OCI + "layer.v1.tar+gzip", config=CONFIG, pack=gz, arch=ARCH, variant=None,
          layers=None, sent=None, entry=None, **more):
    """Return: the manifest's descriptor, with @entry as in an index"""
    data = tar(name)
    described = blob(json.dumps({
        "os": "linux", "architecture": arch, **({"variant": variant} if variant else {}),
        "config": {"Cmd": ["cat", "/name"], "Env": ["PATH=/bin"]}, "rootfs": {"type": "layers", "diff_ids": [digest(data)]},
    }).encode(), config)
    return document({"schemaVersion": 2, "mediaType": kind, "config": described,
                     "layers": layers if layers is not None else [blob(pack(data), layer)], **more}, kind, sent, **(entry or {}))


def index(entries, kind=INDEX, sent=None, **more):
    return document({"schemaVersion": 2, "mediaType": kind, "manifests": entries, **more}, kind, sent)


def on(arch, variant=None, **more):
    return {"platform": {"os": "linux", "architecture": arch, **({"variant": variant} if variant else {}), **more}}


def case(tag, described, want="ok", platform="-"):
    tags[tag] = described["digest"]
    cases.append(f"{tag}\t{want}\t{platform}\n")


def plain(data):
    return data


# --- what registries serve ---------------------------------------------------------------------------
case("oci-gzip", image("oci-gzip"))
case("oci-tar", image("oci-tar", layer=OCI + "layer.v1.tar", pack=plain))
case("oci-zstd", image("oci-zstd", layer=OCI + "layer.v1.tar+zstd", pack=zstd))
case("docker-gzip", image("docker-gzip", SCHEMA2, DOCKER + "image.rootfs.diff.tar.gzip", DOCKER + "container.image.v1+json"))
case("docker-tar", image("docker-tar", SCHEMA2, DOCKER + "image.rootfs.diff.tar", DOCKER + "container.image.v1+json", plain))
case("docker-zstd", image("docker-zstd", SCHEMA2, DOCKER + "image.rootfs.diff.tar.zstd", DOCKER + "container.image.v1+json", zstd))
case("oci-no-mediatype", document({k: v for k, v in json.loads(documents[tags["oci-gzip"]][1]).items() if k != "mediaType"}, MANIFEST))
case("sent-as-json", document(documents[tags["oci-gzip"]][1] + b"\n", MANIFEST, "application/json"))
case("sent-with-charset", document(documents[tags["oci-gzip"]][1] + b"\n\n", MANIFEST, MANIFEST + "; charset=utf-8"))

mine = image("mine", entry=on(ARCH))
other = image("other", arch="s390x", entry=on("s390x"))
attestation = document({"schemaVersion": 2, "mediaType": MANIFEST, "config": blob(b'{"architecture":"unknown","os":"unknown"}', CONFIG),
                        "layers": [blob(b"{}", "application/vnd.in-toto+json")]}, MANIFEST,
                       annotations={"vnd.docker.reference.type": "attestation-manifest"}, **on("unknown"))
attestation["platform"]["os"] = "unknown"
artifact = document({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.example.sbom",
                     "config": blob(b"{}", EMPTY), "layers": [blob(b"{}", EMPTY)]}, MANIFEST, artifactType="application/vnd.example.sbom")
case("index", index([other, mine]))
case("docker-list", index([other, image("docker-list", SCHEMA2, DOCKER + "image.rootfs.diff.tar.gzip", DOCKER + "container.image.v1+json",
                                        entry=on(ARCH))], LIST))
case("index-with-attestation", index([attestation, artifact, mine]))
case("index-one-without-platform", index([image("index-one-without-platform")]))
case("index-inside-index", index([attestation, index([other, mine])]))
case("index-three-deep", index([index([index([mine])])]))
case("index-artifact-type-of-image", index([{**mine, "artifactType": CONFIG}]))
case("descriptor-data-and-urls", index([{**mine, "urls": ["http://192.0.2.1/x"], "data": base64.b64encode(b"no").decode()}]))
case("os-version", index([image("os-version", entry=on(ARCH, **{"os.version": "10.0.1"}))]))
case("os-features", index([image("os-features", entry=on(ARCH, **{"os.features": ["x"]})), mine]))

# --- which one ---------------------------------------------------------------------------------------
arms = index([image(f"arm{v}", arch="arm", variant=v, entry=on("arm", v)) for v in ("v5", "v7", "v6")] +
             [image("arm64", arch="arm64", entry=on("arm64"))])
case("arm-v7", arms, "ok", "linux/arm/v7")
case("arm-v8", arms, "ok", "linux/arm/v8")
case("arm64-v8", arms, "ok", "linux/arm64/v8")
case("arm-none", index([other]), f"no image for linux/{ARCH}.*there is linux/s390x")
case("arm-v4", arms, "no image for linux/arm/v4; there is linux/arm/v5, linux/arm/v7, linux/arm/v6, linux/arm64", "linux/arm/v4")
case("variant-missing-in-config", index([image("armv6-old", arch="arm", entry=on("arm", "v6"))]), "ok", "linux/arm/v6")
case("platform-unknown", index([other]), "is no platform", "linux/x y")
case("platform-windows", index([other]), "windows do not run here", "windows/amd64")
case("platform-of-config", image("elsewhere", arch="s390x"), "image is for linux/s390x")

# --- what no image is --------------------------------------------------------------------------------
fs = [{"blobSum": digest(b"x")}]
old = {"schemaVersion": 1, "name": "x", "tag": "x", "architecture": ARCH, "fsLayers": fs, "history": []}
case("schema1", document(old, DOCKER + "distribution.manifest.v1+json"), "schema 1")
case("schema1-signed", document({**old, "signatures": []}, DOCKER + "distribution.manifest.v1+prettyjws"), "schema 1")
case("schema1-as-json", document({**old, "tag": "y"}, "application/json"), "schema 1")
case("artifact", artifact, "artifact of type .application/vnd.example.sbom.*no container image")
case("artifact-config-type", image("helm", config="application/vnd.cncf.helm.config.v1+json"), "helm.*no container image")
case("attestation", attestation, "in-toto.*attestation, no container image")
case("only-attestations", index([attestation, artifact]), "none at all, only attestations")
case("signature", image("sig", layers=[blob(b"{}", "application/vnd.dev.cosign.simplesigning.v1+json")]), "signature, no container image")
case("foreign-docker", image("f", SCHEMA2, DOCKER + "image.rootfs.foreign.diff.tar.gzip", DOCKER + "container.image.v1+json"), "foreign layers")
case("foreign-oci", image("f", layer=OCI + "layer.nondistributable.v1.tar+gzip"), "foreign layers")
case("encrypted", image("e", layer=OCI + "layer.v1.tar+gzip+encrypted"), "encrypted layers")
case("other-layer-type", image("e", layer="application/x-xz"), "layer type .application/x-xz. is not supported")
case("oci-artifact-manifest", document({"mediaType": "application/vnd.oci.artifact.manifest.v1+json", "schemaVersion": 2, "blobs": []},
                                       "application/vnd.oci.artifact.manifest.v1+json"), "no image index or manifest")

# --- documents with two meanings -----------------------------------------------------------------------
both = json.loads(documents[tags["oci-gzip"]][1])
case("cve-2021-41190-both", document({**both, "manifests": [mine]}, MANIFEST), "both .manifests. and .layers.")
case("cve-2021-41190-both-as-index", document({**both, "mediaType": INDEX, "manifests": [mine]}, INDEX), "both .manifests. and .layers.")
case("cve-2021-41190-header", document({**both, "annotations": {}}, MANIFEST, INDEX), "but it was sent as")
case("cve-2021-41190-header-docker", document({**both, "annotations": {"a": "b"}}, MANIFEST, SCHEMA2), "but it was sent as")
case("cve-2021-41190-own-type", document({**both, "mediaType": INDEX}, MANIFEST, "application/json"), "contradicts the contents")
case("cve-2021-41190-listed-as-manifest", index([{**index([mine], annotations={"n": "1"}), "mediaType": MANIFEST, **on(ARCH)}]), "listed as")
case("cve-2021-41190-no-type", index([{**document({"schemaVersion": 2, "manifests": [mine], "annotations": {"n": "2"}}, MANIFEST), **on(ARCH)}]),
     "contradicts the contents")
case("index-four-deep", index([index([index([index([mine])])])]), "nested more than 3 deep")
again = index([mine], annotations={"n": "3"})
case("size-of-manifest", index([{**mine, "size": mine["size"] + 1}]), "the manifest has [0-9]+ bytes, what leads to it says [0-9]+")
case("size-negative", index([{**mine, "size": -1}]), r"manifests\[0\].size")
case("size-of-layer", image("l", layers=[{**blob(gz(tar("l")), OCI + "layer.v1.tar+gzip"), "size": 17}]), "layer 1 of 1|bytes")

# --- digests as paths ----------------------------------------------------------------------------------
for i, text in enumerate(["sha256:../../../etc/passwd", "md5:" + "1" * 32, "sha256:" + "A" * 64, "sha256:" + "1" * 63, "sha256:" + "1" * 65,
                          "SHA256:" + "1" * 64, "sha256:" + "1" * 62 + "/x", "", "sha256:", "1" * 64, "sha256+b64:" + "1" * 64]):
    case(f"cve-2014-9358-digest-{i}", index([{**mine, "digest": text}]), r"manifests\[0\].digest: .*is not a digest")
case("digest-sha512", index([{**mine, "digest": "sha512:" + "1" * 128}]), "only sha256")
case("cve-2024-3727-layer-digest", image("d", layers=[{"mediaType": OCI + "layer.v1.tar", "size": 1, "digest": "sha256:../x"}]), "is not a digest")

# --- malformed -------------------------------------------------------------------------------------------
for i, (text, want) in enumerate([
        (b"", "manifest"), (b"{", "manifest"), (b"[]", "manifest"), (b"null", "manifest"), (b"\xff\xfe{}", "manifest"), (b"{}", "schemaVersion"),
        (b'{"schemaVersion":2}', "neither"), (b'{"schemaVersion":2,"manifests":null}', "neither"), (b'{"schemaVersion":2,"layers":{}}', "layers|config"),
        (b'{"schemaVersion":"2","layers":[]}', "schemaVersion"), (b'{"schemaVersion":2,"schemaVersion":1,"layers":[]}', "schemaVersion"),
        (b'{"schemaVersion":2,"manifests":[null]}', "descriptor"), (b'{"schemaVersion":2,"manifests":[[]]}', "manifests"),
        (b'{"schemaVersion":2,"manifests":[{"digest":1}]}', "manifests"), (b"[" * 100000, "manifest"), (b'{"a":' * 50000, "manifest"),
        (b'{"schemaVersion":2,"config":null,"layers":[]}', "config"), (b'{"schemaVersion":1e99,"layers":[]}', "schemaVersion"),
        (b'{"schemaVersion":2,"manifests":[' + b",".join([b"0"] * 300) + b"]}", "300"),
        (b'{"schemaVersion":2,"layers":[],"config":{"mediaType":"\\u0000"}}', "manifest"),
        (b" " * (2 << 20), "CONFIG_IMAGE_DOC_KIB|larger|bytes")]):
    case(f"cve-2021-21285-malformed-{i}", document(text, MANIFEST, "application/json"), want)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        kind, name = self.path.split("?")[0].split("/")[-2:]
        if kind == "manifests":
            sent, data = documents.get(tags.get(name, name), (None, None))
        else:
            sent, data = "application/octet-stream", blobs.get(name)
        if data is None:
            self.send_response(404 if kind in ("manifests", "blobs") else 200)
            data, sent = b"", "text/plain"
        else:
            self.send_response(200)
        self.send_header("Content-Type", sent)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


with open(sys.argv[2], "w") as f:
    f.writelines(cases)
server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
