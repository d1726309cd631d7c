#!/bin/sh
# timeout: 300
# The plug is pulled while an image is being pulled, again and again, and once more while it runs. Each
# time the file system recovers, nothing half-written is believed, and in the end the service runs.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/vm/lib/machine.sh"
. "$TOP/board/qemu/demo.sh"
need_root
registry_need
vm_need "$ARCH"

big() {
	mkdir -p data
	head -c 12000000 /dev/urandom >data/noise
	sha256sum data/noise | sed 's/ .*//' >data/sum
}

expect "a registry" demo_registry || exit
# on top of the demo's image, as another repository, so that the demo's own stays small
registry_quiet skopeo copy --insecure-policy --src-tls-verify=false "docker://$registry/web:1" "oci:$TMP/oci:web"
registry_layer web big big && registry_push big "$registry/big:1" && ok "a large image" || { fail "a large image"; exit; }
sed 's/web:1/big:1/; /client:/,$d' "$TOP/board/qemu/manifest.yaml" >manifest.yaml
appliance() {
	demo_appliance || return 1
	sed "s/@REGISTRY@/$demo_host:$registry_port/" manifest.yaml >"$TMP/root/etc/cleat/manifest.yaml"
	vm_pack "$TMP/root" "$TMP/demo.cpio"
}
expect "an appliance" appliance || exit
demo_port

boot() {
	vm_start "$1" "$ARCH" "$TMP/demo.cpio" "$demo_words" $(demo_disk)
}
answers() {
	curl -s -m 3 "http://127.0.0.1:$demo_port/" | grep -q 'It runs'
}
# after the journal is replayed, as the next boot's mount does, the file system has no fault
sound() {
	cp --sparse=always "$TMP/demo.img" copy.img
	/sbin/e2fsck -fp -E journal_only copy.img >fsck.log 2>&1 || /sbin/e2fsck -fp copy.img >fsck.log 2>&1
	/sbin/e2fsck -fn copy.img >>fsck.log 2>&1
}

n=0 amid=0
for delay in 0.3 0.8 1.3 1.8; do
	n=$((n + 1))
	expect "boot $n" boot "cut$n" || exit
	expect "boot $n: the engine starts" vm_says 60 'engine-started' || exit
	sleep "$delay"
	# QEMU's connection to the registry stands for the guest's: cut while data flows
	ss -tnH state established "dport = :$registry_port" | grep -q . && amid=$((amid + 1))
	vm_cut
	expect "cut $delay s after the engine's start: the file system is sound" sound || dump fsck.log
done
echo "# note: $amid of $n cuts in the middle of a transfer"
expect "at least two cuts were in the middle of a transfer" test "$amid" -ge 2
expect "boot again" boot last || exit
expect "the service runs" wait_for 90 answers || vm_says 0 nothing
expect "a shell" vm_shell 30
expect "the image is what the registry has" vm_sh 30 \
	'cleat exec web sh -c "cat /data/sum" >/tmp/a; cd /var/lib/cleat && find . -name noise | while read f; do sha256sum $f; done | cut -c1-64 >/tmp/b; [ -s /tmp/a ] && cmp /tmp/a /tmp/b'
expect "cleat fsck finds nothing" vm_sh 60 'cleat fsck' || tap_diag "$vm_out"
expect "nothing half-written is left" vm_sh 10 '[ -z "$(ls -A /var/lib/cleat/staging)" ]'
vm_cut
expect "cut while it runs: the file system is sound" sound || dump fsck.log
registry_stop
expect "boot without a registry" boot offline || exit
expect "the service runs from what is there" wait_for 90 answers || vm_says 0 nothing
vm_shell 30
vm_sh 1 'cleat poweroff' >/dev/null
expect "powers off in order" vm_ended 60
/sbin/e2fsck -fn "$TMP/demo.img" >fsck.log 2>&1
expect_equal 0 $? "the disk is clean"
tap_end
