#!/bin/sh
# timeout: 180
# exec with every option, seen from inside: who it is, where it runs, what it inherits, what is refused.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox

bundle b
for applet in ionice id sed readlink; do
	ln -sf busybox b/rootfs/bin/$applet
done
printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:2000:2000::/home/user:/bin/sh\n' >b/rootfs/etc/passwd

stay() { # a container that stays; its id in $id
	args='["/bin/sleep","1000"]'
	config b
	container_name
	oci run --detach --bundle b "$id" || fail "a container that stays"
}
is() { # name expected ARGS...
	name=$1 expected=$2
	shift 2
	expect_equal "$expected" "$(oci exec "$@" 2>&1)" "$name"
}
refused() { # name regex ARGS...
	name=$1 regex=$2
	shift 2
	expect_err 255 "$regex" "$name" oci exec "$@"
}
status='grep -E "^(Uid|Gid|Groups)" /proc/self/status | cut -f2- | tr "\n\t" " ,"'
caps() { sed -n "s/^Cap\(...\):.*\(.\{8\}\)$/\1 \2/p" | tr '\n' ' '; }

user='{"uid":7,"gid":8,"additionalGids":[9],"umask":63}'
process_more=',"rlimits":[{"type":"RLIMIT_NOFILE","soft":55,"hard":66}],"oomScoreAdj":50,"ioPriority":{"class":"IOPRIO_CLASS_BE","priority":6},"scheduler":{"policy":"SCHED_BATCH","nice":3}'
stay

# who
is "the container's user" "7,7,7,7 8,8,8,8 9  " "$id" sh -c "$status"
is "--user UID keeps the container's group" "1000,1000,1000,1000 8,8,8,8 9  " --user 1000 "$id" sh -c "$status"
is "--user UID:GID" "1000,1000,1000,1000 1001,1001,1001,1001 9  " -u 1000:1001 "$id" sh -c "$status"
is "--additional-gids are added" "7,7,7,7 8,8,8,8 9 100 65534  " -g 100 --additional-gids=65534 "$id" sh -c "$status"
for bad in :5 1: user user:group 1000:group " 1000" "1000 " 1e3 0x0 -1 +5 4294967295 1000:4294967295 1000:1:1 ""; do
	[ "$bad" ] || continue
	expect_err 1 'is not uid\[:gid\] in digits' "CVE-2026-30892: --user '$bad'" oci exec "--user=$bad" "$id" id
done
is "CVE-2026-30892: --user 1 is 1" "1,1,1,1 8,8,8,8 9  " --user 1 "$id" sh -c "$status"
expect_err 1 'is not a number' "--additional-gids x" oci exec --additional-gids x "$id" id

# what
is "--cwd" /tmp --cwd /tmp "$id" sh -c pwd
refused "--cwd relative" "not an absolute path" --cwd tmp "$id" true
is "--env adds and replaces" "/bin:/other ab" --env PATH=/bin:/other -e A=a -e A=ab "$id" sh -c 'echo $PATH $A'
is "HOME of --user" /home/user --user 2000 "$id" sh -c 'echo $HOME'
is "umask, limits, oom_score_adj of the container" "0077 55 66 50" "$id" sh -c 'echo $(umask) $(ulimit -n) $(ulimit -Hn) $(cat /proc/self/oom_score_adj)'
is "scheduler and I/O priority of the container" "3 0 3 best-effort: prio 6" "$id" sh -c 'echo $(cut -d" " -f19,40,41 /proc/$$/stat) $(ionice -p $$)'
is "its namespaces are the container's" "$(for ns in cgroup ipc mnt net pid uts; do readlink "/proc/$(oci state "$id" | sed 's/.*"pid":\([0-9]*\).*/\1/')/ns/$ns"; done)" \
	"$id" sh -c 'for ns in cgroup ipc mnt net pid uts; do readlink /proc/self/ns/$ns; done'
