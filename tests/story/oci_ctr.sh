#!/bin/sh
# timeout: 120
# containerd and its shim with cleat in the place of runc, which is what a Kubernetes node does too.
. "$TOP/tests/lib/tap.sh"
need_root
need containerd ctr containerd-shim-runc-v2 skopeo python3 /bin/busybox
. "$TOP/tests/lib/client.sh"

cat >config.toml <<TOML
version = 2
root = "$TMP/root"
state = "$TMP/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "$TMP/c.sock"
[ttrpc]
address = "$TMP/t.sock"
TOML
start containerd containerd --config "$TMP/config.toml"
containerd=$started
c() { ctr -a "$TMP/c.sock" -n "$CLIENT_TAG" "$@"; }
run() { c run --snapshotter native --runc-binary "$CLEAT_OCI" "$@"; }
clean() {
	for t in $(c task ls -q 2>/dev/null); do
		c task kill -s KILL -a "$t"
		c task delete -f "$t"
	done >/dev/null 2>&1
}
at_exit clean
expect "containerd answers" wait_for 20 c version || { dump containerd.log; exit; }

client_layout layout >mk.log 2>&1 && skopeo copy -q oci:layout oci-archive:box.tar:local/box:1 || dump mk.log
expect "image import" c image import --snapshotter native --base-name local/box box.tar
image=local/box:1
expect_out '^hello$' "run" run --rm $image t1 echo hello
expect_rc 3 "exit status" run --rm $image t2 sh -c 'exit 3'
tap_run run --rm $image t3 nosuch
case "$tap_rc $tap_out" in 0*) fail "command not found" "$tap_out" ;; *nosuch*not\ found*) ok "command not found" ;; *) fail "command not found" "$tap_out" ;; esac
tap_run c container rm t3
expect_out 'CapEff:.0*a80425fb$' "the default capabilities" run --rm $image t4 grep CapEff /proc/self/status
expect_out 'CapEff:.0*a80425db$' "--cap-drop" run --rm --cap-drop CAP_KILL $image t4 grep CapEff /proc/self/status
tap_run run --rm --read-only $image t5 touch /x
case $tap_out in *Read-only*) ok "--read-only" ;; *) fail "--read-only" "$tap_out" ;; esac
expect_out 'Seccomp:.2' "--seccomp" run --rm --seccomp $image t6 grep Seccomp: /proc/self/status
expect_out 'NoNewPrivs:.1' "no_new_privs" run --rm $image t7 grep NoNewPrivs /proc/self/status
chmod 755 .
expect_out '0 +70000 +1000' "--uidmap" run --rm --uidmap 0:70000:1000 --gidmap 0:70000:1000 $image t8 cat /proc/self/uid_map
expect_out '^hello$' "--no-pivot" run --rm --no-pivot $image t9 echo hello

# what an engine does with a container that runs
expect "run -d" run -d $image web sh -c 'echo up; trap "exit 7" TERM; while :; do sleep 0.1; done'
state_is() { c task ls | grep -q "^web .*$1"; }
expect "task ls" state_is RUNNING
expect_out '^inside$' "task exec" c task exec --exec-id e1 web echo inside
expect_rc 9 "task exec: exit status" c task exec --exec-id e2 web sh -c 'exit 9'
expect_out '/dev/pts/[0-9]' "task exec --tty" python3 "$TOP/tests/lib/pty.py" 'expect:/dev/pts/[0-9]' -- \
	ctr -a "$TMP/c.sock" -n "$CLIENT_TAG" task exec --tty --exec-id e3 web tty
expect_out '^[1-9][0-9]* ' "task ps" c task ps web
expect "task pause" c task pause web
expect "it is paused" state_is PAUSED
expect "task resume" c task resume web
expect "it runs" state_is RUNNING
expect_out 'pids.current +[1-9]' "task metrics" c task metrics web
expect "task kill" c task kill -s TERM web
expect "it has stopped" wait_for 5 state_is STOPPED
tap_run c task delete web
case $tap_out in *"code 7"*) ok "task delete tells the exit status" ;; *) fail "task delete tells the exit status" "$tap_out" ;; esac
expect "container rm" c container rm web

expect_out '^31 99' "--tty: terminal, window size" python3 "$TOP/tests/lib/pty.py" 'expect:# ' \
	'send:sleep 1; echo rea\x64y\n' 'expect:^ready' 'size:31,99' 'send:until stty size | grep 31; do sleep 0.05; done\n' 'expect:^31 99' 'send:exit\n' -- \
	ctr -a "$TMP/c.sock" -n "$CLIENT_TAG" run --rm --tty --snapshotter native --runc-binary "$CLEAT_OCI" $image tty sh
start events ctr -a "$TMP/c.sock" -n "$CLIENT_TAG" events
expect_rc 137 "--memory-limit: too much memory ends it with 137" run --rm --memory-limit 16777216 $image hog \
	sh -c 'head -c 64000000 /dev/zero | tail -c 64000000 >/dev/null; exit $?'
expect "containerd is told of it" wait_for 5 grep -q /tasks/oom events.log
clean
kill -9 "$started" # ctr events tries to connect again for ever
stop "$containerd"
client_clean "nothing is left, /dev/null is as it was"
tap_end
