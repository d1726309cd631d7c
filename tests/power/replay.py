#!/usr/bin/python3
"""replay.py - every state in which a power cut may have left a disk, from the log of its writes

    replay.py LOG BASE FACTS [--layout DIR]... [--every N] [--lost N] [--lying N] [--again N --pull IMAGE]
              [--seed S]

LOG is what QEMU's blklogwrites wrote while a guest used a copy of the disk image BASE, in the format of
Linux' dm-log-writes. Of each prefix of its writes (with --every N: every N-th), and of N states
between every two flushes (--lost N) in which some of the writes since the last flush are missing, another
one is torn between two blocks, and nothing came in order, the disk is made as it would be found: the
kernel mounts it, the store is looked at, 'cleat fsck' has to agree, and then e2fsck of what is left. --again:
in every N-th of them, IMAGE can be pulled, and fsck agrees once more.

FACTS says what held when, a line each: the size of LOG at that time, a label, and words NAME=DIGEST (a
reference and its image), current=FILE (the manifest that was applied), auth=USER (who is logged in). A state from between two lines may
have each word as it was before or as it is after, nothing else. An image that a name leads to, and one
that the current manifest uses, has to be whole: its documents by their digest, its layers as they are in
the archives of the OCI layouts --layout.

--lying N: N times parts of all writes are lost, as by a disk that ignores flushes. At least once something must be found.

Prints lines of TAP and '# note:' with the counts.
"""

import argparse
import os
import random
import struct
import sys

import disk

MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD = 1, 2, 4


class Log:
    """entries: (offset on the disk, bytes, flags, offset of the data in the log, end of the entry in the log)"""

    def __init__(self, path):
        self.file = open(path, "rb")
        magic, version, _, sector = struct.unpack("<QQQI", self.file.read(28))
        if magic != MAGIC or version != 1:
            sys.exit(f"{path}: not a log of writes")
        self.sector = sector
        self.entries = []
        at, size = sector, os.path.getsize(path)
        while at + sector <= size:
            self.file.seek(at)
            where, n, flags, _ = struct.unpack("<QQQQ", self.file.read(32))
            data = at + sector
            at = data + (0 if flags & DISCARD else n * sector)
            if at > size or (not n and not flags):
                break
            self.entries.append((where * sector, n * sector, flags, data, at))

    def data(self, entry):
        self.file.seek(entry[3])
        return self.file.read(entry[1])


def put(content, entry, data):
    if entry[2] & DISCARD:  # what a discarded sector reads is up to the disk
        return
    content[entry[0]:entry[0] + len(data)] = data


class Facts:
    def __init__(self, path):
        self.lines = []  # (log size, label, {word: value})
        with open(path, encoding="utf-8") as f:
            for line in f:
                at, label, *words = line.split()
                self.lines.append((int(at), label, dict(w.rsplit("=", 1) for w in words)))

    def between(self, at):
        """The last line that a log of that size has reached, and the next."""
        before = max((i for i, line in enumerate(self.lines) if line[0] <= at), default=None)
        if before is None:
            return None, self.lines[0]
        return self.lines[before], self.lines[min(before + 1, len(self.lines) - 1)]

    def judge(self, at, names, current):
        before, after = self.between(at)
        wrong = []
        old = before[2] if before else {}
        words = set(old) | set(after[2])
        for word in (words | set(names)) - {"current"}:
            if names.get(word) not in (old.get(word), after[2].get(word)):
                wrong.append(f"{word} is {names.get(word)}, not {old.get(word)} or {after[2].get(word)}")
        allowed = []
        for line in (old, after[2]):
            with open(line["current"], encoding="utf-8") if "current" in line else open(os.devnull, encoding="utf-8") as f:
                allowed.append(f.read() or None)
        if current not in allowed:
            wrong.append("the current generation is neither the old nor the new one")
        return wrong


class Trial(disk.Trial):
    """A disk from the log: beside what every disk has to be, the facts hold and a pull goes through."""

    def __init__(self, args, facts):
        super().__init__(args.layout)
        self.args, self.facts = args, facts
        self.n = self.again = 0

    def more(self, at, names, current):
        if names is None or at is None:
            return []
        wrong = self.facts.judge(at, names, current)
        self.n += 1
        if self.args.again and self.n % self.args.again == 0 and not wrong:
            rc, out = self.cleat("pull", "-q", self.args.pull)
            wrong += [f"pull: {out}"] if rc else self.fsck("after a pull")
            self.again += 1
        return wrong

    def look(self, content, at):
        """Return what is wrong with this disk; at: how much of the log it has seen, None: not to be judged by facts."""
        with open(self.image, "wb") as f:
            f.write(content)
        return self.check(lambda names, current: self.more(at, names, current))


