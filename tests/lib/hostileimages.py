"""hostileimages - images that nobody should pull, made by functions image_*() of hostileregistry.py's cases

An Image is what a registry serves for one repository: its top document under the tag 1 and blobs by digest.
"what" names the kind of each object, for the cases that spoil one: index, manifest, config, layer.
"""
import gzip
import hashlib
import io
import json
import platform
import struct
import tarfile
import zlib

ARCH = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}[platform.machine()]
OCI = "application/vnd.oci.image."
INDEX, MANIFEST, CONFIG = OCI + "index.v1+json", OCI + "manifest.v1+json", OCI + "config.v1+json"
GZIP, ZSTD, TAR = OCI + "layer.v1.tar+gzip", OCI + "layer.v1.tar+zstd", OCI + "layer.v1.tar"
ZEROS = b"\0" * (1 << 20)


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Image:
    def __init__(self):
        self.objects, self.top = {}, None

    def put(self, what, data, kind, **more):
        """more: fields of the descriptor, in the place of the right ones"""
        self.objects[sha(data)] = (what, data, kind)
        return {"mediaType": kind, "digest": sha(data), "size": len(data), **more}


def tar(*entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as t:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


GOOD_TAR = tar(("etc/motd", b"hello\n"), ("noise", hashlib.shake_128(b"noise").digest(200000)))


def config_json(diff_ids, **more):
    return json.dumps({"architecture": ARCH, "os": "linux", "config": {"Cmd": ["/x"]},
                       "rootfs": {"type": "layers", "diff_ids": diff_ids}, **more}).encode()


def document(kind, **fields):
    return json.dumps({"schemaVersion": 2, "mediaType": kind, **fields}).encode()


def finish(i, config, layers, index=True, manifest=None, **child):
    """manifest, and the index above it; child: fields of its descriptor there"""
    m = i.put("manifest", manifest or document(MANIFEST, config=config, layers=layers), MANIFEST, **child)
    i.top = i.put("index", document(INDEX, manifests=[{**m, "platform": {"os": "linux", "architecture": ARCH}}]),
                  INDEX)["digest"] if index else m["digest"]
    return i


def image_good(layers=None, config=None, index=True, raw_config=None, manifest=None, child=None):
    """layers, config, child: fields to put over the right descriptors"""
    i = Image()
    packed = gzip.compress(GOOD_TAR, 1, mtime=0)
    return finish(i, i.put("config", raw_config or config_json([sha(GOOD_TAR)]), CONFIG, **(config or {})),
                  [i.put("layer", packed, GZIP, **(layers or {}))], index, manifest, **(child or {}))


def image_raw(kind, data):
    """a top document as it is"""
    i = Image()
    i.top = i.put("index" if kind == INDEX else "manifest", data, kind)["digest"]
    return i


def image_layer(data, kind, unpacked=b""):
    i = Image()
    return finish(i, i.put("config", config_json([sha(unpacked)]), CONFIG), [i.put("layer", data, kind)])


def image_unpacked(data):
    return image_layer(data, GZIP, gzip.decompress(data))


def image_many_layers(n):
    layer = {"mediaType": GZIP, "digest": sha(b""), "size": 20}
    i = Image()
    return finish(i, i.put("config", config_json([sha(b"")] * n), CONFIG), [layer] * n, index=False)


def image_many_children(n):
    child = {"mediaType": MANIFEST, "digest": sha(b""), "size": 400, "platform": {"os": "linux", "architecture": ARCH}}
    return image_raw(INDEX, document(INDEX, manifests=[child] * n))


def image_nested(depth):
    i = image_good(index=False)
    for _ in range(depth):
        kind = i.objects[i.top][2]
        child = {"mediaType": kind, "digest": i.top, "size": len(i.objects[i.top][1]),
                 "platform": {"os": "linux", "architecture": ARCH}}
        i.top = i.put("index", document(INDEX, manifests=[child]), INDEX)["digest"]
    return i


def header(name, size):
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def gzip_bomb(gib=4):
    """members of 4 MiB of zeros in 4 KiB each, after a header that announces them all"""
    member = gzip.compress(ZEROS * 4, 9, mtime=0)
    return gzip.compress(header("bomb", gib << 30), mtime=0) + member * (256 * gib)


def slow_bomb(mib):
    """a ratio of 190, which is below what is taken for a bomb"""
    noise = hashlib.shake_128(b"bomb").digest(4600)
    member = gzip.compress(ZEROS, 9, mtime=0) + gzip.compress(noise, 0, mtime=0)
    return gzip.compress(header("bomb", mib << 20), mtime=0) + member * mib


def zstd_frame(window_log, blocks):
    """a frame without checksum or content size. blocks: (raw bytes) or (byte, times)"""
    out = [struct.pack("<IBB", 0xFD2FB528, 0, (window_log - 10) << 3)]
    for n, block in enumerate(blocks):
        last = n == len(blocks) - 1
        kind, size, data = (0, len(block), block) if isinstance(block, bytes) else (1, block[1], block[0])
        out.append(struct.pack("<I", last | kind << 1 | size << 3)[:3] + data)
    return b"".join(out)


def zstd_bomb(gib=4):
    """128 KiB of zeros in each four bytes: 128 KiB for 4 GiB"""
    return zstd_frame(17, [header("bomb", gib << 30)] + [(b"\0", 131072)] * (8192 * gib))


def tiny_files(n):
    """as many empty files, each with a name of its own"""
    empty = bytearray(header("f0000000", 0))
    total = sum(empty) - sum(empty[148:156]) + 8 * 32 - sum(b"0000000")
    z = zlib.compressobj(1, zlib.DEFLATED, 31)
    out = []
    for k in range(n):
        digits = b"%07d" % k
        empty[1:8] = digits
        empty[148:156] = b"%06o\0 " % (total + sum(digits))
        out.append(z.compress(empty))
    return b"".join(out) + z.compress(b"\0" * 1024) + z.flush()


def pax_announcing(size, head):
    h = tarfile.TarInfo("PaxHeader")
    h.type, h.size = b"x", size
    return h.tobuf(tarfile.GNU_FORMAT) + head


def sparse_of(n):
    """GNU.sparse 1.0 whose map says that it has n entries, and goes on for ever"""
    record = b""
    for key, value in (("major", "1"), ("minor", "0"), ("name", "s"), ("realsize", "10")):
        text = " GNU.sparse.%s=%s\n" % (key, value)
        length = len(text) + 2
        record += ("%d%s" % (length, text)).encode()
    h = tarfile.TarInfo("PaxHeader")
    h.type, h.size = b"x", len(record)
    head = h.tobuf(tarfile.GNU_FORMAT) + record.ljust(512, b"\0")
    body = b"%d\n" % n + b"0\n0\n" * 2000000
    return gzip.compress(head + header("s", len(body)) + body, 1, mtime=0)
