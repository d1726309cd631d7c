#!/bin/sh
# timeout: 120
# The process object, seen from inside the container and, where the kernel shows it, from outside.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox

bundle b
for applet in ionice id; do
	ln -sf busybox b/rootfs/bin/$applet
done
printf 'root:x:0:0:root:/root:/bin/sh\nbroken line\nuser:x:2000:2000::/home/user:/bin/sh\nlast:x:3000:3000::/home/last:/bin/sh' >b/rootfs/etc/passwd

run() {
	config b
	container_name
	oci run --bundle b "$id" 2>&1
}
is() { # name expected
	expect_equal "$2" "$(run)" "$1"
}
refused() { # name regex
	config b
	container_name
	expect_err 1 "$2" "$1" oci run --bundle b "$id"
}

# scheduler: policy, nice and real-time priority as the kernel tells them. What is not set is inherited.
read -r stat </proc/self/stat # not by nice(1): a guest has none
set -- $stat
nice=${19}
sh_args 'cut -d" " -f41,19,40 /proc/$$/stat'
process_more=',"scheduler":{"policy":"SCHED_BATCH","nice":7}'
is "SCHED_BATCH with nice" "7 0 3"
process_more=',"scheduler":{"policy":"SCHED_OTHER","nice":-5}'
is "SCHED_OTHER, a negative nice" "-5 0 0"
process_more=',"scheduler":{"policy":"SCHED_IDLE"}'
is "SCHED_IDLE" "$nice 0 5"
process_more=',"scheduler":{"policy":"SCHED_FIFO","priority":3,"flags":["SCHED_FLAG_RESET_ON_FORK"]}'
if [ -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ]; then
	skip "SCHED_FIFO, SCHED_RR" "new cgroups of this kernel have no real-time share"
else
	is "SCHED_FIFO" "0 3 1"
	sh_args 'cut -d" " -f41,19,40 /proc/self/stat; :'
	is "a flag: children do not inherit it" "0 0 0"
	process_more=',"scheduler":{"policy":"SCHED_RR","priority":9}'
	is "SCHED_RR" "0 9 2"
fi
process_more=',"scheduler":{"policy":"SCHED_OTHER","priority":9}'
refused "a priority that the policy does not have" "priority: is for SCHED_FIFO"
args='["/bin/sleep","1000"]'
process_more=',"scheduler":{"policy":"SCHED_DEADLINE","flags":["SCHED_FLAG_RESET_ON_FORK"],"runtime":42000,"deadline":100000,"period":1000000}'
config b
container_name
if ! command -v chrt >/dev/null; then
	skip "SCHED_DEADLINE" "no chrt"
elif oci run --bundle b --detach "$id" 2>err; then
	pid=$(oci state "$id" | sed 's/.*"pid":\([0-9]*\).*/\1/')
	chrt -p "$pid" >out
	expect "SCHED_DEADLINE" grep -q "SCHED_DEADLINE|SCHED_RESET_ON_FORK" out
	expect "its three times" grep -q "42000/100000/1000000" out
	oci delete --force "$id"
elif grep -q "AllowedCPUs" err; then
	skip "SCHED_DEADLINE" "not admitted on this machine"
else
	fail "SCHED_DEADLINE" "$(cat err)"
fi

# I/O priority
sh_args 'ionice -p $$'
process_more=',"ioPriority":{"class":"IOPRIO_CLASS_BE","priority":4}'
is "I/O priority, best effort" "best-effort: prio 4"
process_more=',"ioPriority":{"class":"IOPRIO_CLASS_IDLE","priority":0}'
is "I/O priority, idle" "idle"
process_more=',"ioPriority":{"class":"IOPRIO_CLASS_BE","priority":8}'
refused "an I/O priority that does not exist" "ioPriority.priority"

# processors: what we were started with is not the container's
process_more=
sh_args 'grep Cpus_allowed_list /proc/self/status | tr -d "\t"'
all=$(grep Cpus_allowed_list /proc/self/status | tr -d '\t')
config b
container_name
if command -v taskset >/dev/null; then
	expect_equal "$all" "$(taskset -c 0 "$RUNTIME" oci --root "$STATE" run --bundle b "$id")" "run: all processors, whatever the runtime may use"
fi

