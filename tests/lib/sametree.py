#!/usr/bin/env python3
"""sametree.py OURS THEIRS [IGNORED...] - compare two trees entry by entry: type, owner, mode, time, content, links, devices,
attributes, and which names are one file. Prints the differences; exit status 1 if there are any.

A time of today in THEIRS does not count: that is a directory which an extraction changed on its way.
"""

import hashlib
import os
import stat
import sys
import time


def tree(root):
    found, inodes = {}, {}
    for where, dirs, files in os.walk(root):
        for name in dirs + files:
            path = os.path.join(where, name)
            st = os.lstat(path)
            key = os.path.relpath(path, root)
            what = {"type": stat.S_IFMT(st.st_mode), "mode": oct(st.st_mode & 0o7777), "owner": (st.st_uid, st.st_gid),
                    "mtime": st.st_mtime_ns}
            if stat.S_ISREG(st.st_mode):
                with open(path, "rb") as f:
                    what["content"] = hashlib.sha256(f.read()).hexdigest()
            if stat.S_ISLNK(st.st_mode):
                what["target"] = os.readlink(path)
                del what["mode"]
            if stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode):
                what["device"] = st.st_rdev
            what["attributes"] = {n: os.getxattr(path, n, follow_symlinks=False) for n in os.listxattr(path, follow_symlinks=False)
                                  if n.startswith("user.") or n == "security.capability"}
            if not stat.S_ISDIR(st.st_mode):
                inodes.setdefault((st.st_dev, st.st_ino), []).append(key)
            found[key] = what
    for names in inodes.values():
        for name in names:
            found[name]["one file"] = sorted(names)
    return found


ours, theirs = tree(sys.argv[1]), tree(sys.argv[2])
bad = 0
for key in sorted(set(ours) | set(theirs)):
    if key not in ours or key not in theirs:
        print(f"{key}: only {'ours' if key in ours else 'theirs'}")
        bad = 1
        continue
    for what in sorted(set(ours[key]) | set(theirs[key])):
        a, b = ours[key].get(what), theirs[key].get(what)
        if a == b or what in sys.argv[3:] or what == "mtime" and b > (time.time() - 86400) * 1e9:
            continue
        print(f"{key}: {what}: ours {a}, theirs {b}")
        bad = 1
sys.exit(bad)
