#!/usr/bin/python3
"""faults.py - a system call of a verb fails, or the runtime is killed there, for every call there is

    faults.py VERB fail|kill [--most N]

Called by tests/story/oci_faults.sh in a folder with bundle b and state root state. Each call of each
process that the verb makes is made to fail once (fail), or the runtime is killed instead (kill). With
--most N, of the calls of one kind in one process N are taken, first and last among them.

fail: the verb ends in time, nothing crashes, and a failure leaves nothing behind: no state directory,
cgroup, mount or process. Going on is right only where the table FALLBACKS says why.
kill: delete --force removes what is left, and the same id can be created again.

Prints one line of totals, and what is wrong; exit status 1 if something is.
"""

import argparse
import os
import re
import select
import socket
import subprocess
import sys
import threading
import time

CLEAT = os.environ["CLEAT"]
TOOL = os.path.join(os.environ["O"], "tests/tool/faults")
HERE = os.getcwd()
STATE = os.path.join(HERE, "state")
CGROUP = os.environ["CGROUP"].strip("/")
MARK = "CLEAT_FAULTS=" + HERE
ENV = {"PATH": os.environ["PATH"], "CLEAT_FAULTS": HERE}

# what a call fails with; others with EIO. In the full form each of them in turn.
ERRORS = {
    "mount": ["EIO", "EPERM", "ENOMEM"], "openat": ["EMFILE", "ENOENT", "EPERM"], "openat2": ["ENOMEM", "EAGAIN"],
    "mkdirat": ["ENOSPC"], "mknodat": ["ENOSPC", "EPERM"], "symlinkat": ["ENOSPC"], "clone3": ["ENOMEM", "EAGAIN"],
    "move_mount": ["EINVAL"], "open_tree": ["EPERM", "ENOMEM"], "mount_setattr": ["EINVAL"],
    "pivot_root": ["EINVAL"], "umount2": ["EBUSY"], "unshare": ["ENOSPC"], "socketpair": ["EMFILE"],
    "socket": ["EMFILE"], "sendmsg": ["EPIPE"], "sethostname": ["EPERM"], "setresuid": ["EAGAIN"],
    "capset": ["EPERM"], "prctl": ["EPERM"], "seccomp": ["EACCES", "ENOMEM"], "execve": ["ENOMEM"],
    "execveat": ["ENOMEM"], "mmap": ["ENOMEM"], "brk": ["ENOMEM"], "fsopen": ["EPERM"], "setns": ["EPERM"],
    "write": ["ENOSPC", "EIO"], "unlinkat": ["EBUSY", "EIO"], "fork": ["EAGAIN"], "clone": ["EAGAIN"],
    "read": ["EIO"], "pidfd_open": ["EMFILE"], "memfd_create": ["EMFILE"], "bpf": ["EPERM"],
}
# calls that cannot fail, or that libc makes before main() and dies of on purpose
NEVER = {"exit_group", "exit", "rt_sigreturn", "arch_prctl", "set_tid_address", "getpid", "getppid", "getuid",
         "geteuid", "getgid", "getegid", "umask", "brk", "rt_sigprocmask", "rt_sigaction"}
