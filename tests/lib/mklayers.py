#!/usr/bin/env python3
"""mklayers.py OUT RANDOM - images whose layers build upon each other, as OCI layouts OUT/<case>

OUT/cases gets a line "case<TAB>regex" each: "ok", "ok, but X" (X is another
thing with others, and says why at the case), or why the image is refused. RANDOM: how many images of
random layers are made besides; the random numbers are the same each time.
"""

import gzip
import hashlib
import io
import json
import os
import platform
import random
import sys
import tarfile

OUT = sys.argv[1]
ARCH = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}[platform.machine()]
CAP = "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"  # cap_net_raw+ep
cases = []


def entry(name, kind, data="", mode=0o644, uid=0, gid=0, mtime=1000000000.5, xattrs=None, dev=(1, 3)):
    info = tarfile.TarInfo(name)
    info.mode, info.uid, info.gid, info.mtime = mode, uid, gid, mtime
    info.type = {"f": tarfile.REGTYPE, "d": tarfile.DIRTYPE, "l": tarfile.SYMTYPE, "h": tarfile.LNKTYPE,
                 "p": tarfile.FIFOTYPE, "c": tarfile.CHRTYPE}[kind]
    content = b""
    if kind in "lh":
        info.linkname = data
    elif kind == "f":
        content = data.encode()
        info.size = len(content)
    elif kind == "c":
        info.devmajor, info.devminor = dev
    info.pax_headers = {"SCHILY.xattr." + k: v for k, v in (xattrs or {}).items()}
    return info, content


def f(name, data="x", **kw):
    return entry(name, "f", data, **kw)


def d(name, mode=0o755, **kw):
    return entry(name, "d", mode=mode, **kw)


def link(name, target, **kw):
    return entry(name, "l", target, mode=0o777, **kw)


def hard(name, target):
    return entry(name, "h", target)


def gone(name):
    head, _, tail = name.rpartition("/")
    return f((head + "/" if head else "") + ".wh." + tail, "")


def opaque(name):
    return f(name + "/.wh..wh..opq", "")


