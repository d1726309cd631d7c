#!/bin/sh
# What the options of create, run and exec give the container: descriptors, a pidfd, a keyring, a root without pivot.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox python3

bundle b
# descriptors
sh_args 'cat <&3; readlink /proc/self/fd/4 || echo no fourth; echo $LISTEN_FDS $LISTEN_PID'
config b
echo third >three
echo fourth >four
container_name
expect_out '^third$' "--preserve-fds" sh -c "'$CLEAT' oci --root '$STATE' run --preserve-fds 1 -b b $id 3<three 4<four"
expect_out '^no fourth' "and no other descriptor" sh -c "'$CLEAT' oci --root '$STATE' run --preserve-fds=1 -b b $id 3<three 4<four"
expect_out 'warning: 1 of 2 descriptors to be passed on are open' "--preserve-fds of what is not open" sh -c "'$CLEAT' oci --root '$STATE' run --preserve-fds 2 -b b $id 3<three 4<&-"
expect_err 1 'preserve-fds x' "--preserve-fds wants a number" oci run --preserve-fds x -b b "$id"
expect_out '^1 1$' "LISTEN_FDS of a service manager" sh -c "LISTEN_FDS=1; LISTEN_PID=\$\$; export LISTEN_FDS LISTEN_PID; exec '$CLEAT' oci --root '$STATE' run -b b $id 3<three 4<four"
expect_out 'four$' "and descriptors behind them" sh -c "LISTEN_FDS=1; LISTEN_PID=\$\$; export LISTEN_FDS LISTEN_PID; exec '$CLEAT' oci --root '$STATE' run --preserve-fds 1 -b b $id 3<three 4<four"
tap_run sh -c "LISTEN_FDS=1 LISTEN_PID=1 '$CLEAT' oci --root '$STATE' run -b b $id 3<three"
case $tap_out in *third*) fail "LISTEN_FDS of another process is not ours" "$tap_out" ;; *) ok "LISTEN_FDS of another process is not ours" ;; esac

# a root that is moved over the old one instead of pivoted to
sh_args 'exec 2>&1; ls /; cut -d" " -f5 /proc/self/mountinfo; ls -d /proc/1/root/..; mkdir -p /tmp/p; unshare -Urmpf mount -t proc none /tmp/p && echo new proc; true'
namespaces="$namespaces" linux_more=
config b
container_name
oci run -b b "$id" >pivot 2>&1
oci run --no-pivot -b b "$id" >moved 2>&1
expect "--no-pivot: the container's root" grep -qx bin moved
expect_equal "$(cat pivot)" "$(cat moved)" "--no-pivot: nothing else to be seen"
expect "--no-pivot: no procfs without masks in a user namespace" grep -q 'mount: ' moved
config_reset

# pidfd
cat >pidfd.py <<'PY'
import array, os, re, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(sys.argv[1])
s.listen(2)
print("listening", flush=True)
for _ in range(2):
    c, _ = s.accept()
    data, ancillary, _, _ = c.recvmsg(64, socket.CMSG_SPACE(4))
    fd = array.array("i", ancillary[0][2])[0]
    print(data.decode(), re.search(r"^Pid:\t(\d+)", open(f"/proc/self/fdinfo/{fd}").read(), re.M)[1], flush=True)
PY
start pidfd python3 pidfd.py "$TMP/pidfd.sock"
wait_for 5 grep -q listening pidfd.log
sh_args 'exec sleep 60'
config b
container_name
expect "create --pidfd-socket" oci create --pidfd-socket "$TMP/pidfd.sock" --pid-file "$TMP/pid" -b b "$id"
expect "start" oci start "$id"
expect "exec --pidfd-socket" oci exec -d --pidfd-socket "$TMP/pidfd.sock" --pid-file "$TMP/pid2" "$id" sleep 50
wait "$started"
expect_equal "standard $(cat pid)
setns $(cat pid2)" "$(tail -n 2 pidfd.log)" "the pidfds are of the processes"
expect "delete" oci delete -f "$id"
expect_err 1 'pidfd socket' "--pidfd-socket of nobody" oci create --pidfd-socket "$TMP/none.sock" -b b "$id"

# session keyring: the container's own, which exec joins, or the caller's
cat >keyring.c <<'C'
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void)
{
	char text[256] = "";
	syscall(SYS_keyctl, 6 /* DESCRIBE */, -3 /* session */, text, sizeof(text) - 1, 0);
	return puts(text) < 0;
}
C
if cc -static -o b/rootfs/bin/keyring keyring.c 2>/dev/null; then
	args='["/bin/sh","-c","keyring; exec sleep 60"]'
	config b
	container_name
	start keyed "$CLEAT" oci --root "$STATE" run -b b "$id"
	wait_for 5 grep -q keyring keyed.log
	expect_out "keyring;0;0;3f1b0000;_ses.$id\$" "a session keyring" cat keyed.log
	expect_out ";_ses.$id\$" "exec joins it" oci exec "$id" keyring
	expect "delete" oci delete -f "$id"
	wait "$started"
	args='["/bin/keyring"]'
	config b
	tap_run oci run --no-new-keyring -b b "$id"
	case $tap_out in *_ses.c*) fail "--no-new-keyring" "$tap_out" ;; *) ok "--no-new-keyring" ;; esac
