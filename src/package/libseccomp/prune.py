#!/usr/bin/python3
"""prune.py SOURCE: cut libseccomp's architecture tables down to the ones a device of ours can have

One row of the table holds the number of one system call on each of 18 architectures. The rest of
the library finds a column by the name of a struct member, so columns can go without other changes.
A target keeps the columns of the architectures its kernel may run, 64 and 32 bit, which the compiler
chooses by the macros below: one source serves all targets. The kernel version of each call goes too: this
release knows none. The look-up by name, a switch of 500 cases, becomes a search in the table of its case
numbers. Saves 95 KiB of flash. Fails rather than guesses when the source does not look as
expected.
"""

import re
import sys

FAMILIES = {
    "X86": ("defined(__x86_64__) || defined(__i386__)", ["x86", "x86_64", "x32"]),
    "ARM": ("defined(__arm__) || defined(__aarch64__)", ["arm", "aarch64"]),
    "RISCV": ("defined(__riscv)", ["riscv64"]),
}
KEPT = [name for _, names in FAMILIES.values() for name in names]
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


def families():
    """per family a macro that keeps its argument or drops it, and one that is the pointer or NULL"""
    text = ""
    for family, (test, _) in FAMILIES.items():
        text += (f"#if {test}\n#define ONLY_{family}(...) __VA_ARGS__\n#define FIND_{family}(def) (def)\n"
                 f"#else\n#define ONLY_{family}(...)\n#define FIND_{family}(def) NULL\n#endif\n")
    return text


def family_of(name):
    return next(family for family, (_, names) in FAMILIES.items() if name in names)


def prune_header(text):
    found = re.findall(r"^\tint (\w+);\n\tenum scmp_kver \1_kver;\n", text, re.M)
    if found != COLUMNS:
        sys.exit(f"prune: syscalls.h has the columns {found}")
    for name in COLUMNS:
        kept = f"\tONLY_{family_of(name)}(int {name};)\n" if name in KEPT else ""
        text = text.replace(f"\tint {name};\n\tenum scmp_kver {name}_kver;\n", kept)
    return text


def prune_table(text):
    rows = 0

    def row(m):
        nonlocal rows
        rows += 1
        fields = m.group(1).split(",")
        if len(fields) != 2 + 2 * len(COLUMNS) or set(fields[3::2]) != {"SCMP_KV_UNDEF"}:
            sys.exit(f"prune: syscalls.perf.c has a row {fields}")
        kept = ""
        for i, name in enumerate(COLUMNS):
            if name in KEPT:
                kept += f" ONLY_{family_of(name)}({fields[2 + 2 * i]},)"
        return "{" + ",".join(fields[:2]) + "," + kept + "}"

    text = re.sub(r"\{(\(int\)\(size_t\)&\(\(struct stringpool_t \*\)0\)->[^{}]*)\}", row, text)
    expect("rows of syscalls.perf.c", rows, 400)
    text, n = re.subn(r"return __syscall_offset_value\(entry, offset_kver\);", "return SCMP_KV_UNDEF;", text)
    expect("kernel versions of syscalls.perf.c", n, 2)
    return text


def search_keys(text):
    """gperf's cases are ascending and name the rows in order: then the numbers alone say the same"""
    start = text.index("          switch (key - 7)\n")
    end = text.index("          return 0;\n        compare:", start)
    cases = re.findall(r"case (\d+):\n\s+resword = &wordlist\[(\d+)\];\n\s+goto compare;\n", text[start:end])
    keys = [int(key) for key, _ in cases]
    if keys != sorted(keys) or [int(row) for _, row in cases] != list(range(len(cases))) or keys[-1] > 65535 \
            or text.count("case ", start, end) != len(cases):
        sys.exit("prune: syscalls.perf.c: the cases are not in order")
    expect("cases of syscalls.perf.c", len(cases), 400)
    search = f"""          static const unsigned short keys[] = {{{",".join(map(str, keys))}}};
          unsigned int low = 0, high = {len(keys)};

          while (high - low > 1)
            {{
              if (keys[(low + high) / 2] <= key - 7)
                low = (low + high) / 2;
              else
                high = (low + high) / 2;
            }}
          resword = &wordlist[low];
          if (keys[low] == key - 7)
            goto compare;
"""
    return text[:start] + search + text[end:]


def prune_arch(text):
    gone = {"mipsel", "mipsel64", "mipsel64n32", "ppc64le", "sheb"} | (set(COLUMNS) - set(KEPT))
    names = "|".join(sorted(gone, key=len, reverse=True))
    text, n = re.subn(rf"\tcase SCMP_ARCH_\w+:\n\t\treturn &arch_def_(?:{names});\n", "", text)
    expect("cases of arch.c", n, 15)
    text, n = re.subn(rf"\telse if \(strcmp\([^\n]*\) == 0\)\n\t\treturn &arch_def_(?:{names});\n", "",
                      text)
    expect("names of arch.c", n, 15)
    text, n = re.subn(r"return &arch_def_(\w+);",
                      lambda m: f"return FIND_{family_of(m.group(1))}(&arch_def_{m.group(1)});", text)
    expect("look-ups of arch.c", n, 2 * len(KEPT))
    return text


def prune_arch_header(text):
    text, n = re.subn(r"syscall_resolve_(name|num)_kver\([^;]*\);", "SCMP_KV_UNDEF;", text)
    expect("kernel versions of arch.h", n, 2)
    return families() + text


def guard(name):
    """the whole of an architecture's file after its includes, for its own family only"""
    def change(text):
        head, sep, tail = text.rpartition('#include "')
        line, rest = tail.split("\n", 1)
        expect(f"includes of arch-{name}.c", len(sep), 1)
        return f"{head}{sep}{line}\n\n#if {FAMILIES[family_of(name)][0]}\n{rest}\n#endif\n"
    return change


src = sys.argv[1] + "/src/"
edit(src + "syscalls.h", prune_header)
edit(src + "syscalls.perf.c", prune_table)
edit(src + "syscalls.perf.c", search_keys)
edit(src + "arch.c", prune_arch)
edit(src + "arch.h", prune_arch_header)
for arch in KEPT:
    edit(src + f"arch-{arch}.c", guard(arch))