class Replay:
    def __init__(self, args):
        self.args = args
        self.rng = random.Random(args.seed)
        self.log = Log(args.log)
        self.facts = Facts(args.facts)
        with open(args.base, "rb") as f:
            self.base = f.read()
        # ext4 takes a block as written whole: a half of its superblock has no valid checksum and is not mounted
        self.block = 1024 << struct.unpack_from("<I", self.base, 1024 + 24)[0]
        self.trial = Trial(args, self.facts)
        self.counts = {}  # label -> [prefixes, lossy, bad]

    def judge(self, content, end, kind, name):
        label = self.facts.between(end)[1][1]
        wrong = self.trial.look(content, end)
        count = self.counts.setdefault(label, [0, 0, 0])
        count[kind] += 1
        if wrong:
            count[2] += 1
            if sum(c[2] for c in self.counts.values()) <= 10:
                print(f"# in {label}, {name}:")
                for line in wrong[:8]:
                    print("#   " + line.replace("\n", "\n#   "))
        sys.stdout.flush()

    def lossy(self, durable, pending):
        """durable plus some of what is not yet flushed, in another order, one of them torn"""
        content = bytearray(durable)
        kept = [e for e in pending if self.rng.random() < self.rng.choice((0.1, 0.5, 0.9))]
        self.rng.shuffle(kept)
        torn = self.rng.randrange(len(kept)) if kept else None
        for i, e in enumerate(kept):
            data = self.log.data(e)
            if i == torn and e[1] > self.block:
                data = data[:self.block * self.rng.randrange(1, e[1] // self.block)]
            put(content, e, data)
        return content

    def losses(self, durable, pending, n, end, name):
        for i in range(n):
            self.judge(self.lossy(durable, pending), end, 1, f"{name}, loss {i}")

    def run(self):
        """pending: writes that a power cut may take back, whatever was written after them"""
        content, durable = bytearray(self.base), bytearray(self.base)
        pending = []
        entries = self.log.entries
        last = self.facts.lines[-1][0]
        writes = 0
        gaps = 0
        self.judge(content, 0, 0, "nothing written")
        for i, e in enumerate(entries):
            if e[4] > last:
                break
            if e[1]:
                data = self.log.data(e)
                put(content, e, data)
                pending.append(e)
                writes += 1
                if writes % self.args.every == 0:
                    self.judge(content, e[4], 0, f"entry {i}")
            if e[2] & FUA:
                put(durable, e, self.log.data(e))
                pending.pop()
            if e[2] & FLUSH:
                gaps += bool(pending)
                if pending and gaps % self.args.every == 0:
                    self.losses(durable, pending, self.args.lost, e[4] - self.log.sector, f"before the flush of entry {i}")
                durable = bytearray(content)
                pending = []
        return writes, sum(1 for e in entries if e[2] & FLUSH)

    def lying(self, n):
        """Anything may be lost, whatever was flushed: would it be noticed?"""
        all_writes = [e for e in self.log.entries if e[1]]
        for i in range(n):
            content = bytearray(self.base)
            lost = self.rng.uniform(0.05, 0.5)
            for e in all_writes:
                if self.rng.random() > lost:
                    put(content, e, self.log.data(e))
            if self.trial.look(content, None):
                return i + 1
        return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("log")
    parser.add_argument("base")
    parser.add_argument("facts")
    parser.add_argument("--layout", action="append", default=[])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--lost", type=int, default=3)
    parser.add_argument("--lying", type=int, default=0)
    parser.add_argument("--again", type=int, default=0)
    parser.add_argument("--pull")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    replay = Replay(args)
    writes, flushes = replay.run()
    total = [sum(c[i] for c in replay.counts.values()) for i in range(3)]
    for label, (prefixes, lossy, bad) in replay.counts.items():
        print(f"# {label}: {prefixes} prefixes, {lossy} with lost and torn writes, {bad} bad")
        print(f"{'not ok' if bad else 'ok'} - {label}: every state of the disk is good")
    print(f"# note: {writes} writes, {flushes} flushes; {total[0]} prefixes + {total[1]} with lost and torn writes = "
          f"{total[0] + total[1]} crash states, {total[2]} bad; pulled again in {replay.trial.again}; seed {args.seed}")
    if args.lying:
        found = replay.lying(args.lying)
        print(f"{'ok' if found else 'not ok'} - a disk that ignores flushes is found out")
    sys.exit(1 if total[2] else 0)


if __name__ == "__main__":
    main()
