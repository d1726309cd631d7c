#!/usr/bin/python3
"""apparmor_profile.py NAME >FILE: a compiled AppArmor profile in complain mode, without rules

What apparmor_parser would write for "profile NAME flags=(complain) {}", in version 5 of the kernel's format
(security/apparmor/policy_unpack.c), so that no test machine needs the compiler. For
/sys/kernel/security/apparmor/.load, in one write.
"""

import struct
import sys


def name(text):
    return b"\x04" + counted(text) if text else b""


def counted(text):
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def u32(value, key=None):
    return name(key) + b"\x02" + struct.pack("<I", value)


def string(text, key=None):
    return name(key) + b"\x05" + counted(text)


def record(key, *parts):
    return name(key) + b"\x07" + b"".join(parts) + b"\x08"


flags = record("flags", u32(0), u32(1), u32(0))  # no hat; complain; no audit
capabilities = u32(0) + u32(0) + u32(0) + u32(0)
sys.stdout.buffer.write(u32(5, "version") +
                        record("profile", string(sys.argv[1]), flags, capabilities))
