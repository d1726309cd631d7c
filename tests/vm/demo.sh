#!/bin/sh
# timeout: 180
# 'make run-check': the demo of 'make run' without a person. Boots, pulls by TLS, serves its page, survives
# the death of its web server, powers off in order.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/vm/lib/machine.sh"
. "$TOP/board/qemu/demo.sh"
need_root
registry_need
vm_need "$ARCH"

expect "a registry with two images" demo_registry || exit
expect "an appliance" demo_appliance || exit
demo_port
page=http://127.0.0.1:$demo_port
expect "start QEMU" vm_start demo "$ARCH" "$TMP/demo.cpio" "$demo_words" $(demo_disk) || exit
expect "boots to a shell" vm_shell 60 || exit

answers() {
	curl -s -m 3 "$page/" | grep -q 'It runs'
}
expect "the page comes through the forwarded port" wait_for 60 answers || {
	vm_sh 10 'cleat ps -a; cleat images; dmesg | tail -5'
	tap_diag "$vm_out"
	tail -n 30 "$vm_log" | sed 's/^/# | /'
}
expect_out '^runs as +uid=1000\(www\)' "made by a program that is not root" curl -s -m 3 "$page/cgi-bin/status"
expect_out '^you are +10\.0\.2\.2' "which sees the client's address" curl -s -m 3 "$page/cgi-bin/status"
expect_out 'Seccomp.*2' "under a seccomp filter" curl -s -m 3 "$page/cgi-bin/status"
vm_sh 10 'cleat ps'
running=$vm_out
expect_equal 2 "$(printf '%s\n' "$running" | grep -cE 'web|client')" "two containers run" || tap_diag "$running"
expect "client reaches web by its name" vm_sh 20 \
	'i=0; until cleat logs client | grep -q "question .*: web .* answers 172"; do i=$((i+1)); [ $i -lt 15 ] || break; sleep 1; done; [ $i -lt 15 ]'
vm_sh 10 'cat /var/lib/cleat/note 2>/dev/null; pidof httpd'
first=$(printf '%s\n' "$vm_out" | grep -oE '[0-9]+' | head -n 1)
expect "the web server is a process of the machine" test -n "$first"
expect "kill it" vm_sh 10 "kill -9 $first"
expect "it is started again, as another process" vm_sh 30 \
	"i=0; until p=\$(pidof httpd) && [ \"\$p\" != $first ]; do i=\$((i+1)); [ \$i -lt 20 ] || break; sleep 1; done; [ \$i -lt 20 ]"
expect "the restart is counted" vm_sh 10 'cleat inspect web | grep -E "\"RestartCount\": *1"'
expect "and the page is there again" wait_for 20 answers
vm_sh 1 'cleat poweroff' >/dev/null
expect "powers off" vm_ended 60
expect "in order: both containers ended by themselves" vm_says 0 'container-ended .*name=demo-client-1 code=0'
expect_rc 1 "and none was killed" grep -aq 'container-kill' "$vm_log"
/sbin/e2fsck -fn "$TMP/demo.img" >fsck.log 2>&1
expect_equal 0 $? "the disk is clean"
tap_end
