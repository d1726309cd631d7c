#!/usr/bin/python3
"""bigimage - an OCI layout with one image of given layer sizes, for tests of memory and time

    bigimage DIR gzip|zstd MIB...

A layer of each size: files of 4 KiB to 4 MiB, about half of whose bytes compress away. The tag is "big". The same
arguments give the same bytes.
"""
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tarfile

PACK = {"gzip": ["gzip", "-1", "-n"], "zstd": ["zstd", "-q", "-3"]}
rng = random.Random(1)
block = b"".join(rng.randbytes(2048) + b"the same words again and again, " * 64 for _ in range(1024))


class Hashed:
    """Passes on what is written, and hashes it."""

    def __init__(self, out):
        self.out, self.sha, self.size = out, hashlib.sha256(), 0

    def write(self, data):
        self.sha.update(data)
        self.size += len(data)
        return self.out.write(data)


def write_layer(out, n, mib):
    left = mib << 20
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.USTAR_FORMAT) as t:
        for i in range(1 << 30):
            size = min(left, 4096 << rng.randrange(11))
            if not size:
                break
            left -= size
            info = tarfile.TarInfo(f"layer{n}/{i // 100}/{i}")
            info.size, info.mode = size, 0o644
            start = rng.randrange(len(block))
            data = (block[start:] + block)[:size]
            t.addfile(info, io.BytesIO(data))


def blob_path(root, sha):
    return f"{root}/blobs/sha256/{sha}"


def add_layer(root, form, n, mib):
    tmp = f"{root}/layer"
    with open(tmp, "wb") as f, subprocess.Popen(PACK[form], stdin=subprocess.PIPE, stdout=f) as p:
        plain = Hashed(p.stdin)
        write_layer(plain, n, mib)
        p.stdin.close()
        if p.wait():
            sys.exit(f"bigimage: {form} failed")
    with open(tmp, "rb") as f:
        sha = hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else \
            hashlib.sha256(f.read()).hexdigest()
    size = os.path.getsize(tmp)
    os.rename(tmp, blob_path(root, sha))
    return plain.sha.hexdigest(), {"mediaType": f"application/vnd.oci.image.layer.v1.tar+{form}",
                                   "digest": f"sha256:{sha}", "size": size}


def add_json(root, media_type, doc):
    data = json.dumps(doc).encode()
    sha = hashlib.sha256(data).hexdigest()
    with open(blob_path(root, sha), "wb") as f:
        f.write(data)
    return {"mediaType": media_type, "digest": f"sha256:{sha}", "size": len(data)}


def main(root, form, *sizes):
    os.makedirs(f"{root}/blobs/sha256")
    layers = [add_layer(root, form, n, int(mib)) for n, mib in enumerate(sizes)]
    config = add_json(root, "application/vnd.oci.image.config.v1+json", {
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{d}" for d, _ in layers]}})
    manifest = add_json(root, "application/vnd.oci.image.manifest.v1+json", {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config, "layers": [d for _, d in layers]})
    manifest["annotations"] = {"org.opencontainers.image.ref.name": "big"}
    with open(f"{root}/index.json", "w", encoding="ascii") as f:
        json.dump({"schemaVersion": 2, "manifests": [manifest]}, f)
    with open(f"{root}/oci-layout", "w", encoding="ascii") as f:
        f.write('{"imageLayoutVersion": "1.0.0"}')


main(*sys.argv[1:])
