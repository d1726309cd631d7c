#!/bin/sh
# timeout: 120
# The same bundle and the same updates under cleat, crun and runc: what the kernel has in the cgroup's files is the same.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox
command -v crun >/dev/null || command -v runc >/dev/null || skip_all "needs crun or runc"
bundle b
v2=
[ "$(stat -f -c %t /sys/fs/cgroup)" = 63677270 ] && v2=yes
[ "$v2" ] && [ ! -e /sys/fs/cgroup/memory.pressure ] && ! grep -q memory /sys/fs/cgroup/cgroup.controllers && skip_all "no controllers here"

verb() { # RUNTIME VERB...
	same_by=$1
	shift
	case $same_by in
	cleat) oci "$@" ;;
	crun) crun --cgroup-manager=cgroupfs --root "$TMP/crun" "$@" ;;
	runc) runc --root "$TMP/runc" "$@" ;;
	esac
}
files() { # every file of limits, with what is in it
	for f in /sys/fs/cgroup/*"$CGROUP/b"/* /sys/fs/cgroup"$CGROUP/b"/*; do
		case ${f##*/} in
		*usage* | *stat* | *pressure* | *failcnt* | *events* | *current | *peak | *.procs | *.threads | tasks | *acct* | *io_serv* | *slabinfo | *reset* | *force* | *control | cgroup.* | notify* | release* | *list) continue ;;
		esac
		[ -r "$f" ] && [ -f "$f" ] && sed "s#^#${f##*/}: #" "$f" 2>/dev/null
	done
	# 10:200, a tunnel, was on runc's list until 1.2
	sort /sys/fs/cgroup/devices"$CGROUP"/b/devices.list 2>/dev/null | grep -v 'c 10:200 rwm'
	grep -h oom_kill_disable /sys/fs/cgroup/memory"$CGROUP"/b/memory.oom_control 2>/dev/null
}
same() { # NAME [UPDATE OPTION...]
	same_name=$1
	shift
	config b
	for by in cleat crun runc; do
		[ $by = cleat ] || command -v $by >/dev/null || continue
		container_name
		verb $by create --bundle b "$id" >$by.out 2>&1 </dev/null || {
			grep -q 'hybrid mode not supported' $by.out || fail "$same_name: $by creates it" "$(cat $by.out)"
			continue
		}
		[ $# = 0 ] || verb $by update "$@" "$id" >$by.out 2>&1 </dev/null || fail "$same_name: $by updates it" "$(cat $by.out)"
		files >$by.files
		verb $by delete --force "$id" >/dev/null 2>&1
		[ $by = cleat ] && continue
		if [ -s cleat.files ] && cmp -s cleat.files $by.files; then
			ok "$same_name: as $by ($(wc -l <cleat.files) lines)"
		else
			fail "$same_name: as $by" "$(diff cleat.files $by.files)"
		fi
	done
}

sh_args 'sleep 60'
same "no limits"
resources='"memory":{"limit":33554432,"reservation":25165824,"swap":67108864},"cpu":{"shares":100,"quota":500000,"period":1000000,"cpus":"0","mems":"0"},"pids":{"limit":20}'
same "memory, cpu, pids"
same "an update of all" --memory 60000000 --memory-swap 80000000 --memory-reservation 30000000 --cpu-quota 20000 --cpu-period 50000 --cpu-share 200 --pids-limit 30
same "an update of memory alone" --memory 30000000
same "an update to no limits" --memory -1 --pids-limit -1 --cpu-quota -1
resources='"memory":{"limit":-1},"cpu":{"quota":-1},"pids":{"limit":-1}'
same "unlimited"
resources='"memory":{"limit":33554432,"swappiness":7,"disableOOMKiller":true}'
[ "$v2" ] || same "what only v1 has"
resources='"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":11,"access":"r"},{"allow":true,"type":"b","major":8,"access":"rw"},{"allow":true,"type":"c","major":1,"minor":11,"access":"w"},{"allow":false,"type":"c","major":1,"minor":11,"access":"r"}]'
same "device rules"
disk=$(cat /sys/block/*/dev 2>/dev/null | head -n 1)
if [ "$disk" ]; then
	d="\"major\":${disk%:*},\"minor\":${disk#*:}"
	resources="\"blockIO\":{\"throttleReadBpsDevice\":[{$d,\"rate\":1000000}],\"throttleWriteBpsDevice\":[{$d,\"rate\":2000000}],
		\"throttleReadIOPSDevice\":[{$d,\"rate\":300}],\"throttleWriteIOPSDevice\":[{$d,\"rate\":400}]}"
	same "block I/O"
fi
no_leftovers "nothing is left"
tap_end
