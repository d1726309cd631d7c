#!/bin/sh
# timeout: 400
# The N-th call of a kind fails, for every N that a run of a container has: it ends in time, does not crash, and
# leaves neither state directory, cgroup, mount nor process. Then the runtime is killed at the N-th call
# instead, and delete --force has to remove what is left.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox strace

bundle b
mkdir src
mounts_more=",{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$TMP/src\",\"options\":[\"rbind\",\"ro\"]}"
resources='"pids":{"limit":50},"devices":[{"allow":false,"access":"rwm"}]'
[ "$(stat -f -c %t /sys/fs/cgroup)" = 63677270 ] && resources='"devices":[{"allow":false,"access":"rwm"}]'
linux_more=',"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdirat"],"action":"SCMP_ACT_ERRNO"}]}'
args='["/bin/sleep","0.01"]'
config b
oci run --bundle b warm-up

# how often a run makes this call, at most in one process
count() {
	strace -f -o calls -e "trace=$1" "$CLEAT" oci --root "$STATE" run --bundle b "count" >/dev/null 2>&1
	awk '{ n[$1]++ } END { for (p in n) if (n[p] > m) m = n[p]; print m + 0 }' calls
}
sweep() { # call error step
	max=$(count "$1")
	n=1 zero=0 failed=0 bad=
	while [ $n -le "$max" ]; do
		container_name
		timeout -s KILL 15 strace -f -o /dev/null -e "trace=$1" -e "inject=$1:error=$2:when=$n" \
			"$CLEAT" oci --root "$STATE" run --bundle b "$id" >out 2>&1 </dev/null
		rc=$?
		[ $rc = 0 ] && zero=$((zero + 1)) || failed=$((failed + 1))
		[ $rc = 137 ] && bad="$bad; N=$n: does not end"
		[ $rc -ge 128 ] && [ $rc != 137 ] && bad="$bad; N=$n: exit status $rc"
		# nothing but a failing removal may leave anything, and then says so
		left=$(leftovers)
		if [ "$left" ]; then
			grep -qE 'remove|survives' out || bad="$bad; N=$n (rc $rc, $(head -c 200 out)) leaves $left"
			oci delete --force "$id" >del 2>&1 || bad="$bad; N=$n: delete --force: $(cat del)"
			[ -z "$(leftovers)" ] || bad="$bad; N=$n: not even delete --force removes $(leftovers)"
		fi
		n=$((n + ${3:-1}))
	done
	[ -z "$bad" ] && ok "$1 fails with $2: $failed failures are clean, $zero went on ($max calls)" || fail "$1 fails with $2" "$bad"
}
for pair in mount:EIO openat:EMFILE:2 openat2:ENOMEM mkdirat:ENOSPC mknodat:EPERM symlinkat:ENOSPC clone3:ENOMEM move_mount:EINVAL \
	open_tree:EPERM mount_setattr:EINVAL pivot_root:EINVAL fchdir:EIO umount2:EBUSY write:EIO:2 read:EIO:2 unshare:ENOSPC socketpair:EMFILE \
	sendmsg:EPIPE sethostname:EPERM setresuid:EAGAIN capset:EPERM prctl:EPERM seccomp:EACCES execve:ENOMEM \
	renameat:EIO close_range:EPERM fstat:EIO fstatfs:EIO; do
	IFS=: read -r call error step <<-PAIR
		$pair
	PAIR
	sweep "$call" "$error" "${step:-1}"
done

# killed at the N-th call
bad= killed=0
for call in mkdirat openat mount clone3 write move_mount sendmsg unlinkat renameat wait4; do
	max=$(count $call)
	n=1
	while [ $n -le "$max" ]; do
		container_name
		timeout -s KILL 15 strace -f -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" \
			"$CLEAT" oci --root "$STATE" run --bundle b "$id" >out 2>&1 </dev/null
		[ -z "$(leftovers)" ] || killed=$((killed + 1))
		oci delete --force "$id" >del 2>&1 || bad="$bad; $call $n: delete --force: $(cat del)"
		[ -z "$(leftovers)" ] || bad="$bad; $call $n: left: $(leftovers)"
		n=$((n + 3))
	done
done
[ -z "$bad" ] && ok "killed at a call: delete --force removes what is left ($killed times something was)" ||
	fail "killed at a call: delete --force removes what is left" "$bad"
expect_equal "" "$(ps ax -o args | grep '[s]leep 0.01')" "no process is left"
tap_end
