#!/usr/bin/env python3
"""corpus.py CLIENT SOURCES - what once broke libarchive, zlib and zstd, through our unpacking

SOURCES holds the libraries' sources. CLIENT: tests/tool/unpack_client, with options. Prints TAP lines without
numbers, "ok NAME" or "not ok NAME: WHY", and at the end "# note: ..." with counts.

- libarchive's test files (uuencoded): each becomes the tree that bsdtar lists, or is refused with a reason.
- zlib's coverage test: its deflate streams, in gzip; Python's zlib says what comes out.
- zstd's golden files: zstd says what comes out.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import zlib

CLIENT, SOURCES = sys.argv[1].split(), sys.argv[2]
counts = {}

# What differs from bsdtar, and why that is right
DIFFERENT = {
    "libarchive: test_compat_gzip_2.tgz": "rubbish behind the last member: one digest would mean two contents",
    "libarchive: test_patterns_4.tar": "names with .. are refused, here the layer with them",
    "libarchive: test_pax_filename_encoding.tar": "bsdtar wants names that its locale knows; names are bytes",
}


def report(name, why=None):
    print(f"not ok {name}: {why}" if why else f"ok {name}", flush=True)


def count(what):
    counts[what] = counts.get(what, 0) + 1


def run(*args, **kw):
    return subprocess.run(args, capture_output=True, check=False, timeout=100, **kw)


def uudecode(path):
    """by hand: some files have blanks where binascii wants none"""
    out, inside = [], False
    with open(path, "rb") as f:
        for line in f:
            line = line.rstrip(b"\r\n")
            if line.startswith(b"begin "):
                inside = True
            elif line == b"end":
                break
            elif inside and line:
                n = (line[0] - 32) & 63
                bits = [(c - 32) & 63 for c in line[1:].ljust(84)]
                data = b"".join((bits[i] << 18 | bits[i + 1] << 12 | bits[i + 2] << 6 | bits[i + 3]).to_bytes(3, "big")
                                for i in range(0, 84, 4))
                out.append(data[:n])
    return b"".join(out)


def compression(data):
    zstd = data[:4] == b"\x28\xb5\x2f\xfd" or (data[1:4] == b"\x2a\x4d\x18" and data[0] >> 4 == 5)
    return "gzip" if data[:2] == b"\x1f\x8b" else "zstd" if zstd else "tar"


def tree(root):
    found = set()
    for where, dirs, files in os.walk(os.fsencode(root)):
        found |= {os.path.relpath(os.path.join(where, x), os.fsencode(root)) for x in dirs + files}
    return found


def listed(path):
    """what bsdtar lists, as paths of a tree; None: it fails"""
    # Python reads the list of names as bytes; --null does not work for -t, so names are escaped by the C locale
    p = run("bsdtar", "-tf", path, env={**os.environ, "LC_ALL": "C"})
    if p.returncode:
        return None
    names = set()
    for line in p.stdout.split(b"\n"):
        name = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m.group(1), 8)]), line)
        name = os.path.normpath(b"/" + name).lstrip(b"/")
        while name and name != b".":
            names.add(name)
            name = os.path.dirname(name)
    return names


def archive(uu):
    name = "libarchive: " + os.path.basename(uu)[:-3]
    data = uudecode(uu)
    with open("file", "wb") as f:
        f.write(data)
    shutil.rmtree("root", ignore_errors=True)
    os.mkdir("root")
    p = run(*CLIENT, "file", compression(data), "root", str(1 << 30))
    out = p.stdout.decode("latin-1")
    m = re.search(r"^error (\d+) (.{8,})$", out, re.M)
    if p.returncode == 1 and m:
        count("archives refused")
        # what every other program reads is to be read here
        want = listed("file") if re.search(r"\.(tar|tgz|tar\.(gz|zst))$", name) else None
        if want is not None and name not in DIFFERENT:
            return report(name, f"refused, but bsdtar lists {len(want)} names: {m.group(2)}")
        return report(name)
    if p.returncode != 0 or not re.search("^done ", out, re.M):
        return report(name, f"status {p.returncode}: {out[-300:]} {p.stderr.decode('latin-1')[-1500:]}")
    count("archives unpacked")
    want, got = listed("file"), tree("root")
    if want is None:
        return report(name, None if name in DIFFERENT else "bsdtar refuses it")
    if want != got and name not in DIFFERENT:
        return report(name, f"missing {sorted(want - got)[:5]}, more {sorted(got - want)[:5]}")
    return report(name)


def inflate(name, data, kind, want):
    """want: the bytes; None: an error"""
    with open("file", "wb") as f:
        f.write(data)
    p = run(CLIENT[0], "--inflate", "file", kind)
    said = p.stderr.decode("latin-1")
    if want is None:
        count("streams refused")
        good = p.returncode == 1 and re.search(r"^error \d+ .{8,}", said)
        return report(name, None if good else f"taken, status {p.returncode}: {said[-1500:]}")
    count("streams inflated")
    if p.returncode or p.stdout != want:
        return report(name, f"{len(p.stdout)} bytes for {len(want)}, status {p.returncode}: {said[-1500:]}")
    return report(name)


def whole(data, bits):
    z = zlib.decompressobj(bits)
    try:
        out = z.decompress(data)
    except zlib.error:
        return None
    return out if z.eof and not z.unused_data else None


def zlib_streams(path):
    with open(path, encoding="latin-1") as f:
        text = f.read()
    for m in re.finditer(r'\b(try|inf)\(((?:\s*"[0-9a-f ]*")+),\s*"([^"]+)"', text):
        data = bytes(int(x, 16) for x in "".join(re.findall('"(.*?)"', m.group(2))).split())
        name = f"zlib: {m.group(1)} {m.group(3)}"
        if data[:2] == b"\x1f\x8b":
            inflate(name, data, "gzip", whole(data, 31))
            continue
        # a deflate stream with a right end, so that only its content decides
        out = whole(data, -15)
        end = (zlib.crc32(out or b"").to_bytes(4, "little") + len(out or b"").to_bytes(4, "little"))
        inflate(name, b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + data + end, "gzip", out)


def gzip_headers():
    """CVE-2022-37434: header fields longer than any buffer, cut by reads in any place"""
    body = b"x" * 100000
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = z.compress(body) + z.flush()
    end = zlib.crc32(body).to_bytes(4, "little") + len(body).to_bytes(4, "little")
    for what, flags, field in (("extra of 65535", 4, b"\xff\xff" + b"e" * 65535), ("extra of 0", 4, b"\0\0"),
                               ("name of 1 MB", 8, b"n" * 1000000 + b"\0"), ("comment of 1 MB", 16, b"c" * 1000000 + b"\0"),
                               ("all of them", 28, b"\xff\xff" + b"e" * 65535 + b"n" * 70000 + b"\0" + b"c" * 70000 + b"\0")):
        head = b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\x03" + field
        inflate(f"CVE-2022-37434: gzip header with {what}", head + data + end, "gzip", body)
        head = b"\x1f\x8b\x08" + bytes([flags | 2]) + b"\0\0\0\0\0\x03" + field
        crc = (zlib.crc32(head) & 0xffff).to_bytes(2, "little")
        inflate(f"CVE-2022-37434: gzip header with {what} and checksum", head + crc + data + end, "gzip", body)
        for cut in (9, 11, 12, len(head) - 1):
            inflate(f"CVE-2022-37434: gzip header with {what}, cut at {cut}", (head + data)[:cut], "gzip", None)


def zstd_files(folder):
    for path in sorted(glob.glob(folder + "/tests/golden-decompression*/*.zst")):
        with open(path, "rb") as f:
            data = f.read()
        p = run("zstd", "-dcq", path)
        name = "zstd: " + os.path.basename(path)
        if "-errors/" in path or p.returncode == 0:
            inflate(name, data, "zstd", None if "-errors/" in path else p.stdout)
        else:  # an older zstd than ours refuses it
            inflate(name, data, "zstd", run(CLIENT[0], "--inflate", path, "zstd").stdout)
    for path in sorted(glob.glob(folder + "/tests/golden-compression/*")):
        with open(path, "rb") as f:
            want = f.read()
        for level in ("1", "19"):
            inflate(f"zstd: {os.path.basename(path)} at level {level}", run("zstd", "-qc", "-" + level, path).stdout, "zstd", want)


for uu in sorted(glob.glob(SOURCES + "/libarchive-*/**/*.uu", recursive=True)):
    archive(uu)
zlib_streams(glob.glob(SOURCES + "/zlib-*/test/infcover.c")[0])
gzip_headers()
zstd_files(glob.glob(SOURCES + "/zstd-*")[0])
print("# note: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
