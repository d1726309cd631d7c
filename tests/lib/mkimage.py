#!/usr/bin/env python3
"""mkimage.py DIR CONFIG [ENTRY...] - an OCI image layout whose one layer nobody sane would build.

CONFIG: JSON of the image's "config" object ({"User": "0x0"}). ENTRY: entries of the layer, after a
static busybox with links to it:
    copy:PATH:MODE   a copy of busybox; MODE "cap": with the file capability cap_net_raw
    file:PATH:TEXT   link:PATH:TARGET   fifo:PATH   dir:PATH:MODE   sparse:PATH:BYTES   null:PATH
"""
import gzip
import hashlib
import io
import json
import os
import platform
import subprocess
import sys
import tarfile

BUSYBOX = "/bin/busybox"


def entry(tar, spec):
    kind, path, value = (spec.split(":", 2) + [""])[:3]
    info = tarfile.TarInfo(path)
    data = b""
    if kind == "file":
        data = value.encode("utf-8", "surrogateescape").replace(b"\\n", b"\n")
        info.size = len(data)
        info.mode = 0o644
    elif kind == "copy":
        with open(BUSYBOX, "rb") as f:
            data = f.read()
        info.size, info.mode = len(data), int("755" if value == "cap" else value, 8)
        if value == "cap":
            info.pax_headers["SCHILY.xattr.security.capability"] = "\x01\x00\x00\x02\x00\x20" + "\x00" * 14
    elif kind == "link":
        info.type, info.linkname = tarfile.SYMTYPE, value
    elif kind == "fifo":
        info.type, info.mode = tarfile.FIFOTYPE, 0o644
    elif kind == "dir":
        info.type, info.mode = tarfile.DIRTYPE, int(value or "755", 8)
    elif kind == "null":
        info.type, info.mode, info.devmajor, info.devminor = tarfile.CHRTYPE, 0o666, 1, 3
    elif kind == "sparse":
        info.size = int(value)
        info.mode = 0o644
        data = b"\0" * info.size
    else:
        sys.exit("mkimage.py: unknown entry " + spec)
    tar.addfile(info, io.BytesIO(data))


def layer(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("bin", "etc", "tmp"):
            entry(tar, "dir:" + name)
        tar.add(BUSYBOX, "bin/busybox", filter=lambda i: i)
        applets = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True)
        for applet in applets.stdout.split():
            if applet != "busybox":
                entry(tar, f"link:bin/{applet}:busybox")
        for spec in entries:
            entry(tar, spec)
    return out.getvalue()


def put(where, data):
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{where}/blobs/sha256/{digest}", "wb") as f:
        f.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


def main():
    where, config, entries = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3:]
    arch = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}[platform.machine()]
    os.makedirs(f"{where}/blobs/sha256")
    tar = layer(entries)
    blob = put(where, gzip.compress(tar, 1))
    document = put(where, json.dumps({
        "architecture": arch, "os": "linux", "config": config,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest()]},
    }).encode())
    kind = "application/vnd.oci.image."
    manifest = put(where, json.dumps({
        "schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
        "config": {"mediaType": kind + "config.v1+json", **document},
        "layers": [{"mediaType": kind + "layer.v1.tar+gzip", **blob}],
    }).encode())
    with open(f"{where}/index.json", "w") as f:
        json.dump({"schemaVersion": 2, "manifests": [{"mediaType": kind + "manifest.v1+json", **manifest}]}, f)
    with open(f"{where}/oci-layout", "w") as f:
        f.write('{"imageLayoutVersion": "1.0.0"}')


main()