# (call, process or *, verb, what the call is about and error): why a verb may go on. All else that goes on
# is a mistake.
FALLBACKS = [
    ("close", "*", "", "nothing can be done about it, and Linux has closed the descriptor"),
    ("open_tree|mount_setattr|fstatfs|fcntl", "0", " /|cleat|  E", "our program is executed from a sealed copy in memory"),
    ("close_range", "*", "", "descriptors are closed one by one"),
    ("fsopen|fsconfig|fsmount", "*", "", "procfs is written through /proc, after a look at it"),
    ("unlinkat", "0", "/cgroup/|state", "removed at the second attempt, or with everything that is in it"),
    ("openat", "0", r"state:[a-z0-9-]+ ", "removed with everything that is in it"),
    ("openat", "*", "ENOENT", "what is missing is made, or found to be there"),
    ("stat|newfstatat", "[12]", "/proc/kcore", "the link /dev/core is left out"),
    ("capget", "0", "", "asked for the text of a warning only; what cannot be given is an error later"),
    ("mknodat", "1", "", "the host's device is bound, after a look at it"),
    ("mount_setattr", "[12]", "", "options are set when the mount is attached: old kernels want it so"),
    ("fcntl", "[2-9]", "", "libc sets close-on-exec twice, before it is known that the first time suffices"),
    ("sched_setaffinity", "*", "", "the container keeps the processors of the caller"),
    ("read|openat", "0", "^pause .*freezer.state", "asked again until everything stands"),
    ("read|openat|newfstatat|write", "0", "^delete-force .*/cleat-test", "thawed as a precaution, before the wait"),
    ("nanosleep|clock_nanosleep", "0", "", "waits busily"),
    ("prctl", "0", "option 36 ", "orphans of the container go to the system's first process"),
    ("wait4", "0", "^run-(usher|userns) ", "what a helper has done is known before it ends, how it ended does not matter"),
    ("fstatfs", "2", "^run-usher ", "the same as the next, of trees that are attached nowhere"),
    ("fstatfs", "1", "/src ", "a source that is not known to be procfs: it may not cover /proc then"),
    ("openat2", "[12]", "(rootfs|/):/ ", "the working directory is entered as the user instead"),
    ("newfstatat", "0", "^update .*memsw", "what decides is the write, in whichever order"),
    ("openat", "[12]", ":/etc/passwd ", "HOME is / as for a user that the root does not know"),
    ("prctl", "[12]", "option 8 ", "what keeps capabilities over a change of ids ends with the exec anyway"),
    ("openat|write", "0", "^run-(userns|usher|notify|tty|shared) .*devices.*EPERM", "device rules that the document does not ask for"),
    ("mount", "[12]", "^run-(userns|usher) .*EPERM", "the host's /sys is bound where no new one may be mounted"),
    ("poll", "0", "", "the read after it waits as well"),
    ("pidfd_open", "0", "", "signalled by number, after a look at the start time"),
    ("read|openat", "0", "config.json", "what its poststop hooks were is not known: delete warns"),
    ("read|openat", "0", "/proc/[0-9]+/stat", "delete --force looks again whether the process is gone"),
    ("openat2", "[12]", "EAGAIN", "the kernel was disturbed by a rename: asked again"),
    ("openat2", "[12]", "rootfs:/dev/.*ENOMEM", "the directory as it was made, after a look at where it lies"),
    ("rt_sigtimedwait", "0", "EINTR", "asked again"),
    ("ioctl", "0", "^exec-tty .*/dev/pts", "another descriptor is the terminal, or the size is not known, or nothing can be put back"),
    ("read", "0", "^exec-tty .*ptmx.*EIO", "this is how a terminal ends"),
    ("read", "0", "^exec-tty .*signalfd", "who has ended is asked for after it"),
]


def may_go_on(process, call, what):
    return any(re.fullmatch(calls, call) and re.fullmatch(who.replace("*", ".*"), process) and re.search(about, what)
               for calls, who, about, _ in FALLBACKS)


def left_over():
    """State directories, cgroups, mounts and processes of this test."""
    left = [f"state/{n}" for n in os.listdir(STATE)] if os.path.isdir(STATE) else []
    left += [n for n in os.listdir(HERE) if n.startswith("pid") and n.endswith(".tmp")]
    for top in cgroup_tops():
        try:
            left += [os.path.join(top, n) for n in os.listdir(top) if os.path.isdir(os.path.join(top, n))]
        except FileNotFoundError:
            pass
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        left += [line for line in f if HERE in line]
    return left + processes()


TOPS = []


def cgroup_tops():
    if not TOPS:
        base = "/sys/fs/cgroup"
        names = [base] + [os.path.join(base, n) for n in os.listdir(base)]
        TOPS.extend(os.path.join(n, CGROUP) for n in names if os.path.isdir(n) and not os.path.islink(n))
    return TOPS


def processes():
    """Of the runtime itself: its environment says so, that of a container's program does not."""
    found = []
    for pid in os.listdir("/proc"):
        if not pid.isdigit():
            continue
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if MARK.encode() in f.read(65536).split(b"\0"):
                    found.append(f"process {pid}")
        except OSError:
            pass
    return found


def settle(seconds=2.0):
    """left_over(), given a moment: an orphan ends when it notices."""
    end = time.monotonic() + seconds
    while (left := left_over()) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def oci(*args, check=True, **how):
    p = subprocess.run([CLEAT, "oci", "--root", STATE, *args], env=ENV, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, **how)
    if check and p.returncode:
        raise RuntimeError(f"{' '.join(args)}: {p.stdout.decode()}")
    return p.returncode, p.stdout.decode("utf-8", "replace")


