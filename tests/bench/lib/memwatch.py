#!/usr/bin/python3
"""memwatch - the most memory that v1 memory cgroups take together while this runs

    memwatch CGROUP...

Reads them every 5 ms, from when they appear, until standard input ends. Prints in KiB, with tabs between: anonymous
and kernel memory together, anonymous, kernel, page cache; each the most that was seen.
"""
import select
import sys

STEP_S = 0.005


def number(path):
    try:
        with open(path, encoding="ascii") as f:
            return int(f.read())
    except OSError:
        return 0


def stat(path):
    found = {"rss": 0, "cache": 0}
    try:
        with open(path, encoding="ascii") as f:
            for line in f:
                key, value = line.split()
                if key in found:
                    found[key] = int(value)
    except OSError:
        pass
    return found


most = [0, 0, 0, 0]
while not select.select([sys.stdin], [], [], STEP_S)[0]:
    anon = kernel = cache = 0
    for folder in sys.argv[1:]:
        s = stat(f"{folder}/memory.stat")
        anon += s["rss"]
        cache += s["cache"]
        kernel += number(f"{folder}/memory.kmem.usage_in_bytes")
    most = [max(a, b) for a, b in zip(most, [anon + kernel, anon, kernel, cache])]
print("\t".join(str(v // 1024) for v in most))
