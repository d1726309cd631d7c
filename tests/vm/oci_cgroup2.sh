#!/bin/sh
# timeout: 300
# The stories of the OCI runtime's resources once more on cgroup v2 with all controllers, which only a machine of
# our own has.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/vm/lib/machine.sh"
arch=$ARCH
need_root
vm_need "$arch"
vm_cleat "$arch" || exit
vm_limit=280
vm_modules="$vm_modules bfq"
expect "make the root" vm_root root "$arch" "$vm_cleat" || exit
mkdir -p root/t/tests # not /tmp, where devices do not work
cp -r "$TOP/tests/lib" "$TOP/tests/story" root/t/tests/
for applet in $("$PKGDIR/busybox-$arch" --list); do
	[ -e "root/bin/$applet" ] || ln -s busybox "root/bin/$applet"
done
expect "pack it" vm_pack root root.cpio
expect "make a disk" vm_disk data.img 64
expect "start QEMU" vm_start "$arch" "$arch" root.cpio cleat_data=/dev/vda \
	-drive file=data.img,format=raw,if=none,id=data -device virtio-blk-pci,drive=data || exit
expect "boots to a shell" vm_shell 90 || exit
expect "with controllers" vm_sh 10 'grep memory /sys/fs/cgroup/cgroup.controllers | grep cpuset | grep io'
vm_sh 20 'find /sys/fs/cgroup -type d | sort >/tmp/groups; echo 2 >/proc/sys/vm/nr_hugepages'
# and a kernel with AppArmor
python3 "$TOP/tests/lib/apparmor_profile.py" cleat-test | base64 >profile.b64
vm_sh 20 "mount -t securityfs none /sys/kernel/security; echo '$(tr -d '\n' <profile.b64)' | base64 -d >/tmp/profile; dd if=/tmp/profile of=/sys/kernel/security/apparmor/.load bs=64k 2>&1; cat /sys/kernel/security/apparmor/profiles"
printf '%s\n' "$vm_out" | grep -q '^cleat-test' && ok "a profile of AppArmor" || fail "a profile of AppArmor" "$vm_out"
for story in update control events limits process; do
	vm_sh 100 "mkdir -p /t/$story; cd /t/$story; CLEAT=/bin/cleat BUSYBOX=/bin/busybox TOP=/t TMPDIR=/t/$story sh /t/tests/story/oci_$story.sh >/tmp/tap 2>&1; s=\$?; cat /tmp/tap; (exit \$s)"
	if [ $? = 0 ]; then
		ok "oci_$story.sh ($(printf '%s\n' "$vm_out" | grep -c ^ok) checks)"
		printf '%s\n' "$vm_out" | grep '# SKIP' | sed 's/^ok/# ok/'
	else
		fail "oci_$story.sh" "$(printf '%s\n' "$vm_out" | grep -A 12 '^not ok' || printf '%s\n' "$vm_out" | tail -n 20)"
	fi
done
expect "no group is left behind" vm_sh 10 'find /sys/fs/cgroup -type d | sort | cmp - /tmp/groups'
vm_cut
tap_end
