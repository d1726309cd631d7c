"""what the lint checks share: the list of files, C text without comments and strings, TAP output"""

import os
import re

TOP = os.environ.get("TOP") or os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))


def files(folders, suffixes):
    """Paths relative to the top folder, sorted; recipes of third-party packages are not ours to judge."""
    found = []
    for folder in folders:
        for base, dirs, names in os.walk(os.path.join(TOP, folder)):
            dirs[:] = [d for d in dirs if not os.path.relpath(os.path.join(base, d), TOP) == "src/package"]
            for name in names:
                if name.endswith(suffixes):
                    found.append(os.path.relpath(os.path.join(base, name), TOP))
    return sorted(found)


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def strip(text, strings=True):
    """Blank out comments (and the insides of strings); line numbers stay."""
    def blank(m):
        s = m.group(0)
        if s[0] in "\"'":
            return s[0] + re.sub(r"[^\n]", " ", s[1:-1]) + s[-1] if strings else s
        return re.sub(r"[^\n]", " ", s)
    return re.sub(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", blank, text,
                  flags=re.S)


def table(name):
    """Lines of a table beside this file, without comments: (line number, text)."""
    with open(os.path.join(TOP, "tests/lint", name), encoding="utf-8") as f:
        for n, line in enumerate(f, 1):
            line = line.split("#")[0].strip()
            if line:
                yield n, line


def report(name, problems):
    """One TAP result for a whole check; every finding is a diagnostic line. Returns the exit status."""
    print(f"{'not ok' if problems else 'ok'} - {name}")
    for p in problems:
        print(f"# {p}")
    return 1 if problems else 0
