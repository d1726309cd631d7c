#!/usr/bin/python3
"""disk.py - is a disk as a power cut may leave it?

    disk.py IMAGE [--layout DIR]...

The kernel mounts a copy of IMAGE, an ext4 disk with a store, as the next boot would. An image that a name leads to,
and one that the current manifest uses, has to be whole: its documents by their digest, its layers as they are
in the archives of the OCI layouts --layout; no code of cleat's is used for that. Then 'cleat fsck' has to
agree, and e2fsck of what is left. Works in the current folder, which has certificates in etc.

Prints what is wrong, or one line: bytes of interrupted layers, images of the current manifest.
"""

import argparse
import base64
import gzip
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import tarfile
import urllib.parse


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def archive_tree(path):
    """What overlayfs wants to see of a layer: {path: (type, mode, uid, gid, mtime, content)}."""
    found = {}
    with open(path, "rb") as f:
        packed = f.read()
    plain = gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed
    with open(path + ".tar", "wb") as f:
        f.write(plain)
    with tarfile.open(path + ".tar") as tar:
        for m in tar:
            name = os.path.normpath(m.name)
            base = os.path.basename(name)
            common = (m.mode & 0o7777, m.uid, m.gid, int(m.mtime))
            if base.startswith(".wh."):
                name = os.path.join(os.path.dirname(name), base[4:])
                found[os.path.normpath(name)] = ("gone",)
            elif m.isdir():
                found[name] = ("dir",) + common
            elif m.issym():
                found[name] = ("link", m.linkname)
            elif m.islnk():
                found[name] = found[os.path.normpath(m.linkname)]
            else:
                found[name] = ("file",) + common + (sha256(tar.extractfile(m).read()),)
    os.unlink(path + ".tar")
    return sha256(plain), found


def disk_tree(root, wanted):
    found = {}
    for where, dirs, files in os.walk(root):
        for name in dirs + files:
            path = os.path.join(where, name)
            key = os.path.relpath(path, root)
            st = os.lstat(path)
            common = (stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid, int(st.st_mtime))
            if stat.S_ISDIR(st.st_mode):
                found[key] = ("dir",) + common
            elif stat.S_ISLNK(st.st_mode):
                found[key] = ("link", os.readlink(path))
            elif stat.S_ISCHR(st.st_mode):
                found[key] = ("gone",)
            else:
                with open(path, "rb") as f:
                    found[key] = ("file",) + common + (sha256(f.read()),)
    # directories that the archive does not mention are made with the attributes of those below
    implied = {os.path.dirname(k) for k in wanted}
    return {k: v for k, v in found.items() if k in wanted or not (v[0] == "dir" and k in implied)}


def name_over(below, diff_id):
    """The name of a layer that has taken something from those below it (docs/internals/store.md)"""
    return sha256(b"below\0" + below + bytes.fromhex(diff_id))


def images_of(manifest):
    return re.findall(r"image: *(\S+)", manifest or "")


class Store:
    """The store of a mounted disk, looked at without any code of cleat's."""

    def __init__(self, root, layers):
        self.root = root
        self.layers = layers
        self.wrong = []

    def path(self, *names):
        return os.path.join(self.root, *names)

    def read(self, *names):
        with open(self.path(*names), "rb") as f:
            return f.read()

    def names(self):
        found = {}
        try:
            entries = os.listdir(self.path("refs"))
        except FileNotFoundError:
            return found
        for name in entries:
            if name.startswith("."):
                continue
            text = self.read("refs", name).decode("latin-1")
            m = re.match(r"sha256:([0-9a-f]{64}) [0-9]+", text)
            if not m:
                self.wrong.append(f"refs/{name} is {text[:80]!r}")
                continue
            found[urllib.parse.unquote(name)] = m.group(1)
        return found

    def current(self):
        try:
            return self.read("generations", "current", "manifest.yaml").decode()
        except FileNotFoundError:
            return None

    def image(self, digest):
        manifest = self.read("images", digest, "manifest")
        if sha256(manifest) != digest:
            self.wrong.append(f"manifest of {digest} is damaged")
            return
        config = self.read("images", digest, "config")
        if "sha256:" + sha256(config) != json.loads(manifest)["config"]["digest"]:
            self.wrong.append(f"configuration of {digest} is damaged")
            return
        below = b""
        for diff_id in json.loads(config)["rootfs"]["diff_ids"]:
            name = diff_id.split(":")[1]
            if not os.path.isdir(self.path("layers", name)):
                name = name_over(below, name)
            if not os.path.isdir(self.path("layers", name)):
                self.wrong.append(f"layer {diff_id} of {digest} is missing")
            below += bytes.fromhex(name)

    def login(self):
        """{"auth": user} of auth.json, which a test keeps on the disk in device/etc"""
        try:
            auths = json.loads(self.read("device", "etc", "auth.json"))["auths"]
        except FileNotFoundError:
            return {}
        return {"auth": base64.b64decode(a["auth"]).decode().split(":")[0] for a in auths.values()}

    def check(self):
        """Everything that has a name is whole. Returns (names and who is logged in, current manifest)."""
        try:
            names = self.names()
            for digest in set(names.values()):
                self.image(digest)
            for layer in os.listdir(self.path("layers")) if os.path.isdir(self.path("layers")) else []:
                want = self.layers.get(layer)
                if want is None:
                    self.wrong.append(f"layer {layer} is none of the images'")
                    continue
                got = disk_tree(self.path("layers", layer, "fs"), want)
                for key in sorted(set(got) | set(want)):
                    if key != "." and got.get(key) != want.get(key):
                        self.wrong.append(f"layer {layer}: {key} is {got.get(key)}, not {want.get(key)}")
            current = self.current()
            for image in images_of(current):
                if image not in names:
                    self.wrong.append(f"{image}, which the current manifest uses, has no name")
            names.update(self.login())
            return names, current
        except (OSError, ValueError, KeyError) as e:
            self.wrong.append(f"reading: {e}")
            return None, None