oci exec "$id" sh -c 'exit 42'
expect_equal 42 $? "its exit status"
oci exec "$id" sh -c 'kill -9 $$'
expect_equal 137 $? "killed by a signal"
expect_err 255 'executable file not found' "no such command" oci exec "$id" nosuch
expect_err 255 'permission denied' "not executable" oci exec "$id" /etc/passwd
expect_err 1 'there is no command' "no command" oci exec "$id"
expect_out piped "stdin reaches it" sh -c "echo piped | \"$RUNTIME\" oci --root \"$STATE\" exec $id cat"

# descriptors and processes
is "nothing of ours is open inside" "0 1 2 3" "$id" sh -c 'echo $(ls /proc/self/fd)'
echo kept >kept
exec 3<kept 4<kept
is "--preserve-fds" "kept" --preserve-fds 2 "$id" sh -c 'cat <&4'
exec 3<&- 4<&-
oci exec --detach --pid-file pid "$id" sleep 500
pid=$(cat pid 2>/dev/null)
expect "--detach --pid-file" grep -q "^Name:	sleep" "/proc/$pid/status"
expect_equal "$(cat "/proc/$(oci state "$id" | sed 's/.*"pid":\([0-9]*\).*/\1/')/cgroup")" "$(cat "/proc/$pid/cgroup")" "it is in the container's cgroups"
before=$(oci exec "$id" ps | grep -c sleep)
refused "a pid file that cannot be written" 'pid file /nowhere/pid' --detach --pid-file /nowhere/pid "$id" sleep 501
expect_equal "$before" "$(oci exec "$id" ps | grep -c sleep)" "and its process is gone"

# capabilities
expect_equal "Inh 00000000 Prm 00000000 Eff 00000000 Bnd a80425fb Amb 00000000 " "$(oci exec "$id" cat /proc/self/status | caps)" "another user: nothing in force"
expect_equal "Inh 00000000 Prm a80435fb Eff a80435fb Bnd a80435fb Amb 00000000 " "$(oci exec --user 0 --cap CAP_NET_ADMIN "$id" cat /proc/self/status | caps)" "--cap adds"
expect_out 'capability "CAP_MOON" is not known' "--cap unknown is a warning" oci exec --user 0 --cap CAP_MOON "$id" true
is "--no-new-privs" "NoNewPrivs:	1" --no-new-privs "$id" grep NoNewPrivs /proc/self/status

# a process document
document() { # MORE
	cat >process.json <<JSON
{"args":["/bin/sh","-c","$1"],"cwd":"/tmp","env":["PATH=/bin"]${2-}}
JSON
}
document 'pwd; echo $(umask) $(ulimit -n) $(cat /proc/self/oom_score_adj) $(ionice -p $$)'
is "--process: what it leaves out is the container's" "/tmp
0077 55 50 best-effort: prio 6" --process process.json "$id"
document 'echo $(umask) $(ulimit -n) $(cat /proc/self/oom_score_adj) $(ionice -p $$) $(cut -d\" \" -f19,41 /proc/$$/stat); id -u' \
	',"user":{"uid":0,"gid":0,"umask":18},"rlimits":[{"type":"RLIMIT_NOFILE","soft":33,"hard":33}],"oomScoreAdj":60,"ioPriority":{"class":"IOPRIO_CLASS_IDLE","priority":0},"scheduler":{"policy":"SCHED_OTHER","nice":4}'
is "what it says counts" "0022 33 60 idle 4 0
0" --process process.json "$id"
document 'grep -E \"^Cap(Bnd|Eff)\" /proc/self/status | tr -d \"\\\\n\"' ',"user":{"uid":0,"gid":0},"capabilities":{"bounding":["CAP_KILL"],"effective":["CAP_KILL"],"permitted":["CAP_KILL"]}'
is "its capabilities" "CapEff:	0000000000000020CapBnd:	0000000000000020" --process process.json "$id"
if [ "$(nproc)" -gt 1 ]; then
	document 'grep Cpus_allowed_list /proc/self/status | cut -f2' ',"execCPUAffinity":{"initial":"0","final":"1"}'
	is "execCPUAffinity: final" 1 --process process.json "$id"
	document 'grep Cpus_allowed_list /proc/self/status | cut -f2' ',"execCPUAffinity":{"initial":"1"}'
	is "execCPUAffinity: initial alone stays" 1 --process process.json "$id"
	expect_equal "$(grep Cpus_allowed_list /proc/self/status | cut -f2)" \
		"$(taskset -c 0 "$RUNTIME" oci --root "$STATE" exec "$id" grep Cpus_allowed_list /proc/self/status | cut -f2)" "none: all processors"
	document true ',"execCPUAffinity":{"final":"1000"}'
	refused "a processor that is not there" "run on processors 1000" --process process.json "$id"