def tar(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as t:
        for info, data in entries:
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def case(name, *layers, want="ok"):
    where = os.path.join(OUT, name)
    os.makedirs(where + "/blobs/sha256")

    def put(data, kind, **more):
        digest = hashlib.sha256(data).hexdigest()
        with open(f"{where}/blobs/sha256/{digest}", "wb") as out:
            out.write(data)
        return {"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + digest, "size": len(data), **more}

    tars = [tar(x) for x in layers]
    config = put(json.dumps({"architecture": ARCH, "os": "linux", "config": {"Cmd": ["x"]}, "rootfs": {
        "type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(t).hexdigest() for t in tars]}}).encode(), "config.v1+json")
    manifest = put(json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config,
        "layers": [put(gzip.compress(t, 1, mtime=0), "layer.v1.tar+gzip") for t in tars]}).encode(), "manifest.v1+json",
        annotations={"org.opencontainers.image.ref.name": "x"}, platform={"os": "linux", "architecture": ARCH})
    with open(where + "/index.json", "w") as out:
        json.dump({"schemaVersion": 2, "manifests": [manifest]}, out)
    with open(where + "/oci-layout", "w") as out:
        out.write('{"imageLayoutVersion": "1.0.0"}')
    cases.append(f"{name}\t{want}\n")


base = [d("a", 0o711, uid=7, gid=8, mtime=900000000.25, xattrs={"user.a": "1"}), d("a/b", 0o2750, uid=9, mtime=900000001),
        f("a/b/f", "one", mode=0o640, uid=3), d("usr"), d("usr/bin", 0o711, gid=4, mtime=900000002),
        f("usr/bin/perl", "perl" * 50000, mode=0o4755, uid=2, mtime=900000003.125, xattrs={"user.p": "v"}),
        f("usr/bin/ping", "ping", mode=0o755, xattrs={"security.capability": CAP}), link("usr/bin/sl", "perl", uid=6, mtime=900000004),
        entry("pipe", "p", mode=0o622), entry("null", "c", mode=0o666), f("top", "top")]

# --- directories that a layer does not mention ---------------------------------------------------------
case("implicit-parents", base, [f("a/b/new", "two")])
case("implicit-parents-two-layers", base, [f("a/b/new", "two")], [f("a/b/newer", "three"), f("usr/bin/x")])
case("implicit-parents-nobody-has", base, [f("n/e/w", "two")])
case("implicit-parents-then-entry", base, [f("a/b/new", "two"), d("a", 0o700, uid=1, mtime=950000000)])
case("directory-merge", base, [d("a", 0o700, uid=1, gid=1, mtime=950000000, xattrs={"user.b": "2"}), f("a/new")])
case("directory-alone", base, [d("a/b", 0o700, mtime=950000000)])

# --- hard links into the layers below ----------------------------------------------------------------------
case("hardlink-lower", base, [hard("usr/bin/perl5.36", "usr/bin/perl")])
case("hardlink-lower-elsewhere", base, [hard("opt/x", "usr/bin/perl"), hard("opt/y", "usr/bin/perl"), hard("z", "opt/x")])
case("hardlink-lower-capability", base, [hard("ping", "usr/bin/ping")])
case("hardlink-lower-symlink", base, [hard("sl2", "usr/bin/sl")])
case("hardlink-lower-two-down", base, [f("a/x")], [hard("top2", "top"), hard("f2", "a/b/f")])
case("hardlink-lower-then-replaced", base, [hard("top2", "top"), f("top", "new")])
case("hardlink-lower-later-layer-replaces", base, [hard("top2", "top")], [f("top", "new")])
case("hardlink-lower-later-layer-removes", base, [hard("top2", "top")], [gone("top")])
case("hardlink-lower-replaces", base, [hard("top", "a/b/f")])
case("hardlink-lower-removed-below", base, [gone("top")], [hard("top2", "top")], want="hard link to top, which neither")
case("hardlink-lower-removed-here", base, [gone("top"), hard("top2", "top")], want="hard link to something that is no file|neither this")
case("hardlink-lower-directory-removed", base, [gone("usr")], [hard("p", "usr/bin/perl")], want="hard link to usr/bin/perl, which neither")
case("hardlink-lower-opaque", base, [d("usr/bin"), opaque("usr/bin")], [hard("p", "usr/bin/perl")], want="hard link to usr/bin/perl, which neither")
case("hardlink-lower-opaque-here", base, [d("usr/bin"), opaque("usr/bin"), hard("p", "usr/bin/perl")], want="hard link to usr/bin/perl, which neither")
case("hardlink-lower-file-for-directory", base, [gone("usr"), f("usr")], [hard("p", "usr/bin/perl")], want="hard link to usr/bin/perl, which neither")
case("hardlink-lower-through-symlink", base + [link("s", "usr/bin")], [hard("p", "s/perl")], want="hard link to s/perl, which neither")
case("hardlink-lower-symlink-out", base + [link("s", "/etc")], [hard("p", "s/passwd")], want="hard link to s/passwd, which neither")
case("hardlink-lower-absolute-symlink", base + [link("s", "/etc/passwd")], [hard("p", "s")])
case("hardlink-lower-directory", base, [hard("p", "usr/bin")], want="no file|neither this layer")
# the other names are in a layer that does not change: they keep the file, as when a container writes to it
case("hardlink-lower-other-names", base + [hard("usr/bin/perl5", "usr/bin/perl")], [hard("p", "usr/bin/perl")], want="ok, but one file")
case("hardlink-lower-device", base, [hard("n", "null")], want="no file")
case("hardlink-lower-dotdot", base, [hard("n", "../../../../etc/passwd")], want=r'"\.\."')

# --- whiteouts -----------------------------------------------------------------------------------------------
case("whiteout-file", base, [gone("a/b/f"), gone("top")])
case("whiteout-directory", base, [gone("usr")])
case("whiteout-directory-then-new", base, [gone("usr"), f("usr", "a file now")])
case("whiteout-directory-new-in-next", base, [gone("usr")], [f("usr/bin/new")])
case("whiteout-then-directory-again", base, [gone("usr"), d("usr"), f("usr/other")])
case("whiteout-of-nothing", base, [gone("not-there")])
case("opaque-first", base, [d("usr/bin", 0o700), opaque("usr/bin"), f("usr/bin/new")])
case("opaque-last", base, [d("usr/bin", 0o700), f("usr/bin/new"), opaque("usr/bin")])
case("opaque-implicit", base, [opaque("usr/bin"), f("usr/bin/new")])
case("opaque-new-directory", base, [d("fresh"), opaque("fresh"), f("fresh/x")])
case("opaque-with-nested", base, [d("usr"), opaque("usr"), d("usr/bin"), f("usr/bin/new")])
case("opaque-then-more-layers", base, [d("usr/bin"), opaque("usr/bin"), f("usr/bin/new")], [f("usr/bin/newer")], [gone("usr/bin/new")])

# --- one thing over another -----------------------------------------------------------------------------------
case("file-over-directory", base, [f("usr", "file")])
case("directory-over-file", base, [d("top", 0o700), f("top/x")])
case("symlink-over-directory", base, [link("usr", "a")])
case("directory-over-symlink", base, [d("usr/bin/sl"), f("usr/bin/sl/x")])
case("file-over-symlink", base, [f("usr/bin/sl", "no link now")])
case("fifo-over-device", base, [entry("null", "p")])
case("attributes-go", base, [f("usr/bin/ping", "plain", mode=0o755)])


def grow(rng, model):
    """One layer that every tool understands the same way: each name once, below directories only."""
    entries, here = [], {}

    def kind(path):
        return here.get(path) or model.get(path)

    def parent_ok(path):
        parent = path.rpartition("/")[0]
        return not parent or (kind(parent) in (None, "d") and here.get(parent) != "gone" and parent_ok(parent))

    def made(path, what):
        while path and here.get(path) is None:
            here[path] = what
            path, what = path.rpartition("/")[0], "d"

    for _ in range(rng.randint(3, 9)):
        path = "/".join(rng.choice("abc") for _ in range(rng.randint(1, 3)))
        below = any(p.startswith(path + "/") for p in here)
        if path in here or not parent_ok(path):
            continue
        attrs = {"uid": rng.randint(0, 3), "gid": rng.randint(0, 3), "mtime": 900000000 + rng.randint(0, 99) + rng.choice([0, 0.5])}
        files = [p for p, k in {**model, **here}.items() if k in "f" and p != path and
                 not any(here.get(p[:i]) == "gone" for i in range(len(p) + 1))]
        what = rng.choice("fffddlhwwo")
        if below and what not in "do":
            continue
        if what == "f":
            entries.append(f(path, str(rng.random()) * rng.choice([1, 5000]), mode=rng.choice([0o600, 0o755, 0o4755]), **attrs))
        elif what in "do":
            entries.append(d(path, rng.choice([0o700, 0o755, 0o1777, 0o2755]), **attrs))
            if what == "o" and not below:
                entries.append(opaque(path))
                for p in [p for p in model if p.startswith(path + "/")]:
                    del model[p]
            what = "d"
        elif what == "l":
            entries.append(link(path, rng.choice(["a", "../b", "/c", "nowhere"]), **attrs))
        elif what == "h" and files:
            entries.append(hard(path, rng.choice(sorted(files))))
            what = "f"
        elif what == "w" and path in model:
            entries.append(gone(path))
            what = "gone"
        else:
            continue
        made(path, what)
        if what != "d":
            for p in [p for p in model if p.startswith(path + "/")]:
                del model[p]
    for path, what in here.items():
        if what == "gone":
            model.pop(path, None)
        else:
            model[path] = what
    return entries


for seed in range(int(sys.argv[2])):
    rng, model = random.Random(seed), {}
    case(f"random-{seed}", *[grow(rng, model) for _ in range(4)])

with open(os.path.join(OUT, "cases"), "w") as out:
    out.writelines(cases)
