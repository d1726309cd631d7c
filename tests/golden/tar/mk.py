#!/usr/bin/python3
"""mk.py OUTPUT-FOLDER CANARY - make hostile and odd layers

Each case is one file, named after the weakness of another program that it stands for, and one line of
OUTPUT-FOLDER/cases with fields separated by tabs:

    file  compression  max-bytes  max-entries  expected  regex-or-listing

expected is "ok" or the errno that refuses the layer. For "ok" the last field is the tree that must result
("name type" of each object, joined by ";"), "-" for any; otherwise a pattern that the message must
match. CANARY is a folder outside of any tree, with a file "file" in it: layers try to reach it.
"""

import errno
import gzip
import io
import os
import struct
import sys
import zlib

OUT, CANARY = sys.argv[1], os.path.abspath(sys.argv[2])
REG, LINK, SYM, CHR, BLK, DIR, FIFO = b"0", b"1", b"2", b"3", b"4", b"5", b"6"
cases = []


def number(value, width):
    if 0 <= value < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, value)
    return (value & (1 << 8 * width) - 1 | 1 << 8 * width - 1).to_bytes(width, "big")  # GNU base-256


def header(name, kind=REG, size=0, mode=0o644, uid=0, gid=0, link=b"", dev=(0, 0), mtime=1000000000, bad_sum=False):
    name, link = (x.encode() if isinstance(x, str) else x for x in (name, link))
    h = bytearray(512)
    h[0:100] = name[:100].ljust(100, b"\0")
    h[100:108] = number(mode, 8)
    h[108:116] = number(uid, 8)
    h[116:124] = number(gid, 8)
    h[124:136] = number(size, 12)
    h[136:148] = number(mtime, 12)
    h[148:156] = b" " * 8
    h[156:157] = kind
    h[157:257] = link[:100].ljust(100, b"\0")
    h[257:265] = b"ustar\00000"
    h[329:337] = number(dev[0], 8)
    h[337:345] = number(dev[1], 8)
    h[148:156] = b"%06o\0 " % (sum(h) + bad_sum)
    return bytes(h)


def pad(data):
    return data + b"\0" * (-len(data) % 512)


def entry(name, kind=REG, data=b"", **kw):
    return header(name, kind, kw.pop("size", len(data)), **kw) + pad(data)


def record(key, value):
    key, value = (x.encode() if isinstance(x, str) else x for x in (key, value))
    body = b" " + key + b"=" + value + b"\n"
    n = len(body)
    while len(b"%d" % n) + len(body) != n:
        n = len(b"%d" % n) + len(body)
    return b"%d" % n + body


def pax(records, *args, **kw):
    data = b"".join(record(k, v) for k, v in records)
    return entry("PaxHeader", b"x", data) + entry(*args, **kw)


END = b"\0" * 1024


def write(name, data):
    with open(os.path.join(OUT, name), "wb") as f:
        f.write(data)


def case(name, data, expected, pattern="-", compression="tar", max_bytes=0, max_entries=0):
    write(name, data)
    code = expected if expected == "ok" else getattr(errno, expected)
    cases.append(f"{name}\t{compression}\t{max_bytes}\t{max_entries}\t{code}\t{pattern}\n")


def tar(name, parts, *args, **kw):
    case(name, b"".join(parts) + END, *args, **kw)


canary_file = CANARY + "/file"
reach = entry("x", data=b"overwritten")

# --- the root of the tree ------------------------------------------------------------------------
for i, root in enumerate([".", "./", "/", "//", "./."]):
    tar(f"cve-2021-29136-root-is-symlink-{i}", [entry(root, SYM, link=CANARY), reach], "EBADMSG", "root is not a directory")
tar("cve-2021-29136-root-is-file", [entry(".", data=b"x")], "EBADMSG", "root is not a directory")
tar("cve-2021-29136-root-is-hardlink", [entry("a"), entry(".", LINK, link="a")], "EBADMSG", "root is not a directory")
tar("cve-2021-29136-empty-name", [entry("")], "EBADMSG", "name is empty")
tar("cve-2021-29136-dotdot-symlink", [entry("..", SYM, link=CANARY)], "EBADMSG", r'"\.\."')
tar("root-attributes", [entry("./", DIR, mode=0o711, uid=7)], "ok", "")