def quiet(*args):
    """A container is left behind, so no pipe of ours may be its output."""
    with open("quiet.out", "w+b") as f:
        rc = subprocess.run([CLEAT, "oci", "--root", STATE, *args], env=ENV, stdin=subprocess.DEVNULL, stdout=f,
                            stderr=f, timeout=60, check=False).returncode
        f.seek(0)
        return rc, f.read().decode("utf-8", "replace")


class Verb:
    """What comes before the verb, the verb, and what must hold after a failure."""
    name = ""
    keep = False  # the same container serves every attempt
    stays = False  # the process of --also is not the verb's
    lies = ()  # errors that are an answer, which the verb has to believe
    beyond = ()  # "process:call" that come when the verb has ended
    terminal = False  # it has one as its standard descriptors
    listens = ""  # at this socket somebody takes what is sent

    def __init__(self):
        self.id = None
        self.n = 0

    def before(self):
        self.n += 1
        self.id = f"{self.name.replace(' ', '-')}-{self.n}"

    def args(self):
        raise NotImplementedError

    def options(self):
        return []

    def after_failure(self):
        """What is wrong, as text."""
        return ""

    def after_success(self):
        return ""

    def clean(self):
        oci("delete", "--force", self.id, check=False)

    def must_be_new(self, what, *args):
        rc, out = quiet(*args)
        if rc:
            raise RuntimeError(f"{what}: {out}")


class Run(Verb):
    name = "run"
    bundle = "b"

    def args(self):
        return ["run", "--bundle", self.bundle, "--pid-file", "pid", self.id]

    def after_failure(self):
        return ", ".join(left_over())


class RunUserns(Run):
    name = "run-userns"
    bundle = "u"


class RunUsher(Run):
    """A new user and time namespace, a joined network, sources that the runtime opens."""
    name = "run-usher"
    bundle = "j"


class RunShared(Run):
    """In the mount namespace of this test."""
    name = "run-shared"
    bundle = "r"


class RunNotify(Run):
    """Its seccomp profile has an agent, which is there and answers nothing."""
    name = "run-notify"
    bundle = "n"
    listens = "agent.sock"


class RunTty(Run):
    """The terminal goes to a listener."""
    name = "run-tty"
    bundle = "t"
    listens = "tty.sock"

    def args(self):
        return ["run", "--bundle", self.bundle, "--console-socket", self.listens, self.id]


class Create(Verb):
    name = "create"
    beyond = ("1:read",)

    def args(self):
        return ["create", "--bundle", "s", "--pid-file", "pid", self.id]

    def after_failure(self):
        return ", ".join(left_over())

    def after_success(self):
        rc, out = quiet("start", self.id)
        return f"start after it: {out}" if rc else ""


class CreateHooks(Create):
    name = "create-hooks"

    def args(self):
        return ["create", "--bundle", "h", self.id]


class Created(Verb):
    """Begins with a created container; whatever happens, it can be deleted by force."""

    def before(self):
        super().before()
        self.must_be_new("create", "create", "--bundle", "s", self.id)

    def after_failure(self):
        rc, out = oci("delete", "--force", self.id, check=False)
        left = settle()
        return (out if rc else "") + ", ".join(left)


class Start(Created):
    name = "start"
    stays = True

    def args(self):
        return ["start", self.id]

    def options(self):
        with open(os.path.join(STATE, self.id, "state.json"), encoding="utf-8") as f:
            pid = f.read().split('"pid":')[1].split(",")[0].strip()
        return ["--also", pid]


class Delete(Created):
    name = "delete"

    def before(self):
        super().before()
        oci("kill", self.id, "KILL")
        while "stopped" not in oci("state", self.id)[1]:
            time.sleep(0.005)

    def args(self):
        return ["delete", self.id]

    def after_success(self):
        return ", ".join(left_over())


class DeleteForce(Created):
    name = "delete-force"
    lies = ("ENOENT",)  # what is gone needs no removal

    def before(self):
        super().before()
        self.must_be_new("start", "start", self.id)

    def args(self):
        return ["delete", "--force", self.id]

    def after_success(self):
        return ", ".join(left_over())


