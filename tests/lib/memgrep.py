#!/usr/bin/python3
"""memgrep.py PID TEXT...: print where a process' readable memory holds one of the texts; exit 1 if nowhere"""
import re
import sys

texts = [t.encode() for t in sys.argv[2:]]
found = False
with open(f"/proc/{sys.argv[1]}/maps") as maps, open(f"/proc/{sys.argv[1]}/mem", "rb") as mem:
    for line in maps:
        m = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
        if not m or "[v" in line:
            continue
        start, end = (int(x, 16) for x in m.groups())
        mem.seek(start)
        try:
            data = mem.read(end - start)
        except OSError:
            continue
        for t in texts:
            if t in data:
                found = True
                print(line.strip(), hex(start + data.index(t)))
sys.exit(0 if found else 1)
