#!/bin/sh
# timeout: 240
# Limits on cgroup v2, which only a machine of our own has: what is set is in force, and nothing is left.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/vm/lib/machine.sh"
. "$TOP/tests/vm/lib/local.sh"
arch=$ARCH
local_boot
vm_limit=200

# say NAME REGEX COMMAND: the output of the guest's command must match
say() {
	vm_sh 40 "$3"
	if printf '%s\n' "$vm_out" | grep -qE -e "$2"; then
		ok "$1"
	else
		fail "$1" "expected: $2" "command: $3" "output:" "$vm_out"
	fi
}

vm_sh 10 'find /sys/fs/cgroup -type d | sort >/tmp/groups'
say "a container sees its memory limit" '^16777216' 'cleat run --rm -m 16m local/app:1 cat /sys/fs/cgroup/memory.max'
say "its limit of processes" '^12' 'cleat run --rm --pids-limit 12 local/app:1 cat /sys/fs/cgroup/pids.max'
say "its share of the processor" '^50000 100000' 'cleat run --rm --cpus 0.5 local/app:1 cat /sys/fs/cgroup/cpu.max'
say "nothing but its own group" '^0::/$' 'cleat run --rm local/app:1 cat /proc/self/cgroup'
say "its group is not for it to change" 'limit kept' \
	'cleat run --rm -m 16m local/app:1 sh -c "echo max >/sys/fs/cgroup/memory.max || echo limit kept" 2>/dev/null'
say "too much memory ends it with 137" 'status 137' \
	'cleat run --name hog -m 8m local/app:1 sh -c "head -c 64000000 /dev/zero | tail -c 64000000 >/dev/null" ; echo status $?'
say "which inspect tells apart from a kill" '"OOMKilled": true' 'cleat inspect hog | grep OOM'
say "too many processes are refused" 'fork' \
	'cleat run --rm --pids-limit 4 local/app:1 sh -c "for i in 1 2 3 4 5 6 7 8; do sleep 2 & done; wait" 2>&1'
say "half a processor is half a processor" 'slow ok' \
	's=$(cut -d. -f1 /proc/uptime); cleat run --rm --cpus 0.2 local/app:1 sh -c "i=0; while [ \$i -lt 60000 ]; do i=\$((i+1)); done; sed -n s/throttled_usec.//p /sys/fs/cgroup/cpu.stat 2>/dev/null; cat /sys/fs/cgroup/cpu.stat" | grep -E "^nr_throttled [1-9]" && echo slow ok'
expect "a container in the background" vm_sh 30 'cleat run -d --name web -m 16m -p 80:8080 local/app:1' || tap_diag "$vm_out"
expect "serves" wait_for 20 local_page
say "exec joins its group" '^16777216' 'cleat exec web cat /sys/fs/cgroup/memory.max'
expect "the engine is killed" vm_sh 10 'kill -9 $(ps | grep -v grep | grep "cleat engine" | sed "s/^ *//; s/ .*//")'
expect "the container does not notice" local_page
say "the next engine finds it" 'Up .*web' 'i=0; until cleat ps 2>/dev/null | grep web; do i=$((i+1)); [ $i -lt 20 ] || break; sleep 0.5; done'
expect "its port is still published" wait_for 10 local_page
expect "and it stops" vm_sh 30 'cleat rm -f web hog'
say "no group is left behind" 'groups same' \
	'i=0; until find /sys/fs/cgroup -type d | sort | cmp -s - /tmp/groups; do i=$((i+1)); [ $i -lt 10 ] || break; sleep 0.5; done; find /sys/fs/cgroup -type d | sort | diff - /tmp/groups && echo groups same'
say "no interface either" 'none left' 'ip -o link | grep -E ": ve" || echo none left'
local_off
tap_end
