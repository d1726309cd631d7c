#!/bin/sh
# timeout: 120
# Limits as the kernel has them after create and after updates, from options, a file and standard input; also
# those that the machine's own controllers do not have, which are errors by name.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox

bundle b
v2=
[ "$(stat -f -c %t /sys/fs/cgroup)" = 63677270 ] && v2=yes
state_is() { oci state "$id" 2>/dev/null | grep -q "\"status\":\"$1\""; }
where() { # of a file: its controller's hierarchy
	[ "$v2" ] && echo "/sys/fs/cgroup$CGROUP/b/$1" || echo "/sys/fs/cgroup/${1%%.*}$CGROUP/b/$1"
}
has() { [ -e "$(where "$1")" ]; }
value() { cat "$(where "$1")"; }
is() { # FILE WANT NAME
	expect_equal "$2" "$(value "$1")" "$3: $1 is $2"
}
need_file() { # FILE NAME: can these checks run?
	has "$1" && return 0
	skip "$2" "this kernel has no $1"
	return 1
}
update() { # NAME OPTION...
	update_name=$1
	shift
	expect "update $update_name" oci update "$id" "$@"
}
from_stdin() { # NAME JSON
	if printf %s "$2" | oci update -r - "$id" >update.out 2>&1; then
		ok "update from standard input: $1"
	else
		fail "update from standard input: $1" "$(cat update.out)"
	fi
}

sh_args 'while :; do sleep 60; done'
config b
container_name
oci run --detach --bundle b "$id"

if [ "$v2" ]; then
	mem=memory.max soft=memory.low swap=memory.swap.max none=max
else
	mem=memory.limit_in_bytes soft=memory.soft_limit_in_bytes swap=memory.memsw.limit_in_bytes
	none=$(cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null)
fi
swap_is() { # MEMSW MEMORY NAME: v2 counts swap alone
	has $swap || return 0
	[ "$v2" ] && is $swap $(($1 - $2)) "$3" || is $swap "$1" "$3"
}

if need_file $mem "memory"; then
	update "--memory" --memory 64m
	is $mem 67108864 "--memory"
	update "--memory, --memory-reservation" --memory 33554432 --memory-reservation 16M
	is $mem 33554432 "--memory"
	is $soft 16777216 "--memory-reservation"
	# the kernel compares the two at every step: up and down
	update "memory and swap" --memory 30M --memory-swap 50M
	is $mem 31457280 "shrinking"
	swap_is 52428800 31457280 "shrinking"
	update "memory and swap beyond the old swap" --memory 60M --memory-swap 80M
	is $mem 62914560 "growing"
	swap_is 83886080 62914560 "growing"
	has $swap && update "swap alone" --memory-swap 100M && swap_is 104857600 62914560 "swap alone"
	update "both down again" --memory 20M --memory-swap 20M
	is $mem 20971520 "down"
	swap_is 20971520 20971520 "down"
	update "--memory -1" --memory -1
	is $mem "$none" "unlimited"
	has $swap && is $swap "$none" "unlimited, swap too"
	expect_err 1 'invalid value for --memory: "much"' "a size that is none" oci update --memory much "$id"
	[ "$v2" ] || expect_err 1 'cgroup v1: write "4096" to .*memory.limit_in_bytes' "less than is in use" oci update --memory 4096 "$id"
	if [ "$v2" ]; then
		echo '{"memory":{"limit":1024,"checkBeforeUpdate":true}}' >r.json
		expect_err 1 "rejecting memory limit" "less than is in use, and asked to look" oci update -r r.json "$id"
		echo '{"memory":{"limit":1024,"swap":2048,"checkBeforeUpdate":true}}' >r.json
		expect_err 1 'rejecting memory.swap limit' "the same with swap" oci update -r r.json "$id"
		expect "it still runs" state_is running
		expect_err 1 "swappiness does not exist in cgroup v2" "what only v1 has" sh -c \
			"echo '{\"memory\":{\"swappiness\":10}}' | '$RUNTIME' oci --root '$STATE' update -r - $id"
	elif has memory.swappiness; then
		from_stdin "swappiness" '{"memory":{"swappiness":10}}'
		is memory.swappiness 10 "JSON"
		from_stdin "no OOM killer" '{"memory":{"disableOOMKiller":true}}'
		expect "oom_kill_disable is 1" grep -q "^oom_kill_disable 1" "$(where memory.oom_control)"
	fi
