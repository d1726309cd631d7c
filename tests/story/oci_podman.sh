#!/bin/sh
# timeout: 240
# A real engine with cleat as its OCI runtime: podman makes the bundles, calls the verbs and reads the answers.
. "$TOP/tests/lib/tap.sh"
need_root
need podman busybox conmon

ln -s "$CLEAT" cleat-oci
mkdir -p root run tmp
# set-up of a machine without systemd; its root may lack CAP_SYS_RESOURCE, so limits are only lowered
p() {
	podman --root "$TMP/root" --runroot "$TMP/run" --tmpdir "$TMP/tmp" --storage-driver vfs \
		--cgroup-manager cgroupfs --events-backend file --runtime "$TMP/cleat-oci" "$@"
}
limits='--ulimit nofile=1024:4096 --ulimit nproc=4096:8192 --log-driver k8s-file --network none'
run() { p run --rm $limits "$@"; }
clean() {
	p rm -fa >/dev/null 2>&1
	p rmi -fa >/dev/null 2>&1
	umount -l root/overlay root 2>/dev/null
}
at_exit clean

mkdir -p image/bin image/tmp image/etc image/proc image/sys image/dev
cp "$(command -v busybox)" image/bin/busybox
for a in sh true false echo cat id ls sleep grep touch mkdir mount tty ps env; do ln -s busybox image/bin/$a; done
echo 'root:x:0:0::/:/bin/sh
app:x:1000:1000::/home:/bin/sh' >image/etc/passwd
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
expect "run -d" p run -d $limits --name web box /bin/sh -c 'echo up; trap "exit 7" TERM; while :; do sleep 0.1; done'
logged() { p logs web | grep -q up; }
expect "logs" wait_for 10 logged
expect_out 'done' "exec" p exec web /bin/echo done
expect_rc 9 "exec gives the exit status" p exec web /bin/sh -c 'exit 9'
expect_out 'web' "ps" p ps
expect "stop" p stop -t 5 web
expect_equal 7 "$(p inspect --format '{{.State.ExitCode}}' web)" "exit status after stop"
expect "start again" p start web
expect "kill" p kill web
expect "rm" p rm -f web
expect "nothing is left of it" test -z "$(p ps -aq)"
tap_end
