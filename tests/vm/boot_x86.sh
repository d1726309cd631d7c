#!/bin/sh
# timeout: 150
# Debian's stock kernel, /init = cleat, nothing to run: the machine comes up, answers, powers off in order.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/vm/lib/machine.sh"
need_root
vm_need x86_64
vm_cleat x86_64

expect "make the root" vm_root root x86_64 "$vm_cleat" || exit
expect "pack it" vm_pack root root.cpio
expect "make a disk" vm_disk data.img 64
disk="-drive file=data.img,format=raw,if=virtio"

expect "start QEMU" vm_start one x86_64 root.cpio cleat_data=/dev/vda $disk || exit
expect "boots to a shell" vm_shell 60 || exit
expect "inserted every module" vm_says 1 'cleat init .* [0-9]+ modules, 0 failed'
expect "mounted the disk" vm_says 1 'cleat init .* data: /dev/vda'
expect "set its address" vm_says 1 'cleat init .* network: eth0 10.0.2.15/24'
expect "has controllers" vm_says 1 'controllers:.* memory.* pids'
expect "feeds the watchdog" vm_says 1 'cleat init .* watchdog: resets the machine after [0-9]+ s'
expect "process 1 is cleat" vm_sh 10 'cmp /proc/1/exe /init'
expect "the root is a mount that can be pivoted away from" vm_sh 10 '[ $(grep -c " / / " /proc/self/mountinfo) = 1 ]'
expect "routes by the gateway" vm_sh 10 'ip route | grep -q "default via 10.0.2.2"'
expect "the engine answers" vm_sh 20 'i=0; until cleat ps; do sleep 1; i=$((i+1)); [ $i -lt 15 ] || break; done; [ $i -lt 15 ]'
expect "reaps what others leave" vm_sh 10 '(sleep 0.1 &) ; sleep 1; ! ps | grep -v grep | grep -q "sleep 0.1"'
vm_sh 10 'echo kept >/var/lib/cleat/note'
vm_sh 1 'cleat poweroff' >/dev/null
expect "powers off in order" vm_ended 60
/sbin/e2fsck -fn data.img >fsck.log 2>&1
expect_equal 0 $? "the disk is clean"

expect "start again, with a clock that has lost its battery" \
	vm_start two x86_64 root.cpio cleat_data=/dev/vda $disk -rtc base=1999-01-01 || exit
expect "boots again" vm_shell 60 || exit
expect "sets the clock to when it was last saved" vm_says 1 'cleat init .* clock: stood before the last saved time'
expect "which is this year" vm_sh 10 "[ \$(date +%Y) -ge $(date +%Y) ]"
expect "what was written is there" vm_sh 10 'grep -q kept /var/lib/cleat/note'
vm_sh 1 'kill -TERM 1' >/dev/null
expect "restarts on SIGTERM (QEMU ends: -no-reboot)" vm_ended 60
tap_end
