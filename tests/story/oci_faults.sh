#!/bin/sh
# timeout: 400
# Every system call of every verb fails once, and the runtime is killed at every one: what must hold then
# is said in tests/lib/faults.py. FAULTS=full makes each of them fail with each error that it may have, which
# takes many minutes; without it a few calls of each kind are taken, first and last among them. VERBS="run exec"
# takes these alone.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox python3
[ -x "$O/tests/tool/faults" ] || skip_all "needs $O/tests/tool/faults"
export CGROUP O CLEAT

for b in b s u h; do
	bundle $b
done
mkdir src
mounts_more=",{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$TMP/src\",\"options\":[\"rbind\",\"ro\"]}"
resources='"pids":{"limit":50},"devices":[{"allow":false,"access":"rwm"}]'
[ "$(stat -f -c %t /sys/fs/cgroup)" = 63677270 ] && resources='"devices":[{"allow":false,"access":"rwm"}]'
linux_more=',"sysctl":{"net.ipv4.ip_forward":"1"},"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdirat"],"action":"SCMP_ACT_ERRNO"}]}'
process_more=',"oomScoreAdj":100,"rlimits":[{"type":"RLIMIT_NOFILE","soft":77,"hard":99}]'
config b
args='["/bin/sleep","600"]'
config s
top_more=',"hooks":{"prestart":[{"path":"/bin/true"}],"createContainer":[{"path":"/bin/true"}],"poststop":[{"path":"/bin/true"}]}'
config h
config_reset
namespaces="$namespaces,{\"type\":\"user\"}"
linux_more=',"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}]'
chmod 755 .
chown -R 100000:100000 u/rootfs
config u

for b in n t j r; do
	bundle $b
done
top_more=
linux_more=",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"$TMP/agent.sock\",\"syscalls\":[{\"names\":[\"mkdirat\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}"
config n
config_reset
terminal=true
config t
terminal=false
unshare -n sleep 600 &
holder=$!
at_exit "kill $holder"
mkdir -m 0700 closed
mkdir closed/in
mounts_more=",{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$TMP/closed/in\",\"options\":[\"rbind\",\"ro\"]},{\"destination\":\"/i\",\"type\":\"bind\",\"source\":\"$TMP/src\",\"options\":[\"bind\",\"idmap\"]}"
namespaces=$(echo "$namespaces" | sed "s,{\"type\":\"network\"},{\"type\":\"network\"\,\"path\":\"/proc/$holder/ns/net\"},")",{\"type\":\"user\"},{\"type\":\"time\"}"
linux_more=',"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"timeOffsets":{"boottime":{"secs":60}}'
chown -R 100000:100000 j/rootfs
config j
config_reset
namespaces=$(echo "$namespaces" | sed 's/{"type":"mount"},//')
config r

sweep() { # verb mode most
	case " ${VERBS:-$1} " in *" $1 "*) ;; *) return ;; esac
	[ "${FAULTS:-}" = full ] && most=0 || most=$3
	if python3 "$TOP/tests/lib/faults.py" "$1" "$2" --most "$most" >"$1.$2" 2>&1; then
		ok "$(cat "$1.$2")"
	else
		fail "$1: $2" "$(cat "$1.$2")"
	fi
	oci delete --force left 2>/dev/null
}
for verb in run run-userns run-usher run-shared run-notify run-tty create create-hooks start exec exec-tty update pause resume kill delete delete-force; do
	sweep "$verb" fail 2
done
for verb in run run-userns run-usher run-notify run-tty create create-hooks start exec exec-tty update pause delete delete-force; do
	sweep "$verb" kill 1
done
cat ./*.fail ./*.kill | awk '
/ calls of .* fail/ { tried += $2; went += $8 } / killed at / { killed += $4; left += $6 }
END { printf "# note: %d calls fail, %d of them with a fallback; killed at %d calls, %d times something was left to remove\n", tried, went, killed, left }'
no_leftovers "nothing is left"
tap_end
