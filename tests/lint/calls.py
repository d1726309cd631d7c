#!/usr/bin/python3
"""Calls of src/ against calls.table."""

import re
import sys

import source

rules = {}
for n, line in source.table("calls.table"):
    parts = [p.strip() for p in line.split(":", 2)]
    if len(parts) != 3:
        sys.exit(f"calls.table:{n}: expected 'names : allowed in : why'")
    for call in parts[0].split():
        rules[call] = (parts[1].split(), parts[2])

# a name before "(", not a member, not the definition or declaration of a function of ours
pattern = re.compile(r"(?<![\w.>])(" + "|".join(sorted(rules, key=len, reverse=True)) + r")\s*\(")
problems = []
for path in source.files(["src"], (".c", ".h")):
    inside = path[len("src/"):]
    for n, line in enumerate(source.strip(source.read(path)).splitlines(), 1):
        if re.match(r"\s*#\s*(define|include)", line):
            continue
        for m in pattern.finditer(line):
            allowed, why = rules[m.group(1)]
            if not any(inside == a or inside.startswith(a + "/") for a in allowed):
                problems.append(f"{path}:{n}: {m.group(1)}(): {why}")
sys.exit(source.report("no banned calls", problems))
