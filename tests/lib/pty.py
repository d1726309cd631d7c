"""pty.py STEP... -- COMMAND...: run COMMAND as the leader of a session on a new terminal of 24 rows, 80 columns.

Steps, in order: expect:REGEX (10 s), send:TEXT (with \\n, \\x03), size:ROWS,COLUMNS, signal:NAME, raw (waits until
the terminal is), stdin:FILE (instead of the terminal; first). Prints what the terminal shows, then "exit STATUS" and
"restored" or "changed", which is about the terminal's settings. Exit status 1: a step did not come true.
"""
import fcntl, os, re, select, signal, struct, sys, termios, time

at = sys.argv.index("--")
steps, command = sys.argv[1:at], sys.argv[at + 1:]
master, slave = os.openpty()
size = lambda rows, columns: fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
size(24, 80)
before = termios.tcgetattr(slave)
stdin = os.open(steps.pop(0)[6:], os.O_RDONLY) if steps and steps[0].startswith("stdin:") else slave
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(stdin if fd == 0 else slave, fd)
    os.closerange(3, 256)
    os.execvp(command[0], command)
shown = ""


def read(seconds):
    global shown
    if not select.select([master], [], [], seconds)[0]:
        return False
    shown += os.read(master, 65536).decode(errors="replace")
    return True


failed = None
for step in steps:
    kind, _, arg = step.partition(":")
    end = time.time() + 10
    if kind == "send":
        os.write(master, arg.encode().decode("unicode_escape").encode("latin1"))
    elif kind == "size":
        size(*map(int, arg.split(",")))
    elif kind == "signal":
        os.kill(pid, getattr(signal, "SIG" + arg))
    else:
        seen = 0
        while True:
            if kind == "expect":
                m = re.search(arg, shown, re.M)
                if m:
                    shown_done = shown[:m.end()]
                    sys.stdout.write(shown_done)
                    shown = shown[m.end():]
                    break
            elif not termios.tcgetattr(slave)[3] & termios.ICANON:
                break
            if time.time() > end:
                failed = step
                break
            read(0.1)
    if failed:
        break
if failed:
    os.kill(pid, signal.SIGKILL)
end = time.time() + 20
while True:
    read(0.05)
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        break
    if time.time() > end:
        failed = failed or "end"
        os.kill(pid, signal.SIGKILL)
        end += 20
while read(0.05):
    pass
print(shown)
code = os.waitstatus_to_exitcode(status)
print("exit", code, "restored" if termios.tcgetattr(slave) == before else "changed", *([] if not failed else ["FAILED", failed]))
sys.exit(1 if failed else 0)