# --- names ------------------------------------------------------------------------------------------
for i, name in enumerate(["../x", "a/../../x", "a/..", "..", "./../x", "/../x", "a/b/../c"]):
    tar(f"cve-2007-4559-dotdot-{i}", [entry(name, data=b"x")], "EBADMSG", r'"\.\."')
tar("cve-2007-4559-absolute", [entry(canary_file, data=b"overwritten")], "ok", "-")
tar("name-many-slashes", [entry("//a///b/./c//", DIR)], "ok", "a d;a/b d;a/b/c d")
tar("name-dot-components", [entry("./a/./b", data=b"x")], "ok", "a d;a/b f")
tar("name-trailing-slash-file", [entry("a/", data=b"")], "ok", "a d")
tar("name-dots", [entry("..."), entry("..a"), entry("a..")], "ok", "... f;..a f;a.. f")
tar("name-bytes", [pax([("path", b"inv\xff/\xc3\xa9")], "p")], "ok", "-")
tar("name-newline-escape", [entry("a\n\x1b[31mb/../x")], "EBADMSG", r"entry a\?\?\[31mb")
tar("name-nul", [pax([("path", b"safe\0/../../x")], "p")], "ok", "safe f")
tar("name-component-255", [pax([("path", "c" * 255)], "p")], "ok", "c" * 255 + " f")
tar("name-component-256", [pax([("path", "c" * 256)], "p")], "ENAMETOOLONG", "component")
tar("name-4097", [pax([("path", "/".join(["c" * 254] * 17))], "p")], "ENAMETOOLONG", "longer than 4095")
tar("name-1-mib-gnu", [entry("././@LongLink", b"L", b"a/" * 500000 + b"\0"), entry("x")], "ELOOP", "128 directories")
tar("name-depth-128", [pax([("path", "/".join("d" * 128))], "p")], "ok", "-")
tar("name-depth-129", [pax([("path", "/".join("d" * 129))], "p")], "ELOOP", "128 directories")

# --- symbolic links -----------------------------------------------------------------------------------
link = entry("l", SYM, link=CANARY)
tar("symlink-parent-absolute", [link, entry("l/x", data=b"overwritten")], "ELOOP", "entry l/x.*symbolic link")
tar("symlink-parent-relative", [entry("d", DIR), entry("d/l", SYM, link="../../../canary"), entry("d/l/x")], "ELOOP", "symbolic link")
tar("symlink-parent-inside", [entry("real", DIR), entry("l", SYM, link="real"), entry("l/x")], "ELOOP", "symbolic link")
tar("symlink-parent-dot", [entry("l", SYM, link="."), entry("l/x")], "ELOOP", "symbolic link")
tar("symlink-parent-deep", [link, entry("l/a/b/c", DIR)], "ELOOP", "symbolic link")
tar("symlink-chain", [entry("a", SYM, link="b"), entry("b", SYM, link=CANARY), entry("a/x")], "ELOOP", "symbolic link")
tar("symlink-file-overwritten", [entry("l", SYM, link=canary_file), entry("l", data=b"overwritten")], "ok", "l f")
tar("symlink-replaced-by-dir", [link, entry("l", DIR, mode=0o777, uid=1), entry("l/x")], "ok", "l d;l/x f")
tar("symlink-empty-target", [entry("l", SYM, link="")], "EBADMSG", "without a target")
tar("symlink-dangling", [entry("l", SYM, link="../../nowhere", uid=5, gid=6)], "ok", "l l")
tar("cve-2021-31566-dir-then-symlink", [entry("d", DIR, mode=0o777, uid=9, mtime=1), entry("d", SYM, link=CANARY, mode=0o777, uid=9, mtime=1)], "ok", "d l")
tar("cve-2021-31566-xattr-on-symlink", [pax([("SCHILY.xattr.user.x", "y")], "l", SYM, link=CANARY)], "ok", "l l")
tar("cve-2021-23177-acl-on-symlink", [pax([("SCHILY.acl.access", "user::rwx,group::rwx,other::rwx,user:bin:rwx")], "l", SYM, link=canary_file)], "ok", "l l")
tar("cve-2021-32760-chmod-through-hardlink", [entry("s", SYM, link=canary_file), entry("h", LINK, link="s", mode=0o4777, uid=9)], "ok", "h l;s l")
tar("symlink-device-parent", [entry("n", CHR, dev=(1, 3)), entry("n/x")], "ENOTDIR", "not a directory")