else
	skip "execCPUAffinity" "one processor"
fi
echo '{"args":[]}' >process.json
refused "a document without a command" 'process: ' --process process.json "$id"
refused "no document" 'nosuch.json' --process nosuch.json "$id"
[ -e /sys/module/apparmor ] || refused "--apparmor without AppArmor" 'AppArmor is not enabled' --apparmor some "$id" true
[ -e /sys/fs/selinux/enforce ] || refused "--process-label without SELinux" 'SELinux is not enabled' --process-label some "$id" true

# cgroups below the container's
v2=$(stat -f -c %t /sys/fs/cgroup)
find /sys/fs/cgroup -maxdepth 4 -type d -path "*$CGROUP/b" | while read -r d; do
	mkdir "$d/below"
	for f in cpuset.cpus cpuset.mems; do
		[ ! -e "$d/$f" ] || cat "$d/$f" >"$d/below/$f"
	done
done 2>/dev/null
of='cat /proc/self/cgroup'
case $v2 in
63677270)
	is "--cgroup" 1 --cgroup below "$id" sh -c "$of | grep -c '/below\$'"
	is "--cgroup /: the container's own" 0 --cgroup / "$id" sh -c "$of | grep -c below"
	;;
*)
	n=$(oci exec "$id" sh -c "$of" | grep -c ":/$")
	is "--cgroup without a controller: all of them" "$n" --cgroup below "$id" sh -c "$of | grep -c '/below\$'"
	is "--cgroup with one" "memory:/below" --cgroup memory:below "$id" sh -c "$of | grep below | cut -d: -f2-"
	is "--cgroup with two" 2 --cgroup memory,pids:below "$id" sh -c "$of | grep -c below"
	is "--cgroup /: the container's own" 0 --cgroup / "$id" sh -c "$of | grep -c below"
	refused "--cgroup, an unknown controller" 'unknown controller "moon"' --cgroup moon:below "$id" true
	refused "--cgroup twice without controllers" 'missing <controller>: prefix' --cgroup a --cgroup b "$id" true
	refused "--cgroup, an empty controller" 'unknown controller ""' --cgroup :below "$id" true
	refused "--cgroup memory:.." '.. is not a sub cgroup path' --cgroup memory:.. "$id" true
	;;
esac
for bad in .. ../x below/../../x /..; do
	refused "crun --cgroup: '$bad'" 'is not a sub cgroup path' --cgroup "$bad" "$id" true
done
refused "--cgroup of nothing" "adding pid 0 to cgroups: .*$CGROUP/b/nosuch/cgroup.procs: no such file" --cgroup nosuch "$id" true

# states
oci pause "$id"
expect_err 255 'paused container' "a paused container is no place to exec" timeout 20 "$RUNTIME" oci --root "$STATE" exec "$id" true
"$RUNTIME" oci --root "$STATE" exec --ignore-paused "$id" echo resumed >out 2>&1 &
exec_pid=$!
sleep 0.3
expect "--ignore-paused waits" kill -0 $exec_pid
oci resume "$id"
wait $exec_pid
expect_equal "0 resumed" "$? $(cat out)" "until it is resumed"
oci kill "$id" KILL
wait_for 10 sh -c "\"$RUNTIME\" oci --root \"$STATE\" state $id | grep -q stopped"
expect_err 255 'cannot exec in a stopped container' "a stopped container" oci exec "$id" true
oci delete "$id"
expect_err 255 'does not exist|no such container' "no container" oci exec "$id" true
config b
container_name
oci create --bundle b "$id"
is "a created container can be entered" ok "$id" echo ok
oci delete --force "$id"
config_reset
no_leftovers "nothing is left"
tap_end
