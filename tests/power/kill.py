#!/usr/bin/python3
"""kill.py - a process of a verb is killed at a system call, for every call of every process there is

    kill.py VERB [--most N] [--seed S]

Called by tests/power/kill.sh in a folder with world/ (root, run and etc as they are before the verb). Without an
engine a verb starts one for itself, so all that touches the store is among the processes: the engine (1), its
roles, and the command itself (0). --most: N of the calls, chosen by the seed.

After each: 'cleat fsck' finds nothing, every name is as before or as after the verb, the verb
can be done again, and then all is as if nothing had happened: names, layers, no half-written object.

Prints one line of totals, and what is wrong; exit status 1 if something is.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time

CLEAT = os.environ["CLEAT"]
TOOL = os.path.join(os.environ["O"], "tests/tool/faults")
HERE = os.getcwd()
MARK = "CLEAT_KILL=" + HERE
ENV = {"PATH": os.environ["PATH"], "CLEAT_KILL": HERE}
FOLDERS = ["--root", HERE + "/now/root", "--run", HERE + "/now/run", "--config", HERE + "/now/etc"]
VERBS = {
    "load": ["load", "-q", "-t", "new:1", "-i", HERE + "/layout"],
    "load-archive": ["load", "-q", "-t", "new:1", "-i", HERE + "/archive.tar"],
    "pull": ["pull", "-q", os.environ["PULL"]],
    "tag": ["tag", "old:1", "new:1"],
    "tag-moves": ["tag", "old:1", "other:1"],
    "rmi": ["rmi", "old:1"],
    "prune": ["prune", "-a", "-f"],
    "login": ["login", "-u", "second", "--password-stdin", os.environ["REGISTRY"]],
}


def cleat(*args):
    with open("password", "rb") as stdin:
        p = subprocess.run([CLEAT, *FOLDERS, *args], env=ENV, stdin=stdin, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=60, check=False)
    return p.returncode, p.stdout.decode("utf-8", "replace")


def restore():
    shutil.rmtree("now", ignore_errors=True)
    subprocess.check_call(["cp", "-a", "world", "now"])


def processes():
    found = []
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    if MARK.encode() in f.read(65536).split(b"\0"):
                        found.append(pid)
            except OSError:
                pass
    return found


def settle():
    """The roles of an engine that was killed end when they notice."""
    end = time.monotonic() + 5
    while (left := processes()) and time.monotonic() < end:
        time.sleep(0.01)
    return left


def names():
    """What a user sees: the images by name, and who is logged in. An image may lose its last name before it goes."""
    rc, out = cleat("images", "--json")
    if rc:
        return out
    seen = sorted((i["repository"], i["tag"], i["digest"]) for i in json.loads(out) if i["tag"])
    try:
        with open("now/etc/auth.json", encoding="utf-8") as f:
            seen.append(json.load(f))
    except FileNotFoundError:
        pass
    return seen


def objects():
    """What lies in the store once nothing is half-way."""
    return {d: sorted(os.listdir(f"now/root/{d}")) for d in os.listdir("now/root") if os.path.isdir(f"now/root/{d}")}


def attempt(verb, *options):
    command = [TOOL, *options, "report", CLEAT, *FOLDERS, *VERBS[verb]]
    with open("verb.out", "wb") as out, open("password", "rb") as stdin:
        subprocess.run(command, env=ENV, stdin=stdin, stdout=out, stderr=out, timeout=60, check=True)
    with open("report", encoding="utf-8") as f:
        return [line.split() for line in f]


def look(verb, before, after):
    """What is wrong after a kill, as a list of texts."""
    rc, out = cleat("fsck")
    if rc:
        return [f"fsck: {out}"]
    seen = names()
    for name in before[0] + after[0] + list(seen):
        if (name in seen) not in (name in before[0], name in after[0]):
            return [f"neither as before nor as after: {name} of {seen}"]
    if seen != after[0] or verb != "rmi":  # a name that is gone cannot be taken away
        rc, out = cleat(*VERBS[verb])
        if rc:
            return [f"once more: {out}"]
    rc, out = cleat("fsck")
    if rc:
        return [f"fsck after it: {out}"]
    cleat("prune", "-f")
    if (names(), objects()) != after:
        return [f"it is not as if nothing had happened: {names()} {objects()}"]
    return []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("--most", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    verb = args.verb
    restore()
    before = names(), objects()
    report = attempt(verb, "--count")
    if ["exit", "0"] not in report:
        with open("verb.out", encoding="utf-8") as f:
            print(f"{verb} does not work: {f.read()}")
        return 1
    cleat("prune", "-f")
    after = names(), objects()
    if verb != "login" and before == after:
        print(f"{verb} changes nothing: {before}")
        return 1
    points = [f"{w[1]}:{w[2]}:{i}" for w in report if w[0] == "count" for i in range(1, int(w[3]) + 1)]
    chosen = points if not args.most or args.most >= len(points) else random.Random(args.seed).sample(points, args.most)
    tried, bad = 0, []
    for point in chosen:
        restore()
        report = attempt(verb, "--kill", point)
        words = {line[0]: line[1:] for line in report}
        left = settle()
        if left or "timeout" in words:
            bad.append(f"{point}: processes {left} do not end")
        if "hit" not in words:
            continue
        tried += 1
        bad += [f"{point} ({' '.join(words['hit'])}): {what}" for what in look(verb, before, after)]
    print(f"{verb}: killed at {tried} of {len(points)} calls of {len({p.split(':')[0] for p in points})} processes, {len(bad)} bad")
    for line in bad[:20]:
        print(line)
    return 1 if bad or not tried else 0


sys.exit(main())
