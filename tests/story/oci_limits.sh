#!/bin/sh
# timeout: 120
# Limits bite before the first instruction of the container, on whatever cgroup version this kernel has.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox

bundle b
v2=
[ "$(stat -f -c %t /sys/fs/cgroup)" = 63677270 ] && v2=yes

# a controller that is not there makes the limit an error by name, and the check below cannot run
have() {
	if [ "$v2" ]; then
		grep -qw "$1" /sys/fs/cgroup/cgroup.controllers
	else
		[ -d "/sys/fs/cgroup/$1" ]
	fi
}
limited() { # controller name
	have "$1" && return 0
	skip "$2" "this kernel has no $1 controller"
	return 1
}
run() {
	config b
	container_name
	oci run --bundle b "$id" 2>&1
}

if limited pids "pids"; then
	resources='"pids":{"limit":1}'
	sh_args '/bin/true; echo went on' # containerd CVE-2025-47291: the first fork is already counted
	out=$(run)
	case $out in
	*fork*) ok "pids.limit 1: the first fork fails" ;;
	*) fail "pids.limit 1: the first fork fails" "$out" ;;
	esac
	resources='"pids":{"limit":8}'
	sh_args 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 3 & done; wait'
	out=$(run)
	case $out in
	*fork*) ok "pids.limit 8: twelve children are too many" ;;
	*) fail "pids.limit 8: twelve children are too many" "$out" ;;
	esac
fi

if limited memory "memory"; then
	resources='"memory":{"limit":16777216,"swap":16777216}'
	args='["/bin/tail","-c","200000000","/dev/zero"]'
	config b
	container_name
	expect_rc 137 "memory.limit: the kernel kills what needs more" oci run --bundle b "$id"
	sh_args 'echo fits'
	config b
	container_name
	expect_out fits "what fits runs" oci run --bundle b "$id"
	resources='"memory":{"limit":524288}'
	args='["/bin/true"]'
	config b
	container_name
	expect "512 KiB are enough for the runtime's own part" oci run --bundle b "$id"
fi

if limited cpu "cpu"; then
	resources='"cpu":{"quota":20000,"period":100000,"shares":512}'
	# user + system time over one second of wall time
	sh_args '(while :; do :; done) & sleep 1; kill $!; wait; cat /proc/$$/stat | cut -d" " -f16'
	ticks=$(run | tail -n 1)
	if [ "${ticks:-0}" -gt 2 ] && [ "$ticks" -lt 45 ]; then
		ok "cpu.quota: about a fifth of a second of CPU in a second"
	else
		fail "cpu.quota: about a fifth of a second of CPU in a second" "ticks: $ticks"
	fi
fi

# device rules: the node can be made, the device cannot be opened; null is always there
resources='"devices":[{"allow":false,"access":"rwm"}]'
caps="$docker_caps,\"CAP_SYSLOG\"" # what /dev/kmsg asks for by itself
sh_args 'mknod /tmp/kmsg c 1 11; cat /tmp/kmsg; echo x >/dev/null && cat /dev/null && echo null works; dd if=/dev/zero of=/dev/null bs=1 count=1 2>/dev/null && echo zero works'
out=$(run)
expect_equal "cat: can't open '/tmp/kmsg': Operation not permitted
null works
zero works" "$out" "devices: what no rule allows cannot be opened"
resources='"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":11,"access":"r"}]'
sh_args 'dd if=/tmp/kmsg of=/dev/null bs=9000 count=1 2>&1 | grep -c "not permitted"; (echo x >/tmp/kmsg) 2>&1 | grep -o "not permitted"'
out=$(run)
expect_equal "0
not permitted" "$out" "devices: read is allowed, write is not"
resources='"devices":[{"allow":true,"access":"rwm"},{"allow":false,"type":"c","major":1,"minor":11,"access":"w"}]'
out=$(run)
expect_equal "0
not permitted" "$out" "devices: a later rule takes away what an earlier one gave"
resources='"devices":[{"allow":true,"access":"rwm"},{"allow":false,"access":"w"}]'
sh_args 'dd if=/tmp/kmsg of=/tmp/x bs=9000 count=1 2>&1 | grep -c "not permitted"; (echo x >/tmp/kmsg) 2>&1 | grep -o "not permitted"'
if [ "$v2" ]; then
	out=$(run)
	expect_equal "0
not permitted" "$out" "devices: a rule for all devices takes away no more than it says"
else
	config b
	container_name
	expect_err 1 'take a part out of another device rule' "devices: what v1 cannot do is refused" oci run --bundle b "$id"