# --- hard links ---------------------------------------------------------------------------------------
tar("cve-2016-5418-hardlink-with-data", [entry("s", SYM, link=canary_file), entry("s", LINK, b"overwritten", link="s")], "ELOOP", "to itself")
tar("cve-2016-5418-hardlink-data-to-symlink", [entry("s", SYM, link=canary_file), pax([("comment", "pax")], "h", LINK, b"overwritten", link="s"),
                                               entry("after")], "ok", "after f;h l;s l")
tar("cve-2016-5418-hardlink-data-ustar", [entry("s", SYM, link=canary_file), entry("h", LINK, b"overwritten", link="s")], "EBADMSG", "after entry h")
tar("hardlink-dotdot", [entry("h", LINK, link="../canary/file")], "EBADMSG", r'target of the hard link.*"\.\."')
tar("hardlink-absolute", [entry("h", LINK, link=canary_file)], "ENOENT", "neither this layer nor one below")
tar("hardlink-through-symlink", [link, entry("h", LINK, link="l/file")], "ENOTDIR", "symbolic links on the way are not followed")
tar("hardlink-lower-layer", [entry("h", LINK, link="usr/bin/perl")], "ENOENT", "hard link to usr/bin/perl.*nor one below")
tar("hardlink-to-directory", [entry("d", DIR), entry("h", LINK, link="d")], "EPERM", "no file")
tar("hardlink-to-root", [entry("h", LINK, link=".")], "EPERM", "no file")
tar("hardlink-to-device", [entry("n", CHR, dev=(1, 3)), entry("h", LINK, link="n")], "EPERM", "no file")
tar("hardlink-to-whiteout", [entry(".wh.w"), entry("h", LINK, link="w")], "EPERM", "no file")
tar("hardlink-replaces", [entry("a", data=b"a"), entry("b", DIR), entry("b/c"), entry("b", LINK, link="a")], "ok", "a f;b f")
tar("hardlink-other-directory", [entry("d/e/a", data=b"a"), entry("f/b", LINK, link="./d//e/a")], "ok", "d d;d/e d;d/e/a f;f d;f/b f")

# --- whiteouts -------------------------------------------------------------------------------------------
tar("whiteout", [entry("d", DIR), entry("d/.wh.x"), entry(".wh.y")], "ok", "d d;d/x c;y c")
for i, name in enumerate([".wh.", "d/.wh.", ".wh..", ".wh..."]):
    tar(f"whiteout-of-nothing-{i}", [entry(name)], "EBADMSG", "whiteout of")
tar("whiteout-as-directory", [entry(".wh.a/b")], "EBADMSG", "used as a directory")
tar("whiteout-through-symlink", [link, entry("l/.wh.file")], "ELOOP", "symbolic link")
tar("whiteout-opaque-through-symlink", [link, entry("l/.wh..wh..opq")], "ELOOP", "symbolic link")
tar("whiteout-opaque-root", [entry(".wh..wh..opq")], "ENOTSUP", "hides all layers below")
tar("whiteout-aufs", [entry(".wh..wh.plnk", DIR), entry(".wh..wh.plnk/1.2"), entry(".wh..wh.orph")], "ok", "")
tar("whiteout-then-file", [entry(".wh.a"), entry("a")], "ok", "a f")
tar("whiteout-of-own-file", [entry("a"), entry(".wh.a")], "ok", "a f")
tar("whiteout-twice", [entry(".wh.a"), entry(".wh.a")], "ok", "a c")

# --- one name, several entries --------------------------------------------------------------------------
tar("again-file-over-dir", [entry("a", DIR), entry("a/b", DIR), entry("a/b/c"), entry("a", data=b"x")], "ok", "a f")
tar("again-dir-over-file", [entry("a"), entry("a", DIR), entry("a/b")], "ok", "a d;a/b f")
tar("again-dir-over-dir", [entry("a", DIR), entry("a/b"), entry("a", DIR, mode=0o700)], "ok", "a d;a/b f")
tar("again-file-below-file", [entry("a"), entry("a/b")], "ENOTDIR", "not a directory")
tar("again-fifo-over-file", [entry("a", data=b"x"), entry("a", FIFO)], "ok", "a p")
tar("again-symlink-over-dir", [entry("a/b"), entry("a", SYM, link="b")], "ok", "a l")

