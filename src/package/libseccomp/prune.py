#!/usr/bin/python3
"""prune.py SOURCE: cut libseccomp's architecture tables down to the ones a device of ours can have

One row of the table holds the number of one system call on each of 18 architectures. The rest of
the library finds a column by the name of a struct member, so columns can go without other changes.
Saves 57 KiB of flash. Fails rather than guesses when the source does not look as expected.
"""

import re
import sys

KEPT = ["x86", "x86_64", "x32", "arm", "aarch64", "riscv64"]
# as ordered in struct arch_syscall_table
COLUMNS = ["x86", "x86_64", "x32", "arm", "aarch64", "loongarch64", "m68k", "mips", "mips64",
           "mips64n32", "parisc", "parisc64", "ppc", "ppc64", "riscv64", "s390", "s390x", "sh"]


def edit(path, change):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    text = change(text)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def expect(what, count, minimum):
    if count < minimum:
        sys.exit(f"prune: {what}: {count} places changed, at least {minimum} expected")


def prune_header(text):
    found = re.findall(r"^\tint (\w+);\n\tenum scmp_kver \1_kver;\n", text, re.M)
    if found != COLUMNS:
        sys.exit(f"prune: syscalls.h has the columns {found}")
    for name in COLUMNS:
        if name not in KEPT:
            text = text.replace(f"\tint {name};\n\tenum scmp_kver {name}_kver;\n", "")
    return text


def prune_table(text):
    rows = 0

    def row(m):
        nonlocal rows
        rows += 1
        fields = m.group(1).split(",")
        if len(fields) != 2 + 2 * len(COLUMNS):
            sys.exit(f"prune: syscalls.perf.c has a row of {len(fields)} fields")
        kept = fields[:2]
        for i, name in enumerate(COLUMNS):
            if name in KEPT:
                kept += fields[2 + 2 * i:4 + 2 * i]
        return "{" + ",".join(kept) + "}"

    text = re.sub(r"\{(\(int\)\(size_t\)&\(\(struct stringpool_t \*\)0\)->[^{}]*)\}", row, text)
    expect("rows of syscalls.perf.c", rows, 400)
    return text


def prune_arch(text):
    gone = {"mipsel", "mipsel64", "mipsel64n32", "ppc64le", "sheb"} | (set(COLUMNS) - set(KEPT))
    names = "|".join(sorted(gone, key=len, reverse=True))
    text, n = re.subn(rf"\tcase SCMP_ARCH_\w+:\n\t\treturn &arch_def_(?:{names});\n", "", text)
    expect("cases of arch.c", n, 15)
    text, n = re.subn(rf"\telse if \(strcmp\([^\n]*\) == 0\)\n\t\treturn &arch_def_(?:{names});\n", "",
                      text)
    expect("names of arch.c", n, 15)
    return text


src = sys.argv[1] + "/src/"
edit(src + "syscalls.h", prune_header)
edit(src + "syscalls.perf.c", prune_table)
edit(src + "arch.c", prune_arch)
