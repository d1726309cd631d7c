#!/bin/sh
# timeout: 120
# The kernels of real devices: every newer system call answers ENOSYS, one at a time and all at once, and
# the container is the same. What cannot be had then is an error by name.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox strace

bundle b
mkdir -p src/sub b/rootfs/proc b/rootfs/sys
echo content >src/f
mounts_more=",{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$TMP/src\",\"options\":[\"rbind\",\"ro\",\"nosuid\",\"rprivate\"]}"
linux_more=',"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}'
sh_args 'exec 2>&1; id; cat /m/f; touch /m/x; mkdir /tmp/x; (echo x >/proc/sys/kernel/hostname); wc -c </proc/keys; grep -E "Cap|Seccomp:|NoNew" /proc/self/status; ls /dev; ls /proc/self/fd | wc -l; grep -E " /(m|proc/sys|proc/keys|sys) " /proc/self/mountinfo | cut -d" " -f5,6'
config b
container_name
oci run --bundle b "$id" >want 2>&1
expect "the container of a new kernel" grep -q Seccomp want

without() { # calls: run under strace, all of them answering ENOSYS
	timeout -s KILL 20 strace -f -o /dev/null -e "trace=$1" -e "inject=$1:error=ENOSYS" "$CLEAT" oci --root "$STATE" "$2" --bundle b "$id"
}
is_created() { oci state "$id" | grep -q created; }
new='openat2 clone3 open_tree mount_setattr move_mount close_range pidfd_open pidfd_send_signal faccessat2'
all=$(echo $new | tr ' ' ,)
for call in $new $all; do
	container_name
	without $call run >got 2>&1
	if cmp -s want got; then
		ok "without $call"
	else
		fail "without $call" "$(diff want got)"
	fi
done
sh_args 'exec sleep 60'
config b
for call in $new $all; do
	container_name
	# strace stays with the container until its end
	start created timeout -s KILL 20 strace -f -o /dev/null -e "trace=$call" -e "inject=$call:error=ENOSYS" "$CLEAT" oci --root "$STATE" create --bundle b "$id"
	wait_for 5 is_created
	oci start "$id" >got 2>&1 && oci delete --force "$id" >>got 2>&1
	wait "$started"
	expect_equal "" "$(cat got created.log)" "create, start, delete without $call"
done
mounts_more=",{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$TMP/src\",\"options\":[\"rbind\",\"rro\"]}"
config b
container_name
without mount_setattr,open_tree run >got 2>&1
expect "a recursive option that the kernel lacks is an error" grep -q 'recursive mount options need Linux 5.12' got

args='["/bin/true"]'
# the same roots as in oci_hostile.sh, resolved by the walk instead of openat2
mounts_more=
mkdir canary
touch canary/file
for name in proc sys dev; do
	rm -rf "b/rootfs/$name"
	ln -s "$TMP/canary" "b/rootfs/$name"
	config b
	container_name
	timeout -s KILL 20 strace -f -o /dev/null -e trace=$all -e inject=$all:error=ENOSYS "$CLEAT" oci --root "$STATE" run --bundle b "$id" >/dev/null 2>&1
	oci delete --force "$id"
	rm "b/rootfs/$name"
	expect_equal "canary/file" "$(find canary -type f -o -type c -o -type l)" "without new calls, /$name -> the host: nothing is made there"
done
no_leftovers "nothing is left"
mounts_more=
features() { timeout -s KILL 20 strace -f -o /dev/null -e "trace=$1" -e "inject=$1:error=ENOSYS" "$CLEAT" oci features; }
expect_out '"cleat.kernel.calls-missing": "pidfd_open, mount_setattr"' "features tells which calls are missing" features pidfd_open,mount_setattr
expect_out '"cleat.kernel.lost": ".*recursive mount options' "features tells what is lost" features mount_setattr
expect_out '"cleat.kernel.lost": ""' "features of a new kernel" "$CLEAT" oci features
tap_end