fi

if [ "$v2" ] && need_file cpu.max "cpu"; then
	quota() { is cpu.max "$1 $2" "$3"; }
	share() { is cpu.weight "$1" "$2"; }
elif need_file cpu.cfs_quota_us "cpu"; then
	quota() { [ "$1" = max ] && set -- -1 "$2" "$3"; is cpu.cfs_quota_us "$1" "$3"; is cpu.cfs_period_us "$2" "$3"; }
	share() { is cpu.shares "$3" "$2"; }
fi
if has cpu.max || has cpu.cfs_quota_us; then
	update "the quota, without an older one" --cpu-quota 30000
	quota 30000 100000 "quota"
	update "the period" --cpu-period 50000
	quota 30000 50000 "the quota stays"
	update "no quota" --cpu-quota -1
	quota max 50000 "the period stays"
	update "both" --cpu-period 200000 --cpu-quota 600000 --cpu-share 200
	quota 600000 200000 "both"
	share 29 "--cpu-share" 200
	burst=cpu.cfs_burst_us
	[ "$v2" ] && burst=cpu.max.burst
	if need_file $burst "burst"; then
		update "the burst with a greater quota" --cpu-quota 900000 --cpu-burst 700000
		is $burst 700000 "burst"
		update "the quota below the old burst" --cpu-quota 100000 --cpu-burst 50000
		is $burst 50000 "burst"
		quota 100000 200000 "quota"
		update "something else" --cpu-share 300
		is $burst 50000 "burst stays"
		update "no burst" --cpu-burst 0
		is $burst 0 "burst"
	fi
	if need_file cpu.idle "idle"; then
		for n in 1 0 1; do
			from_stdin "idle $n" "{\"cpu\":{\"idle\":$n}}"
			is cpu.idle $n "JSON"
		done
		update "something else" --cpu-period 100000
		is cpu.idle 1 "idle stays"
		for n in -1 2; do
			expect_err 1 "invalid value for --cpu-idle" "--cpu-idle $n" oci update --cpu-idle $n "$id"
		done
		update "not idle, and shares" --cpu-idle 0 --cpu-share 400
		is cpu.idle 0 "idle"
	fi
	# half of an update that fails is taken back
	expect_err 1 "cpu" "a period that the kernel refuses" oci update --cpu-share 500 --cpu-period 5 "$id"
	share 49 "shares are as before" 400
fi

if need_file cpuset.cpus "cpuset"; then
	update "--cpuset-cpus" --cpuset-cpus 0 --cpuset-mems 0
	is cpuset.cpus 0 "--cpuset-cpus"
	expect_err 1 "cpuset.cpus" "a CPU that is not there" oci update --cpuset-cpus 9999 "$id"
	is cpuset.cpus 0 "as before"
fi

if need_file pids.max "pids"; then
	update "--pids-limit" --pids-limit 20
	is pids.max 20 "--pids-limit"
	update "--pids-limit -1" --pids-limit -1
	is pids.max max "--pids-limit -1"
	oci pause "$id"
	update "of a paused container" --pids-limit 30
	is pids.max 30 "paused"
	expect "it is still paused" state_is paused
	oci resume "$id"
fi