fi
resources=''
sh_args 'cat /tmp/kmsg; echo x >/dev/null && echo null works'
out=$(run)
expect_equal "cat: can't open '/tmp/kmsg': Operation not permitted
null works" "$out" "devices: without rules as if all were denied"

resources='"unified":{"pids.max":"9\n3"}'
args='["/bin/true"]'
config b
container_name
if [ "$v2" ] && have pids; then
	expect "unified" oci run --bundle b "$id"
elif [ ! "$v2" ]; then
	expect_err 1 'unified needs cgroup v2' "unified is refused on v1" oci run --bundle b "$id"
fi
# whose the cgroup is
if [ "$v2" ]; then
	resources='' user='{"uid":1000,"gid":1000}'
	sh_args 'cd /sys/fs/cgroup; stat -c %u . cgroup.procs cgroup.freeze; mkdir sub 2>&1'
	out=$(run)
	expect_equal "0 0 0 mkdir: can't create directory 'sub': Read-only file system" "$(echo $out)" "a cgroup that the container only reads stays ours"
	sh_args 'cd /sys/fs/cgroup; stat -c %u . cgroup.procs cgroup.freeze; mkdir sub 2>&1 && echo $$ >sub/cgroup.procs && echo moved'
	config b
	sed 's/"relatime","ro"/"relatime"/' b/config.json >c && mv c b/config.json
	container_name
	out=$(oci run --bundle b "$id" 2>&1)
	expect_equal "1000 1000 0 moved" "$(echo $out)" "one that it may write to is its user's, but for the limits"
	config_reset
fi

resources='"memory":{"limit":1000,"swap":10}'
config b
expect_err 1 'less than memory alone' "swap below memory" oci run --bundle b "$id"
config_reset
if [ "$v2" ] && have memory && [ -e /proc/swaps ]; then
	resources='"memory":{"swap":0}'
	sh_args 'cat /sys/fs/cgroup/memory.swap.max'
	expect_equal 0 "$(run)" "swap 0 and no limit of memory: no swap"
	config_reset
fi
# the host's /sys brings its cgroup tree along
mounts_more=',{"destination":"/sys","type":"bind","source":"/sys","options":["rbind"]},
	{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["ro"]}'
sh_args 'find /sys/fs/cgroup -name cgroup.procs | wc -l; cat /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/pids/cgroup.procs 2>/dev/null | grep -c "^1$"'
out=$(run)
expect_equal 1 "$(printf '%s\n' "$out" | tail -n 1)" "a cgroup mount upon a bind of /sys" || tap_diag "$out"
config_reset
linux_more=',"cgroupsPath2":""'
config b
sed "s#\"cgroupsPath\":\"[^\"]*\"#\"cgroupsPath\":\"$CGROUP/../x\"#" b/config.json >c && mv c b/config.json
expect_err 1 'leads upwards' "a cgroupsPath with .." oci run --bundle b "$id"

# where the cgroup is, in every hierarchy
config_reset
sh_args 'sleep 60'
hierarchies=
[ "$v2" ] && hierarchies=0:: # v1 may be there, but is not mounted
placed() { # NAME PATH-IN-CONFIG WANT, as lines of /proc/PID/cgroup end
	config b
	sed "s#\"cgroupsPath\":\"[^\"]*\",#$2#" b/config.json >c && mv c b/config.json
	container_name
	oci create --bundle b --pid-file "$TMP/pid" "$id" || fail "$1: create"
	case $3 in
	/*) sed "s#:/.*#:$(echo "$3" | sed "s/ID/$id/")#" /proc/self/cgroup ;;
	*) sed "s#/\$##; s#\$#/$3#" /proc/self/cgroup ;;
	esac | grep "^$hierarchies" >want
	expect_equal "$(cat want)" "$(grep "^$hierarchies" "/proc/$(cat "$TMP/pid")/cgroup")" "$1"
	expect "$1: delete" oci delete "$id"
	expect_equal 0 "$(find /sys/fs/cgroup -maxdepth 5 -name "$id" -type d 2>/dev/null | wc -l)" "$1: and it is gone"
}
placed "an absolute cgroupsPath is below the roots" "\"cgroupsPath\":\"$CGROUP/a/b\"," "$CGROUP/a/b"
placed "a relative one below our own" "\"cgroupsPath\":\"cleat-story-$$/x\"," "cleat-story-$$/x"
placed "without one it is /ID" "" "/ID"
placed "and with an empty one" '"cgroupsPath":"",' "/ID"
find /sys/fs/cgroup -depth \( -path "*$CGROUP/a" -o -name "cleat-story-$$" \) -type d -exec rmdir {} + 2>/dev/null
no_leftovers "nothing is left"
tap_end