# --- owners, modes, attributes ------------------------------------------------------------------------
tar("cve-2024-40635-uid-minus-one", [entry("a", uid=-1)], "EBADMSG", "owner")
tar("cve-2024-40635-uid-32-bit-limit", [entry("a", uid=4294967295)], "EBADMSG", "owner 4294967295")
tar("cve-2024-40635-gid-above-32-bit", [pax([("gid", "4294967296")], "a")], "EBADMSG", "group 4294967296")
tar("uid-largest", [entry("a", uid=4294967294)], "ok", "a f")
tar("xattr-128-kib", [pax([("SCHILY.xattr.user.x", b"v" * 131072)], "a")], "E2BIG", "131072 bytes")
tar("xattr-many", [pax([(f"SCHILY.xattr.user.x{i}", "v") for i in range(100)], "a")], "E2BIG", "more than 64")
tar("xattr-long-name", [pax([("SCHILY.xattr.user." + "x" * 300, "v")], "a")], "E2BIG", "extended attribute")
tar("xattr-bad-capability", [pax([("SCHILY.xattr.security.capability", "v")], "a")], "EINVAL", "security.capability")
tar("xattr-foreign", [pax([("SCHILY.xattr.trusted.overlay.opaque", "y"), ("SCHILY.xattr.trusted.overlay.redirect", "/"),
                           ("SCHILY.xattr.user.overlay.opaque", "y"), ("SCHILY.xattr.security.selinux", "x"),
                           ("SCHILY.xattr.security.ima", "x"), ("SCHILY.xattr.system.posix_acl_access", "x")], "a", DIR)], "ok", "a d")

# --- sizes ----------------------------------------------------------------------------------------------
tar("cve-2022-2879-pax-4-gib", [header("PaxHeader", b"x", 4 << 30)], "EBADMSG", "header too large")
tar("cve-2017-14992-xattr-2-gib", [header("PaxHeader", b"x", (1 << 31) + 100) + b"2147483700 SCHILY.xattr.user.x=" + b"v" * 512],
    "EBADMSG", "header too large")
