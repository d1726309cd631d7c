#!/bin/sh
# timeout: 120
# What a container has used, as runc's events print it: containerd's and Docker's figures come from here.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox

bundle b
v2=
[ "$(stat -f -c %t /sys/fs/cgroup)" = 63677270 ] && v2=yes
state_is() { oci state "$id" 2>/dev/null | grep -q "\"status\":\"$1\""; }
where() {
	[ "$v2" ] && echo "/sys/fs/cgroup$CGROUP/b/$1" || echo "/sys/fs/cgroup/${1%%.*}$CGROUP/b/$1"
}
has() { [ -e "$(where "$1")" ]; }
# field REGEX: what the parentheses of the first match hold
field() { sed -nE "s/.*$1.*/\1/p" one | head -n 1; }
between() { # NAME LOW HIGH VALUE
	if [ "${4:-x}" -ge "$2" ] 2>/dev/null && [ "$4" -le "$3" ]; then
		ok "$1"
	else
		fail "$1" "expected: $2 to $3" "got: ${4:-nothing}" "$(cat one)"
	fi
}

resources='"pids":{"limit":50}'
[ "$v2" ] && ! grep -qw pids /sys/fs/cgroup/cgroup.controllers && resources=''
sh_args 'i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; head -c 3000000 /dev/zero >/tmp/file; touch /tmp/done; sleep 60'
config b
container_name
oci run --detach --bundle b "$id"
wait_for 20 test -e b/rootfs/tmp/done

expect "events --stats" oci events --stats "$id"
oci events --stats "$id" >one
expect_equal 1 "$(wc -l <one)" "is one line"
expect "with type, id and data first" grep -q "^{\"type\":\"stats\",\"id\":\"$id\",\"data\":{\"cpu\":{\"usage\":{\"total\":" one
if command -v python3 >/dev/null; then
	expect "which is JSON" python3 -c 'import json; json.load(open("one"))'
fi
for key in cpuset memory pids blkio hugetlb intel_rdt network_interfaces; do
	grep -q "\"$key\":" one || fail "has $key" "$(cat one)"
done
total=$(field '"usage":\{"total":([0-9]+)')
if has cpuacct.usage || [ "$v2" ]; then
	between "the time on the CPU is that of the cgroup, in nanoseconds" 1000000 60000000000 "$total"
	[ "$v2" ] && now=$(sed -n 's/usage_usec //p' "$(where cpu.stat)")000 || now=$(cat "$(where cpuacct.usage)")
	between "and not more than now" "$total" $((total + 2000000000)) "$now"
fi
if has pids.current; then
	expect_equal "$(cat "$(where pids.current)")" "$(field '"pids":\{"current":([0-9]+)')" "pids.current"
	expect_equal 50 "$(field '"pids":\{"current":[0-9]+,"limit":([0-9]+)')" "pids.limit"
fi
if has memory.usage_in_bytes || has memory.current; then
	between "memory.usage" 100000 200000000 "$(field '"usage":\{"limit":[0-9]+,"usage":([0-9]+)')"
	# of 3 MB: memory.stat lags behind by up to 64 pages a CPU
	between "memory.cache has the file" 2000000 200000000 "$(field '"cache":([0-9]+)')"
	[ "$v2" ] && limit=18446744073709551615 || limit=$(cat "$(where memory.limit_in_bytes)")
	expect_equal "$limit" "$(field '"usage":\{"limit":([0-9]+)')" "memory.limit"
	expect "memory.stat is there" grep -qE '"raw":\{"[a-z_]+":[0-9]+,' one
fi
[ "$v2" ] || expect "cpuset.cpus is a list" grep -qE '"cpuset":\{"cpus":\[0[],]' one
if [ "$v2" ] && has cpu.pressure; then
	expect "pressure" grep -qE '"psi":\{"some":\{"avg10":[0-9.]+,"avg60":[0-9.]+,"avg300":[0-9.]+,"total":[0-9]+\}' one
fi

# in a row, until it ends
start events "$RUNTIME" oci --root "$STATE" events --interval 100ms "$id"
watcher=$started
three() { [ "$(grep -c '^{"type":"stats"' events.log)" -ge 3 ]; }
expect "events --interval prints again and again" wait_for 10 three
oci kill "$id" KILL
wait_for 5 state_is stopped
gone() { ! kill -0 "$watcher" 2>/dev/null; }
expect "and ends with the container" wait_for 5 gone
wait "$watcher"
expect_equal 0 $? "with 0"
expect_equal 0 "$(grep -cv '"type":"stats"' events.log)" "there was no other event"
expect_err 1 "is not running" "events of a stopped container" oci events --stats "$id"
oci delete "$id"
expect_err 1 "does not exist" "events of nothing" oci events --stats nobody
expect_err 1 "greater than 0" "an interval of nothing" oci events --interval 0s nobody
expect_err 1 "greater than 0" "an interval that is none" oci events --interval soon nobody

# the kernel kills for lack of memory: an event, and no earlier
memory=
if [ "$v2" ]; then
	grep -qw memory /sys/fs/cgroup/cgroup.controllers && memory=yes
else
	[ -d /sys/fs/cgroup/memory ] && memory=yes
fi
if [ "$memory" ]; then
	resources='"memory":{"limit":16777216,"swap":16777216}'
	sh_args 'while [ ! -e /tmp/go ]; do sleep 0.05; done; tail -c 200000000 /dev/zero; sleep 60'
	config b
	container_name
	oci run --detach --bundle b "$id"
	start oom "$RUNTIME" oci --root "$STATE" events --interval 100ms "$id"
	watcher=$started
	runs() { grep -q '"type":"stats"' oom.log; }
	wait_for 10 runs
	touch b/rootfs/tmp/go
	killed() { grep -qF "{\"type\":\"oom\",\"id\":\"$id\"}" oom.log; }
	expect "lack of memory is an event" wait_for 30 killed
	expect_equal 1 "$(grep -c '"type":"oom"' oom.log)" "once"
	oci delete --force "$id"
	expect "events ends" wait_for 5 gone
	expect_equal 1 "$(grep -c '"type":"oom"' oom.log)" "the end is not another one"
	rm b/rootfs/tmp/go
fi
no_leftovers "nothing is left"
tap_end
