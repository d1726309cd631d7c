#!/usr/bin/python3
"""Every #include of src/ against layers.table."""

import fnmatch
import re
import sys

import source


def load():
    sets, rules, patterns = {}, {}, []
    for n, line in source.table("layers.table"):
        if "=" in line:
            name, value = line.split("=")
            sets[name.strip()] = value.split()
            continue
        key, value = (part.strip() for part in line.split(":"))
        allowed = set()
        for word in value.split():
            if word.isupper() and word not in sets:
                sys.exit(f"layers.table:{n}: no set {word}")
            allowed.update(sets.get(word, [word]))
        if key.endswith((".c", ".h")):
            patterns.append((key, allowed))
        else:
            rules[key] = allowed
    return rules, patterns


def check():
    rules, patterns = load()
    problems = []
    for path in source.files(["src"], (".c", ".h")):
        inside = path[len("src/"):]
        folder = inside.split("/")[0] if "/" in inside else ""
        allowed = next((a for p, a in patterns if fnmatch.fnmatch(inside, p)), None)
        if allowed is None:
            if folder not in rules:
                problems.append(f"{path}: its folder has no line in tests/lint/layers.table")
                continue
            allowed = rules[folder]
        for n, line in enumerate(source.strip(source.read(path), strings=False).splitlines(), 1):
            m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not m:
                continue
            target = m.group(1).split("/")[0]
            if "/" not in m.group(1):
                problems.append(f'{path}:{n}: "{m.group(1)}": write the path from src/')
            elif target != folder and target not in allowed and "*" not in allowed:
                problems.append(f"{path}:{n}: {folder or inside} may not include {m.group(1)}")
    return problems


sys.exit(source.report("includes follow layers.table", check()))
