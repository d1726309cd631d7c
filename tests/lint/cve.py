#!/usr/bin/python3
"""Each advisory that docs/security.md lists is named by a test in one of the files of its row; each that a test names is listed."""

import os
import re
import sys

import source

DOC = "docs/security.md"
NUMBER = re.compile(r"(?<![0-9])(?<![0-9]-)((?:19|20)[0-9]{2}-[0-9]{4,7})(?![0-9])")


def rows():
    """(line number, advisories, files)"""
    for n, line in enumerate(source.read(DOC).splitlines(), 1):
        cells = line.strip("|").split("|")
        if line.startswith("|") and len(cells) == 3 and "CVE-" in cells[1]:
            yield n, NUMBER.findall(cells[1]), ["tests/" + f for f in re.findall("`([^` ]+[/.][^` ]*)`", cells[2])]


def named(path):
    if os.path.isdir(os.path.join(source.TOP, path)):
        return {x for f in source.files([path], "") for x in named(f)}
    return set(NUMBER.findall(source.read(path).replace("_", "-")))


def unnamed():
    for n, advisories, files in rows():
        for path in files:
            if not os.path.exists(os.path.join(source.TOP, path)):
                yield f"{DOC}:{n}: there is no {path}"
        found = {x for f in files if os.path.exists(os.path.join(source.TOP, f)) for x in named(f)}
        for a in advisories:
            if a not in found:
                yield f"{DOC}:{n}: CVE-{a} is named by none of {' '.join(files)}"


def unlisted():
    listed = {a for _, advisories, _ in rows() for a in advisories}
    for path in source.files(["tests"], (".sh", ".c", ".py")):
        for a in re.findall(r"CVE[-_]([0-9]{4}[-_][0-9]{4,7})", source.read(path), re.I):
            if a.replace("_", "-") not in listed:
                yield f"{path}: CVE-{a} is not in the table of {DOC}"


status = source.report("every advisory of docs/security.md has its test", list(unnamed()))
status |= source.report("every advisory that a test names is in docs/security.md", list(unlisted()))
sys.exit(status)