class Running(Verb):
    """Begins with a running container, which the verb must leave usable."""
    keep = True
    again = True  # by the same words

    def before(self):
        if self.id and oci("state", self.id, check=False)[1].find('"running"') >= 0:
            return
        if self.id:
            oci("delete", "--force", self.id, check=False)
        super().before()
        self.must_be_new("run", "run", "--detach", "--bundle", "s", self.id)

    def inside(self):
        pids = set()
        for top in cgroup_tops():
            try:
                with open(os.path.join(top, "s", "cgroup.procs"), encoding="utf-8") as f:
                    pids |= set(f.read().split())
            except OSError:
                pass
        return pids

    def after_failure(self):
        if "running" not in oci("state", self.id, check=False)[1]:
            return "the container does not run any more"
        if len(self.inside()) > 1:
            return f"processes in the container: {self.inside()}"
        if self.again:
            rc, out = oci(*self.args(), check=False)
            if rc:
                return f"a second time: {out}"
        return ""

    def after_success(self):
        return self.after_failure()


class Exec(Running):
    name = "exec"

    def args(self):
        return ["exec", "--pid-file", "pid", self.id, "/bin/true"]


class ExecTty(Exec):
    """The runtime is between its own terminal and that of the process."""
    name = "exec-tty"
    terminal = True
    again = False

    def args(self):
        return ["exec", "--tty", self.id, "/bin/true"]


class Update(Running):
    name = "update"

    def args(self):
        return ["update", "--memory", "50000000", "--cpu-shares", "512", "--pids-limit", "60", self.id]


class Pause(Running):
    name = "pause"
    lies = ("ENOENT",)  # a cgroup that is gone is not asked

    def args(self):
        return ["pause", self.id]

    def after_failure(self):
        rc, out = oci("resume", self.id, check=False)
        if rc and "not paused" not in out:
            return f"resume: {out}"
        return super().after_failure()

    def after_success(self):
        state = oci("state", self.id, check=False)[1]
        return (f"it is not paused: {state}" if '"paused"' not in state else "") + self.after_failure()

    def before(self):
        oci("resume", self.id, check=False) if self.id else None
        super().before()


class Resume(Running):
    name = "resume"
    again = False

    def before(self):
        super().before()
        oci("pause", self.id, check=False)

    def args(self):
        return ["resume", self.id]

    def after_failure(self):
        oci("resume", self.id, check=False)
        return super().after_failure()


class Kill(Running):
    name = "kill"

    def args(self):
        return ["kill", self.id, "URG"]


VERBS = {v.name: v for v in (Run, RunUserns, RunUsher, RunShared, RunNotify, RunTty, Create, CreateHooks, Start, Exec, ExecTty, Kill,
                             Update, Pause, Resume, Delete, DeleteForce)}


def listen(path):
    """Take connections and the descriptors that come by them, and hold these until the next one comes."""
    def serve():
        held = []
        while True:
            with s.accept()[0] as peer:
                for fd in held:
                    os.close(fd)
                held = socket.recv_fds(peer, 65536, 4)[1]

    s = socket.socket(socket.AF_UNIX)
    if os.path.exists(path):
        os.unlink(path)
    s.bind(path)
    s.listen()
    threading.Thread(target=serve, daemon=True).start()


def in_terminal(command):
    """Return: what it shows."""
    ours, its = os.openpty()
    shown = b""
    with subprocess.Popen(command, env=ENV, stdin=its, stdout=its, stderr=its, start_new_session=True) as p:
        os.close(its)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if not select.select([ours], [], [], 0.1)[0]:
                continue
            try:
                shown += os.read(ours, 65536)
            except OSError:  # nobody has the other end any more
                break
        if p.wait(10):
            raise RuntimeError(f"{command}: {shown}")
    os.close(ours)
    return shown.decode("utf-8", "replace").strip()


def attempt(verb, *options, seconds="10"):
    """Run the tool around the verb. Return: lines of its report, output."""
    command = [TOOL, "--seconds", seconds, *options, *verb.options(), "report", CLEAT, "oci", "--root", STATE,
               *verb.args()]
    if verb.terminal:
        text = in_terminal(command)
    else:
        with open("verb.out", "w+b") as out:
            subprocess.run(command, env=ENV, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=60, check=True)
            out.seek(0)
            text = out.read().decode("utf-8", "replace").strip()
    with open("report", encoding="utf-8") as f:
        return [line.split() for line in f], text