# device numbers of some disk; what is there already changes, what is new is added
disk=$(cat /sys/block/*/dev 2>/dev/null | head -n 1)
if [ "$v2" ]; then
	rates=io.max
else
	rates=blkio.throttle.read_bps_device
fi
if [ "$disk" ] && need_file $rates "block I/O"; then
	device="\"major\":${disk%:*},\"minor\":${disk#*:}"
	from_stdin "rates" "{\"blockIO\":{\"throttleReadBpsDevice\":[{$device,\"rate\":10485760}],
		\"throttleWriteIOPSDevice\":[{$device,\"rate\":900}]}}"
	if [ "$v2" ]; then
		is io.max "$disk rbps=10485760 wbps=max riops=max wiops=900" "JSON"
	else
		is blkio.throttle.read_bps_device "$disk 10485760" "JSON"
		is blkio.throttle.write_iops_device "$disk 900" "JSON"
	fi
	from_stdin "no rate" "{\"blockIO\":{\"throttleReadBpsDevice\":[{$device,\"rate\":0}]}}"
	[ "$v2" ] && is io.max "$disk rbps=max wbps=max riops=max wiops=900" "JSON" ||
		is blkio.throttle.read_bps_device "" "JSON"
fi
for file in io.bfq.weight io.weight blkio.weight blkio.bfq.weight; do
	has $file && [ ! "${weighted:-}" ] || continue
	update "--blkio-weight" --blkio-weight 750
	[ $file = io.weight ] && want=7475 || want=750
	expect "--blkio-weight: $file" grep -qE "^(default )?$want\$" "$(where $file)"
	weighted=yes
done
[ "${weighted:-}" ] ||
	expect_err 1 'io.*weight: No such file|no blkio controller' "a weight where there is none" oci update --blkio-weight 750 "$id"

size=$(ls /sys/kernel/mm/hugepages 2>/dev/null | sed -n 's/hugepages-2048kB/2MB/p')
huge=hugetlb.2MB.limit_in_bytes rsvd=hugetlb.2MB.rsvd.limit_in_bytes
[ "$v2" ] && huge=hugetlb.2MB.max rsvd=hugetlb.2MB.rsvd.max
if [ "$size" ] && need_file $huge "huge pages"; then
	from_stdin "huge pages" '{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}'
	is $huge 4194304 "JSON"
	has $rsvd && is $rsvd 4194304 "JSON"
fi
if [ "$v2" ]; then
	need_file pids.max "unified" && from_stdin "unified" '{"unified":{"pids.max":"77"}}' && is pids.max 77 "unified"
	expect_err 1 "cgroup v2.*cgroup.nosuch: No such file" "unified: a file that is not there" sh -c \
		"echo '{\"unified\":{\"cgroup.nosuch\":\"1\"}}' | '$RUNTIME' oci --root '$STATE' update -r - $id"
else
	expect_err 1 "unified needs cgroup v2" "unified is refused on v1" sh -c \
		"echo '{\"unified\":{\"pids.max\":\"1\"}}' | '$RUNTIME' oci --root '$STATE' update -r - $id"
	for c in net_cls hugetlb rdma; do
		[ -d /sys/fs/cgroup/$c ] && continue
		case $c in
		net_cls) json='{"network":{"classID":5}}' ;;
		hugetlb) json='{"hugepageLimits":[{"pageSize":"2MB","limit":1}]}' ;;
		rdma) json='{"rdma":{"mlx":{"hcaHandles":1}}}' ;;
		esac
		echo "$json" >r.json
		expect_err 1 "cgroup v1: no $c controller here" "$c is refused where there is none" oci update -r r.json "$id"
	done
fi

[ -e /sys/fs/resctrl/schemata ] ||
	expect_err 1 "resctrl is not mounted" "--l3-cache-schema where there is none" oci update --l3-cache-schema "L3:0=f" "$id"
printf '{"memory":' >r.json
expect_err 1 "resources" "a cut document" oci update -r r.json "$id"
expect_err 1 "nosuch.json" "a document that is not there" oci update -r nosuch.json "$id"
expect_err 1 "does not exist" "update of nothing" oci update --pids-limit 5 nobody
oci kill "$id" KILL
wait_for 5 state_is stopped
expect_err 1 "it is stopped" "update of a stopped container" oci update --pids-limit 5 "$id"
expect "delete" oci delete "$id"

# the same limits in config.json are there before the first instruction
if [ "$v2" ] || [ -d /sys/fs/cgroup/memory ]; then
	has_controller() { [ ! "$v2" ] || grep -qw "$1" /sys/fs/cgroup/cgroup.controllers; }
	if has_controller memory && has_controller cpu; then
		resources='"memory":{"limit":33554432,"reservation":25165824,"swap":67108864},"cpu":{"shares":100,"quota":500000,"period":1000000,"cpus":"0"},"pids":{"limit":20}'
		config b
		container_name
		oci create --bundle b "$id"
		is $mem 33554432 "config.json"
		is $soft 25165824 "config.json"
		swap_is 67108864 33554432 "config.json"
		quota 500000 1000000 "config.json"
		share 17 "config.json" 100
		is pids.max 20 "config.json"
		is cpuset.cpus 0 "config.json"
		oci delete "$id"
		resources='"memory":{"limit":33554432,"kernel":1000000}'
		config b
		container_name
		expect_out "kernel memory limits are ignored" "kernel memory is a warning, as in runc" oci create --bundle b "$id"
		oci delete "$id"
	fi
fi
no_leftovers "nothing is left"
tap_end
