#!/usr/bin/python3
"""Rules on text that need no compiler: #if CONFIG_ places, marks of unfinished work, sizes."""

import re
import sys

import source

FILE_LINES = 700
FUNCTION_LINES = 70


def conditionals():
    for path in source.files(["src"], (".c",)):
        if path == "src/main.c":
            continue
        for n, line in enumerate(source.strip(source.read(path)).splitlines(), 1):
            if re.match(r"\s*#\s*(el)?if.*\bCONFIG_", line):
                yield f"{path}:{n}: #if CONFIG_ in a .c file: use IS_ENABLED() or a Kbuild line"
            if re.match(r"\s*#\s*if\s+0\b", line):
                yield f"{path}:{n}: #if 0"


def marks():
    mark = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    for path in source.files(["src", "tests", "scripts", "docs", "configs"], ""):
        if "/corpus/" in path or "/golden/" in path or "__pycache__" in path:
            continue
        try:
            text = source.read(path)
        except UnicodeDecodeError:
            continue
        for n, line in enumerate(text.splitlines(), 1):
            if mark.search(line):
                yield f"{path}:{n}: {line.strip()[:80]}"


def pragma():
    for path in source.files(["src"], (".h",)):
        if not re.match(r"\s*#pragma once\n", source.strip(source.read(path))):
            yield f"{path}: does not start with #pragma once"


def sizes():
    """Not an error: numbers for the reader."""
    for path in source.files(["src"], (".c", ".h")):
        text = source.strip(source.read(path))
        lines = text.splitlines()
        if len(lines) > FILE_LINES:
            print(f"# note: {path}: {len(lines)} lines")
        # house style: a function's brace and its end stand in the first column
        begin = None
        for n, line in enumerate(lines, 1):
            if line == "{":
                begin = n
            elif line == "}" and begin:
                if n - begin - 1 > FUNCTION_LINES:
                    name = next((m.group(1) for k in range(begin - 2, max(begin - 8, -1), -1)
                                 if (m := re.match(r"[a-z].*?(\w+)\(", lines[k]))), "?")
                    print(f"# note: {path}:{begin}: {name}() has {n - begin - 1} lines")
                begin = None


sizes()
status = source.report("CONFIG_ conditionals only in headers and main.c", list(conditionals()))
status |= source.report("no marks of unfinished work", list(marks()))
status |= source.report("headers start with #pragma once", list(pragma()))
sys.exit(status)
