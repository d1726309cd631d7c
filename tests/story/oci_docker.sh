#!/bin/sh
# timeout: 180
# Docker with cleat as a runtime of its daemon.
. "$TOP/tests/lib/tap.sh"
need_root
need dockerd docker containerd containerd-shim-runc-v2 python3 skopeo /bin/busybox
. "$TOP/tests/lib/client.sh"

chmod 755 . # user namespaces look up paths here
cat >c.toml <<TOML
version = 2
root = "$TMP/croot"
state = "$TMP/cstate"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "$TMP/c.sock"
[ttrpc]
address = "$TMP/t.sock"
TOML
cat >daemon.json <<JSON
{"data-root": "$TMP/root", "exec-root": "$TMP/exec", "pidfile": "$TMP/docker.pid", "hosts": ["unix://$TMP/d.sock"],
 "containerd": "$TMP/c.sock", "containerd-namespace": "$CLIENT_TAG", "containerd-plugins-namespace": "$CLIENT_TAG-plugins",
 "storage-driver": "vfs", "bridge": "none", "iptables": false, "ip6tables": false, "cgroup-parent": "/$CLIENT_TAG",
 "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 4096}}, "log-driver": "json-file",
 "runtimes": {"cleat": {"path": "$CLEAT_OCI"}}, "default-runtime": "cleat"}
JSON
start containerd containerd --config "$TMP/c.toml"
containerd=$started
d() { docker -H "unix://$TMP/d.sock" "$@"; }
run() { d run --rm --network none "$@"; }
clean() { d rm -f $(d ps -aq) >/dev/null 2>&1; }
expect "containerd answers" wait_for 20 ctr -a "$TMP/c.sock" version || { dump containerd.log; exit; }
start dockerd dockerd --config-file "$TMP/daemon.json"
dockerd=$started
at_exit clean
expect "dockerd answers" wait_for 30 d version || { dump dockerd.log; exit; }
expect_out 'Default Runtime: cleat' "info" d info

client_layout layout >mk.log 2>&1 && skopeo copy -q oci:layout docker-archive:box.tar:box:1 || dump mk.log
expect "load" d load -i box.tar
expect_out '^hello$' "run" run box:1 echo hello
expect_rc 3 "exit status" run box:1 sh -c 'exit 3'
expect_err 127 'executable file not found in \$PATH' "command not found" run box:1 nosuch
expect_err 126 'permission denied' "not executable" run box:1 /etc/passwd
expect_out 'uid=1000\(app\)' "--user" run --user app box:1 id
tap_run run --read-only box:1 touch /x
case $tap_out in *Read-only*) ok "--read-only" ;; *) fail "--read-only" "$tap_out" ;; esac
expect_out 'CapEff:.0000000000000000' "--cap-drop" run --cap-drop ALL box:1 grep CapEff /proc/self/status
expect_out 'Seccomp:.2' "Docker's seccomp profile" run box:1 grep Seccomp: /proc/self/status
echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}' >profile.json
expect_rc 1 "--security-opt seccomp=FILE" run --security-opt seccomp=profile.json box:1 mkdir /tmp/x
tap_run run --pids-limit 5 box:1 sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait'
case $tap_out in *fork*) ok "--pids-limit" ;; *) fail "--pids-limit" "$tap_out" ;; esac
mkdir vol && echo inside >vol/file
expect_out '^inside$' "-v" run -v "$TMP/vol:/vol:ro" box:1 cat /vol/file
expect_out 'rw.*size=1024k' "--tmpfs" run --tmpfs /mem:size=1m box:1 grep /mem /proc/mounts
expect_out '^net.ipv4.ip_forward = 1' "--sysctl" run --sysctl net.ipv4.ip_forward=1 box:1 sysctl net.ipv4.ip_forward
expect_out '^1024$' "--ulimit" run --ulimit nofile=1024 box:1 sh -c 'ulimit -n'
expect_out 'pts/ptmx.*c000' "--privileged" run --privileged box:1 sh -c 'echo $(readlink /dev/ptmx) $(mkdir /tmp/m; mount -t tmpfs none /tmp/m && echo c000)'
expect_rc 137 "-m: too much memory ends it with 137" d run --network none --name hog -m 16m box:1 \
	sh -c 'head -c 64000000 /dev/zero | tail -c 64000000 >/dev/null; exit $?'
expect_equal "true" "$(d inspect --format '{{.State.OOMKilled}}' hog)" "which inspect tells"
expect_out '^31 99' "-it" python3 "$TOP/tests/lib/pty.py" 'expect:# ' 'send:sleep 1; echo rea\x64y\n' 'expect:^ready' 'size:31,99' \
	'send:until stty size | grep 31; do sleep 0.05; done\n' 'expect:^31 99' 'send:exit\n' -- \
	docker -H "unix://$TMP/d.sock" run --rm -it --network none box:1 sh

expect "run -d" d run -d --network none --name web box:1 sh -c 'echo up; trap "exit 7" TERM; while :; do sleep 0.1; done'
logged() { d logs web | grep -q up; }
expect "logs" wait_for 10 logged
expect_out '^inside$' "exec" d exec web echo inside
expect_rc 9 "exec: exit status" d exec web sh -c 'exit 9'
expect_err 126 'executable file not found' "exec: command not found" d exec web nosuch
expect_out '/dev/pts/[0-9]' "exec -it" python3 "$TOP/tests/lib/pty.py" 'expect:/dev/pts/[0-9]' -- docker -H "unix://$TMP/d.sock" exec -it web tty
expect_out 'uid=1000\(app\)' "exec --user" d exec -u app web id
expect_out 'sleep|sh' "top" d top web
expect "pause" d pause web
expect_equal "paused" "$(d inspect --format '{{.State.Status}}' web)" "it is paused"
expect "unpause" d unpause web
expect_out 'web' "stats" d stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' web
expect "update" d update --pids-limit 50 --memory 64m --memory-swap 64m --cpu-shares 512 web
[ "$(stat -f -c %t /sys/fs/cgroup)" = 63677270 ] && limit=/sys/fs/cgroup/memory.max || limit=/sys/fs/cgroup/memory/memory.limit_in_bytes
expect_out '^67108864$' "the new limit is in force" d exec web cat $limit
expect "restart" d restart -t 5 web
expect "stop" d stop -t 5 web
expect_equal 7 "$(d inspect --format '{{.State.ExitCode}}' web)" "exit status after stop"
expect "start" d start web
expect "kill" d kill web
expect_equal 137 "$(d wait web)" "exit status after kill"
expect "rm" d rm -f web hog
expect_equal "" "$(d ps -aq)" "no container is left"
# images to us and back
own() {
	"$CLEAT" --root "$TMP/own" --run "$TMP/own-run" "$@"
}
box_id=$(d images -q --no-trunc box:1)
expect "tag" d tag box:1 box:2
d save -o saved.tar box:1 box:2
expect "cleat reads what docker save wrote" own load -q -t ours:1 --only box:2 saved.tar
expect_equal "$box_id" "$(own images -q --no-trunc ours:1)" "the same image ID"
own save -o ours.tar ours:1 2>/dev/null
expect "docker reads what cleat save wrote" d load -i ours.tar
expect_equal "$box_id" "$(d images -q --no-trunc ours:1)" "with its name and ID"
stop "$dockerd"
stop "$containerd"
umount -l root/* 2>/dev/null
client_clean "nothing is left, /dev/null is as it was"
tap_end