# environment
sh_args 'echo $HOME'
is "HOME of root from /etc/passwd" /root
user='{"uid":2000,"gid":2000}'
is "HOME of another user" /home/user
user='{"uid":3000,"gid":3000}'
is "HOME in a last line without an end" /home/last
user='{"uid":4000,"gid":4000}'
is "HOME of a user that is not there" /
config_reset
env='"PATH=/bin","HOME=/given"'
sh_args 'echo $HOME'
is "a HOME that is given" /given
env='"PATH=/bin","HOME=/given","HOME="'
is "an empty HOME is none" /root
env='"ONE=a","PATH=/nowhere","ONE=b","PATH=/bin","ONE="'
args='["env"]'
is "the last value of a name counts, also for finding the command" "PATH=/bin
ONE=
HOME=/root"
config_reset
mv b/rootfs/etc/passwd passwd
mkfifo b/rootfs/etc/passwd
sh_args 'echo $HOME'
is "an /etc/passwd that is a pipe is not waited for" /
rm b/rootfs/etc/passwd
ln -s /dev/zero b/rootfs/etc/passwd
is "nor is a device read" /
rm b/rootfs/etc/passwd
head -c 5000000 /dev/zero | tr '\0' 'x' >b/rootfs/etc/passwd
is "a line of 5 MB is no user" /
mv passwd b/rootfs/etc/passwd

# limits above our own, which root of a user namespace may not raise
namespaces='{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"},{"type":"network"},{"type":"cgroup"},{"type":"user"}'
linux_more=',"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}]'
chmod 755 "$TMP"
chown -R 100000:100000 b/rootfs
sh_args 'ulimit -Hn; ulimit -n'
process_more=',"rlimits":[{"type":"RLIMIT_NOFILE","soft":99,"hard":99}]'
is "a limit in a user namespace" "99
99"
above=$(($(ulimit -Hn) + 1))
if (ulimit -Hn $above) 2>/dev/null; then
	process_more=',"rlimits":[{"type":"RLIMIT_NOFILE","soft":'$above',"hard":'$above'}]'
	is "a limit above our own in a user namespace" "$above
$above"
else
	process_more=',"rlimits":[{"type":"RLIMIT_NOFILE","soft":99,"hard":'$above'}]'
	config b
	container_name
	expect_err 1 'set RLIMIT_NOFILE' "a limit that is not ours to raise is an error by name" oci run --bundle b "$id"
fi
process_more='' args='["/bin/stat","-c","%u","/dev/mqueue"]'
is "the message queues are those of its root" 0
chown -R 0:0 b/rootfs
config_reset

# labels
sh_args 'echo ran'
process_more=',"apparmorProfile":"","selinuxLabel":""'
is "empty labels are none" ran
if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; then
	process_more=',"apparmorProfile":"unconfined"'
	is "AppArmor: unconfined" ran
	process_more=',"apparmorProfile":"no-such-profile"'
	refused "AppArmor: a profile that is not loaded" 'AppArmor profile "no-such-profile"'
	if grep -q '^cleat-test ' /sys/kernel/security/apparmor/profiles 2>/dev/null; then
		process_more=',"apparmorProfile":"cleat-test"'
		args='["/bin/cat","/proc/self/attr/current"]'
		is "AppArmor: a profile" "cleat-test (complain)"
		top_more=',"hooks":{"startContainer":[{"path":"/bin/sh","args":["sh","-c","true"]}]}'
		is "AppArmor: the same with a hook before" "cleat-test (complain)"
		top_more=''
		args='["/bin/sleep","1000"]' process_more=''
		config b
		container_name
		oci run --detach --bundle b "$id"
		expect_out '^unconfined' "AppArmor: no profile" oci exec "$id" cat /proc/self/attr/current
		expect_out '^cleat-test' "AppArmor: exec --apparmor" oci exec --apparmor cleat-test "$id" cat /proc/self/attr/current
		oci delete --force "$id"
		for more in '{"type":"user"}' '{"type":"time"}'; do
			process_more=',"apparmorProfile":"cleat-test"'
			saved=$namespaces
			namespaces="$namespaces,$more"
			linux_more=',"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}]'
			[ "$more" = '{"type":"user"}' ] || linux_more=''
			config b
			namespaces=$saved linux_more='' process_more=''
			container_name
			expect "AppArmor: $more" oci run --detach --bundle b "$id"
			expect_out '^cleat-test' "AppArmor: exec has the profile" oci exec "$id" cat /proc/self/attr/current
			expect_equal 'cleat-test (complain)' "$(cat "/proc/$(oci state "$id" | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')/attr/current")" "AppArmor: as the container"
			oci delete --force "$id"
		done
		sh_args 'echo ran'
	fi
else
	process_more=',"apparmorProfile":"unconfined"'
	is "without AppArmor everything is unconfined" ran
	process_more=',"apparmorProfile":"docker-default"'
	refused "a profile without AppArmor is an error" 'docker-default": AppArmor is not enabled'
fi
if [ ! -e /sys/fs/selinux/enforce ]; then
	process_more=',"selinuxLabel":"system_u:system_r:container_t:s0"'
	refused "a label without SELinux is an error" "container_t:s0\": SELinux is not enabled"
fi
config_reset
no_leftovers "nothing is left"
tap_end