else
	skip "a session keyring" "no compiler for a static program"
fi

# readiness of a service manager: the container's own socket, passed on by run and start
cat >manager.py <<'PY'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\0" + sys.argv[1][1:] if sys.argv[1][0] == "@" else sys.argv[1])
print("listening", flush=True)
for _ in range(2):
    print(s.recv(4096).decode().strip(), flush=True)
PY
cat >ready.c <<'C'
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
int main(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	static const char text[] = "STATUS=x\nREADY=1\n";
	strcpy(sa.sun_path, getenv("NOTIFY_SOCKET"));
	return sendto(fd, "WATCHDOG=1", 10, 0, (void *)&sa, sizeof(sa)) < 0 || sendto(fd, text, strlen(text), 0, (void *)&sa, sizeof(sa)) < 0 || sleep(2) < 0;
}
C
if cc -static -o b/rootfs/bin/ready ready.c 2>/dev/null; then
	config_reset
	args='["/bin/ready"]'
	config b
	told() { # address name command...
		address=$1 name=$2
		shift 2
		rm -f "$TMP/manager.sock"
		start manager python3 manager.py "$address"
		wait_for 5 grep -q listening manager.log
		expect "$name" env NOTIFY_SOCKET="$address" "$@"
		wait_for 5 grep -q MAINPID manager.log
		pid=$(cat pid 2>/dev/null)
		expect_equal "listening READY=1 MAINPID=$pid" "$(tr '\n' ' ' <manager.log | sed 's/ $//')" "$name: the service manager is told"
		stop "$started"
	}
	container_name
	told "$TMP/manager.sock" "run --detach" "$CLEAT" oci --root "$STATE" run --detach --pid-file "$TMP/pid" -b b "$id"
	oci delete -f "$id"
	container_name
	told "@cleat-story-$$" "run with an abstract socket" "$CLEAT" oci --root "$STATE" run --pid-file "$TMP/pid" -b b "$id"
	container_name
	env NOTIFY_SOCKET="$TMP/manager.sock" "$CLEAT" oci --root "$STATE" create --pid-file "$TMP/pid" -b b "$id"
	told "$TMP/manager.sock" "start" "$CLEAT" oci --root "$STATE" start "$id"
	oci delete -f "$id"
	args='["/bin/sh","-c","echo $NOTIFY_SOCKET; grep -c notify /proc/self/mountinfo; touch ${NOTIFY_SOCKET%/*}/x"]'
	config b
	container_name
	tap_run env NOTIFY_SOCKET=/run/a/b "$CLEAT" oci --root "$STATE" run -b b "$id"
	case $tap_out in *"/run/a/b/notify"*1*Read-only*) ok "its folder is where the variable says, read-only" ;; *) fail "its folder" "$tap_out" ;; esac
else
	skip "NOTIFY_SOCKET" "no compiler for a static program"
fi

# a null device of the caller: its mode is not the container's to change
mknod null c 1 3
sh_args 'chmod 600 /proc/self/fd/0; chmod 600 /dev/stdin; stat -c %t:%T /dev/stdin; true'
config b
container_name
"$CLEAT" oci --root "$STATE" run -b b "$id" <null >null.log 2>&1
expect_equal 644 "$(stat -c %a null)" "the host's null device as standard input keeps its mode"

# --keep, and orphans that run reaps
sh_args 'exit 5'
config b
container_name
expect_rc 5 "run --keep" oci run --keep -b b "$id"
expect_out '"status":"stopped"' "keeps the container" oci state "$id"
expect "delete" oci delete "$id"
namespaces='{"type":"mount"},{"type":"ipc"},{"type":"uts"},{"type":"network"},{"type":"cgroup"}'
sh_args '(sleep 0.3 & echo orphan $!) ; cat /proc/self/stat | cut -d" " -f4; sleep 1'
config b
container_name
start parent "$CLEAT" oci --root "$STATE" run -b b "$id"
wait_for 5 grep -q orphan parent.log
orphan=$(sed -n 's/^orphan //p' parent.log)
expect_equal "$started" "$(cut -d' ' -f4 <"/proc/$orphan/stat")" "run is the parent of the container's orphans"
wait "$started"
start parent "$CLEAT" oci --root "$STATE" run --no-subreaper -b b "$id"
wait_for 5 grep -q orphan parent.log
orphan=$(sed -n 's/^orphan //p' parent.log)
[ "$(cut -d' ' -f4 <"/proc/$orphan/stat")" != "$started" ] && ok "--no-subreaper" || fail "--no-subreaper"
wait "$started"
no_leftovers "nothing is left"
tap_end