tar("cve-2022-2879-pax-2-mib", [entry("PaxHeader", b"x", record("comment", b"c" * (2 << 20))), entry("a")], "EBADMSG", "header too large")
tar("cve-2022-2879-longlink-4-gib", [header("././@LongLink", b"L", 4 << 30)], "EBADMSG", "header too large")
tar("special-headers-in-a-row", [entry("PaxHeader", b"x", record("comment", "c"))] * 64 + [entry("a")], "EBADMSG", "tar archive damaged")
tar("file-larger-than-limit", [header("a", size=1 << 40)], "EFBIG", "more than the allowed")
tar("file-size-negative", [header("a", size=-1)], "EBADMSG", ".")
tar("sparse-larger-than-limit", [pax([("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "s"),
                                      ("GNU.sparse.realsize", str(1 << 60))], "s", data=pad(b"1\n0\n0\n"))], "EFBIG", "more than the allowed")
tar("sparse-block-beyond-size", [pax([("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "s"),
                                      ("GNU.sparse.realsize", "10")], "s", data=pad(b"1\n100000\n3\n") + b"abc")], "EBADMSG", "beyond its size")
tar("cve-2025-58183-sparse-count-1e9", [pax([("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "s"),
                                             ("GNU.sparse.realsize", "10")], "s", data=pad(b"1000000000\n0\n0\n"))], "EBADMSG", ".")


def sparse_map(n):
    parts = b"%d\n" % n + b"0\n0\n" * n
    return gzip.compress(pax([("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "s"),
                              ("GNU.sparse.realsize", "10")], "s", data=pad(parts)) + END, 1)


case("cve-2025-58183-sparse-map-of-millions", sparse_map(1000000), "EBADMSG", "Sparse map has more than 65536", compression="gzip")
case("sparse-map-largest", sparse_map(65536), "ok", "s f", compression="gzip")
# as much as headers may take: every long form at its bound, and a trailing slash, which makes libarchive look twice
mib = (1 << 20) - 200
tar("headers-largest", [entry("././@LongLink", b"L", b"n" * mib + b"/\0"), entry("././@LongLink", b"K", b"k" * mib + b"\0"),
                        entry("PaxHeader", b"x", record("path", "p" * 900000 + "/")), entry("x")], "ENAMETOOLONG", "component")
tar("headers-largest-xattrs", [entry("PaxHeader", b"x", b"".join(record(f"SCHILY.xattr.trusted.{i}", b"v" * 60000) for i in range(16))),
                               entry("x")], "ok", "x f")
tar("too-many-entries", [entry(f"f{i}") for i in range(101)], "EFBIG", "more than the allowed 100 entries", max_entries=100)
tar("just-enough-entries", [entry(f"f{i}") for i in range(100)], "ok", "-", max_entries=100)
tar("too-many-bytes", [entry("a", data=b"x" * 300000)], "EFBIG", "allowed 200000 bytes|allowed 200000", max_bytes=200000)


def bomb():
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = io.BytesIO()
    out.write(z.compress(header("bomb", size=300 << 20)))
    zeros = b"\0" * (1 << 20)
    for _ in range(300):
        out.write(z.compress(zeros))
    out.write(z.compress(END) + z.flush())
    return out.getvalue()


case("cve-2017-14992-gzip-bomb", bomb(), "EFBIG", "CONFIG_UNPACK_MAX_RATIO", compression="gzip")
case("cve-2017-14992-million-entries", gzip.compress(b"".join(header(f".wh..wh.{i}") for i in range(1000)) * 1000, 1), "EFBIG",
     "CONFIG_UNPACK_MAX_RATIO|CONFIG_UNPACK_MAX_ENTRIES", compression="gzip")
# magic, no single segment, window 2^31, one empty last raw block
case("zstd-window-2-gib", struct.pack("<IBB", 0xFD2FB528, 0, 21 << 3) + b"\1\0\0", "EFBIG", "CONFIG_ZSTD_WINDOW_LOG", compression="zstd")

# --- damage ------------------------------------------------------------------------------------------------
good = entry("a", data=b"x" * 2000) + entry("b", data=b"y" * 2000) + END
packed = gzip.compress(good, mtime=0)
case("no-end-marks", entry("a", data=b"x"), "ok", "a f")
case("only-end-marks", END, "ok", "")
case("empty-file", b"", "EBADMSG", ".")
case("not-tar", b"this is no archive\n" * 200, "EBADMSG", "tar archive damaged")
case("cut-in-header", good[:3000], "EBADMSG", ".")
case("cut-in-content", good[:1500], "EBADMSG", "entry a")
case("bad-checksum", entry("a") + header("b", bad_sum=True) + END, "EBADMSG", "damaged near byte .* after entry a")
case("rubbish-after-end", good + b"rubbish" * 1000, "ok", "a f;b f")
case("gzip-good", packed, "ok", "a f;b f", compression="gzip")
case("gzip-two-members", gzip.compress(good[:700]) + gzip.compress(good[700:]), "ok", "a f;b f", compression="gzip")
case("gzip-cut", packed[:-9], "EBADMSG", "cut off after", compression="gzip")
case("gzip-cut-in-trailer", packed[:-3], "EBADMSG", "cut off after", compression="gzip")
case("gzip-bad-crc", packed[:-5] + bytes([packed[-5] ^ 1]) + packed[-4:], "EBADMSG", "gzip data is damaged", compression="gzip")
case("gzip-rubbish-after-member", packed + b"rubbish", "EBADMSG", "gzip data is damaged", compression="gzip")
case("gzip-zeros-after-member", packed + b"\0" * 512, "EBADMSG", "gzip data is damaged", compression="gzip")
case("gzip-named-tar", packed, "EBADMSG", "tar archive damaged", compression="tar")
case("tar-named-gzip", good, "EBADMSG", "gzip data is damaged", compression="gzip")
case("tar-named-zstd", good, "EBADMSG", "not zstd", compression="zstd")
case("gzip-empty", b"", "EBADMSG", "cut off after 0 bytes", compression="gzip")
case("zstd-empty", b"", "EBADMSG", "cut off after 0 bytes", compression="zstd")

with open(os.path.join(OUT, "cases"), "w", encoding="utf-8") as f:
    f.writelines(cases)