def pick(n, most):
    if not most or n <= most:
        return range(1, n + 1)
    return sorted({1 + round(i * (n - 1) / (most - 1)) for i in range(most)}) if most > 1 else [n]


class Totals:
    def __init__(self):
        self.tried = self.failed = self.went_on = self.left = 0
        self.bad = []

    def wrong(self, what):
        self.bad.append(what)


def try_failing(verb, fault, totals):
    process, call, _, error = fault.split(":")
    verb.before()
    report, out = attempt(verb, "--fail", fault)
    words = {line[0]: line[1:] for line in report}
    if "hit" not in words and "timeout" not in words:
        verb.clean()
        return
    totals.tried += 1
    where = f"{verb.name} {fault}"
    if "timeout" in words:
        totals.wrong(f"{where}: does not end")
    if "crash" in words:
        totals.wrong(f"{where}: crash of process {words['crash'][0]}, signal {words['crash'][1]}")
    if "signal" in words:
        totals.wrong(f"{where}: killed by {words['signal'][0]}")
    if "alive" in words and not verb.stays:
        totals.wrong(f"{where}: process {words['alive'][1]} goes on after: {out}")
    if words.get("exit") == ["0"]:
        totals.went_on += 1
        what = " ".join(words["hit"])
        if not may_go_on(process, call, f"{verb.name} {what} {error}"):
            totals.wrong(f"{where} ({what}): goes on")
        after = verb.after_success()
    else:
        totals.failed += 1
        if not out:
            totals.wrong(f"{where}: fails without a word")
        after = verb.after_failure()
    if after:
        totals.left += 1
        totals.wrong(f"{where}: ({out[:150]}) after it: {after}")
    if after or not verb.keep:
        verb.clean()


def try_killing(verb, fault, totals):
    verb.id = None
    verb.before()
    report, _ = attempt(verb, "--kill", fault)
    words = {line[0]: line[1:] for line in report}
    if "timeout" in words:
        totals.wrong(f"{verb.name} {fault}: does not end")
    if "hit" not in words:
        verb.clean()
        return
    totals.tried += 1
    where = f"{verb.name} killed at {fault}"
    if left_over():
        totals.left += 1
    if os.path.exists("pid.tmp"):  # in the caller's directory: delete does not know of it
        os.unlink("pid.tmp")
    rc, out = oci("delete", "--force", verb.id, check=False)
    if rc:
        totals.wrong(f"{where}: delete --force: {out}")
    left = settle()
    if left:
        totals.wrong(f"{where}: delete --force leaves {', '.join(left)}")
        oci("delete", "--force", verb.id, check=False)
    rc, out = quiet("create", "--bundle", "s", verb.id)
    if rc:
        totals.wrong(f"{where}: created again: {out}")
    verb.clean()
    left = settle()
    if left:
        totals.wrong(f"{where}: after the second one: {', '.join(left)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("mode", choices=["fail", "kill"])
    parser.add_argument("--most", type=int, default=0)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    verb = VERBS[args.verb]()
    if verb.listens:
        listen(verb.listens)
    verb.before()
    report, out = attempt(verb, "--count")
    if ["exit", "0"] not in report:
        print(f"{args.verb} does not work: {out}")
        return 1
    verb.clean()
    totals = Totals()
    kinds = set()
    for words in report:
        if words[0] != "count":
            continue
        process, call, n = words[1:]
        if args.only and args.only != call:
            continue
        kinds.add(call)
        if args.mode == "kill":
            if process == "0":
                for i in pick(int(n), args.most):
                    try_killing(verb, f"0:{call}:{i}", totals)
            continue
        if call in NEVER or f"{process}:{call}" in verb.beyond:
            continue
        for error in ERRORS.get(call, ["EIO"])[:1 if args.most else None]:
            if error in verb.lies:
                continue
            for i in pick(int(n), args.most):
                try_failing(verb, f"{process}:{call}:{i}:{error}", totals)
    if verb.id:
        verb.clean()
    if args.mode == "fail":
        print(f"{args.verb}: {totals.tried} calls of {len(kinds)} kinds fail, {totals.went_on} go on, "
              f"{totals.left} leave something")
    else:
        print(f"{args.verb}: killed at {totals.tried} calls, {totals.left} times something was left")
    for line in totals.bad:
        print(line)
    return bool(totals.bad)


sys.exit(main())
