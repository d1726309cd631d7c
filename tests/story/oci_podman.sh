#!/bin/sh
# timeout: 240
# A real engine with cleat as its OCI runtime: podman makes the bundles, calls the verbs and reads the answers.
. "$TOP/tests/lib/tap.sh"
need_root
need podman conmon python3 unshare /bin/busybox
. "$TOP/tests/lib/client.sh"

chmod 755 . # user namespaces look up paths here
mkdir -p root run tmp
# set-up of a machine without systemd; its root may lack CAP_SYS_RESOURCE, so limits are only lowered
p() {
	podman --root "$TMP/root" --runroot "$TMP/run" --tmpdir "$TMP/tmp" --storage-driver vfs \
		--cgroup-manager cgroupfs --events-backend file --runtime "$CLEAT_OCI" "$@"
}
limits="--ulimit nofile=1024:4096 --ulimit nproc=4096:8192 --log-driver k8s-file --network none --cgroup-parent /$CLIENT_TAG"
run() { p run --rm $limits "$@"; }
clean() {
	p rm -fa >/dev/null 2>&1
	p rmi -fa >/dev/null 2>&1
	umount -l root/overlay root 2>/dev/null
}
at_exit clean

client_root image
tar -C image -cf image.tar .
expect "image" p import image.tar box
expect_out '^hello$' "run" run box /bin/echo hello
expect_rc 3 "exit status" run box /bin/sh -c 'exit 3'
expect_rc 127 "command not found" run box nosuch
expect_rc 126 "not executable" run box /etc/passwd
expect_out 'uid=1000\(app\) gid=1000' "--user" run --user app box /bin/id
tap_run run --read-only box /bin/touch /x
case $tap_out in *Read-only*) ok "--read-only" ;; *) fail "--read-only" "$tap_out" ;; esac
expect_out 'CapEff:.0000000000000000' "--cap-drop all" run --cap-drop all box /bin/grep CapEff /proc/self/status
expect_out 'NoNewPrivs:.1' "--security-opt no-new-privileges" run --security-opt no-new-privileges box /bin/grep NoNewPrivs /proc/self/status
expect_out 'Seccomp:.2' "podman's default seccomp profile" run box /bin/grep Seccomp: /proc/self/status
echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}' >profile.json
expect_rc 1 "--security-opt seccomp=FILE" run --security-opt seccomp=profile.json box /bin/mkdir /tmp/x
tap_run run --pids-limit 5 box /bin/sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait'
case $tap_out in *fork*) ok "--pids-limit" ;; *) fail "--pids-limit" "$tap_out" ;; esac
mkdir vol && echo inside >vol/file
expect_out '^inside$' "-v" run -v "$TMP/vol:/vol:ro" box /bin/cat /vol/file
expect_out '/dev/pts/0' "-t" run -t box /bin/tty
expect_out '^31 99' "-it" python3 "$TOP/tests/lib/pty.py" 'expect:# ' 'send:sleep 1; echo rea\x64y\n' 'expect:^ready' 'size:31,99' \
	'send:until stty size | grep 31; do sleep 0.05; done\n' 'expect:^31 99' 'send:exit\n' -- \
	podman --root "$TMP/root" --runroot "$TMP/run" --tmpdir "$TMP/tmp" --storage-driver vfs --cgroup-manager cgroupfs \
	--events-backend file --runtime "$CLEAT_OCI" run --rm -it $limits box sh
expect_rc 137 "--memory: too much memory ends it with 137" p run $limits --name hog --memory 16m box /bin/sh -c \
	'head -c 64000000 /dev/zero | tail -c 64000000 >/dev/null; exit $?'
# the range of ids for --userns=auto is a file of the machine: here one of this test's own, over /etc
mkdir -p etc/upper etc/work
auto() {
	unshare -m sh -c 'mount -t overlay -o lowerdir=/etc,upperdir=etc/upper,workdir=etc/work none /etc || exit 77
		echo containers:200000:65536 >/etc/subuid; echo containers:200000:65536 >/etc/subgid
		exec podman --root "$0/root" --runroot "$0/run" --tmpdir "$0/tmp" --storage-driver vfs --cgroup-manager cgroupfs \
			--events-backend file --runtime "$0/cleat-oci" "$@"' "$TMP" "$@"
}
expect_out '^ +0 +200000 +[1-9]' "--userns=auto" auto run --rm $limits --userns=auto box /bin/cat /proc/self/uid_map
expect_out '^ +0 +70000 +1000' "--uidmap" run --uidmap 0:70000:1000 --gidmap 0:70000:1000 box /bin/cat /proc/self/uid_map

expect "run -d" p run -d $limits --name web --health-cmd 'test -e /tmp/well' --health-interval disable box /bin/sh -c \
	'echo up; touch /tmp/well; trap "exit 7" TERM; while :; do sleep 0.1; done'
logged() { p logs web | grep -q up; }
expect "logs" wait_for 10 logged
expect_out 'done' "exec" p exec web /bin/echo done
expect_rc 9 "exec gives the exit status" p exec web /bin/sh -c 'exit 9'
expect_rc 127 "exec: command not found" p exec web nosuch
expect_out '/dev/pts/[0-9]' "exec -it" python3 "$TOP/tests/lib/pty.py" 'expect:/dev/pts/[0-9]' -- podman --root "$TMP/root" \
	--runroot "$TMP/run" --tmpdir "$TMP/tmp" --storage-driver vfs --cgroup-manager cgroupfs --events-backend file \
	--runtime "$CLEAT_OCI" exec -it web tty
expect "healthcheck" p healthcheck run web
p exec web rm /tmp/well
expect_rc 1 "healthcheck of what is not well" p healthcheck run web
expect_out 'web' "ps" p ps
expect_out '^ *[1-9][0-9]* *$' "top" p top web hpid
expect_out 'web .*MB|web .*kB' "stats" p stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDS}}' web
expect "pause" p pause web
expect_equal paused "$(p inspect --format '{{.State.Status}}' web)" "it is paused"
expect "unpause" p unpause web
expect "restart" p restart -t 5 web
expect "stop" p stop -t 5 web
expect_equal 7 "$(p inspect --format '{{.State.ExitCode}}' web)" "exit status after stop"
expect "start again" p start web
expect "kill" p kill web
expect_equal 137 "$(p wait web)" "exit status after kill"
expect "rm" p rm -f web hog
expect "nothing is left of it" test -z "$(p ps -aq)"
clean
client_clean "nothing is left, /dev/null is as it was"
tap_end
