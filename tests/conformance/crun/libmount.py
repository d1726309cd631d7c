"""What crun's mount tests use of util-linux's Python module, which Debian does not package."""


class Entry:
    def __init__(self, line):
        words, super_words = (half.split() for half in line.split(" - ", 1))
        self.target = words[4]
        self.vfs_options = words[5]
        self.fs_options = super_words[2]


class Table:
    """A mountinfo file; of several mounts on one target the last one counts."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.entries = [Entry(line) for line in f if line.strip()]

    def find_target(self, target):
        return next(e for e in reversed(self.entries) if e.target == target)