def read_layouts(layouts):
    """{name of a layer: what is in it}, also under the names that its images may give it"""
    layers, configs = {}, []
    for layout in layouts:
        blobs = os.path.join(layout, "blobs/sha256")
        for blob in os.listdir(blobs):
            path = os.path.join(blobs, blob)
            with open(path, "rb") as f:
                document = json.loads(b"{" + f.read()) if f.read(1) == b"{" else None
            if not document:
                diff_id, tree = archive_tree(path)
                layers[diff_id] = tree
            elif "rootfs" in document:
                configs.append([d.split(":")[1] for d in document["rootfs"]["diff_ids"]])
    for diff_ids in configs:
        belows = [b""]
        for diff_id in diff_ids:
            names = [(below, name) for below in belows for name in (diff_id, name_over(below, diff_id))]
            layers.update({name: layers[diff_id] for _, name in names})
            belows = [below + bytes.fromhex(name) for below, name in names]
    return layers


class Trial:
    """try.img of the current folder, and what is found there"""

    def __init__(self, layouts):
        self.layers = read_layouts(layouts)
        self.image, self.mount = os.path.abspath("try.img"), os.path.abspath("try")
        self.folders = ["--root", self.mount, "--run", os.path.abspath("run"), "--config", os.path.abspath("etc")]
        os.makedirs(self.mount, exist_ok=True)
        os.makedirs("run", exist_ok=True)

    def cleat(self, *words):
        r = subprocess.run([os.environ["CLEAT"], *self.folders, *words], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True)
        return r.returncode, r.stdout

    def fsck(self, when):
        rc, out = self.cleat("fsck")
        if rc:
            return [f"cleat fsck {when}: {line}" for line in out.strip().splitlines() or [f"status {rc}"]]
        left = os.listdir(os.path.join(self.mount, "staging"))
        return [f"staging/ holds {left} {when}"] if left else []

    def mounted(self, more):
        store = Store(self.mount, self.layers)
        names, current = store.check()
        return store.wrong + self.fsck("of what was found") + more(names, current)

    def check(self, more):
        """Return what is wrong; more(names, current) is asked as well while it is mounted"""
        r = subprocess.run(["mount", "-t", "ext4", "-o", "loop", self.image, self.mount],
                           stderr=subprocess.PIPE, text=True)
        if r.returncode:
            return [f"does not mount: {r.stderr.strip()}"]
        try:
            wrong = self.mounted(more)
        finally:
            subprocess.check_call(["umount", self.mount])
        r = subprocess.run(["e2fsck", "-fn", self.image], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return wrong + ([f"e2fsck: {r.stdout}"] if r.returncode else [])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("image")
    parser.add_argument("--layout", action="append", default=[])
    args = parser.parse_args()
    trial = Trial(args.layout)
    subprocess.check_call(["cp", "--sparse=always", args.image, trial.image])
    seen = []

    def more(_names, current):
        folder = os.path.join(trial.mount, "partial")
        kept = sum(os.path.getsize(os.path.join(folder, n)) for n in os.listdir(folder))
        seen.append(" ".join([str(kept)] + images_of(current)))
        return []

    wrong = trial.check(more)
    print("\n".join(wrong or seen))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
