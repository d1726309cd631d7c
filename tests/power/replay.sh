#!/bin/sh
# timeout: 240
# Every write to the disk of a machine that pulls, applies, loads and removes images is recorded, with its
# flushes. From the record each state is made in which a power cut could have left the disk, and looked at:
# tests/power/replay.py says for what. Without POWER=full ('make power') a part of the states is taken.
[ -n "${POWER_MOUNTS:-}" ] || POWER_MOUNTS=1 exec unshare --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/vm/lib/machine.sh"
. "$TOP/board/qemu/demo.sh"
need_root
registry_need
need mkfs.vfat e2fsck
vm_need "$ARCH"

# many small things and a few large ones, something of the layer below replaced and something removed
second() {
	mkdir -p data/small
	head -c 600000 /dev/urandom >data/noise
	for i in $(seq 40); do
		echo "$1 $i" >"data/small/$i"
	done
	ln data/noise data/again
	ln -s noise data/link
	echo "$1" >www/index.html
	rm -r www/cgi-bin
}

expect "a registry" demo_registry || exit
images() {
	registry_quiet skopeo copy --insecure-policy --src-tls-verify=false "docker://$registry/web:1" "oci:$TMP/oci:web" &&
		registry_layer web next second next && registry_push next "$registry/web:2" &&
		registry_layer web stick second stick &&
		registry_quiet skopeo copy --insecure-policy "oci:$TMP/oci:stick" "oci:$TMP/stick:app"
}
expect "three images" images || exit
host=$demo_host:$registry_port
digest_of() {
	jq -r --arg t "$2" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $t).digest' "$1/index.json" |
		sed 's/.*://'
}
one="$host/web:1=$(digest_of oci web)"
two="$host/web:2=$(digest_of oci next)"
three="docker.io/library/stick:1=$(digest_of stick app)"

manifest() {
	printf 'name: demo\nservices:\n  web:\n    image: %s\n    restart: always\n    read_only: true\n    environment: {STEP: "%s"}\n' \
		"$host/web:$1" "$2"
}
appliance() {
	vm_modules="$vm_modules vfat nls_cp437 nls_ascii nls_utf8 nls_iso8859-1"
	demo_appliance || return 1
	rm "$TMP/root/etc/cleat/manifest.yaml"
	manifest 1 a >one.yaml
	manifest 2 b >two.yaml
	manifest 2 c >three.yaml
	cp one.yaml two.yaml three.yaml "$TMP/root/root/"
	cp -r stick "$TMP/root/root/stick"
	vm_pack "$TMP/root" "$TMP/demo.cpio"
	vm_disk base.img 40
	cp --sparse=always base.img disk.img
	truncate -s 8M stick.img
	mkfs.vfat stick.img >/dev/null
	: >writes.log
}
expect "an appliance" appliance || exit
expect "start QEMU" vm_start record "$ARCH" "$TMP/demo.cpio" "$demo_words" \
	-blockdev driver=blklogwrites,node-name=data,file.driver=file,file.filename=disk.img,log.driver=file,log.filename=writes.log \
	-device virtio-blk-pci,drive=data -drive file=stick.img,format=raw,if=none,id=stick -device virtio-blk-pci,drive=stick || exit

# what has come to the disk by now holds for good
holds() {
	printf '%s %s\n' "$(stat -c %s writes.log)" "$*" >>facts
}
step() { # label, command, facts
	step_label=$1 step_command=$2
	shift 2
	expect "$step_label" vm_sh 60 "$step_command" || { tap_diag "$vm_out"; exit; }
	holds "$step_label" "$@"
}
runs() { # step of the manifest that is shown by the running service
	vm_sh 10 'cleat exec web sh -c "echo step=\$STEP"' && printf '%s\n' "$vm_out" | grep -q "step=$1"
}
expect "boots to a shell" vm_shell 60 || exit
holds start
step pull "cleat pull $host/web:1" "$one"
step apply 'cleat apply /root/one.yaml' "$one" current=one.yaml
step update 'cleat apply /root/two.yaml' "$one" "$two" current=two.yaml
expect "the service runs" wait_for 20 runs b
expect "a stick" vm_sh 30 'mkdir /stick && mount -t vfat /dev/vdb /stick && cp -r /root/stick/* /stick && mount -o remount,ro /stick' || exit
step load 'cleat load -t stick:1 -i /stick' "$one" "$two" "$three" current=two.yaml
step change 'cleat apply /root/three.yaml' "$one" "$two" "$three" current=three.yaml
# who logs in: by a configuration folder that lies on the disk, not in the appliance's memory
expect "a configuration on the disk" vm_sh 10 'mkdir -p /var/lib/cleat/device/etc && cp -r /etc/cleat/certs.d /var/lib/cleat/device/etc/ && sync' || exit
login() {
	echo "echo secret | cleat --root /var/lib/cleat/device/root --run /run/device --config /var/lib/cleat/device/etc login -u $1 --password-stdin $host"
}
all="$one $two $three current=three.yaml"
step login "$(login first)" $all auth=first
step login-again "$(login second)" $all auth=second
step gc "cleat rmi $host/web:1 stick:1 && cleat prune -a -f" "$two" current=three.yaml auth=second
expect "what nothing needs is gone" vm_sh 10 '[ "$(ls /var/lib/cleat/layers | wc -l)" = 2 ] && [ "$(ls /var/lib/cleat/images | wc -l)" = 1 ]'
expect "and the service still runs" wait_for 20 runs c
vm_cut

# the states are many and each is written whole: not onto a disk
mkdir work etc && mount -t tmpfs -o size=160m work work || { fail "memory to work in"; exit; }
at_exit 'umount work'
cp -r "$TMP/root/etc/cleat/certs.d" etc/
printf '127.0.0.1 localhost %s\n' "$demo_host" >hosts && mount --bind hosts /etc/hosts
at_exit 'umount /etc/hosts'
cd work && ln -s ../one.yaml ../two.yaml ../three.yaml ../etc . && mkdir run
case ${POWER:-} in
full) often="--every 1 --lost 6 --lying 30 --again 10" ;;
*) often="--every 8 --lost 1 --lying 30 --again 15" ;;
esac
python3 "$TOP/tests/power/replay.py" ../writes.log ../base.img ../facts --layout ../oci --layout ../stick \
	--seed "${SEED:-1}" $often --pull "$host/web:2" >../replay.out 2>&1
status=$?
cd ..
while read -r line; do
	case $line in
	"ok - "*) ok "${line#ok - }" ;;
	"not ok - "*) fail "${line#not ok - }" ;;
	*) printf '%s\n' "$line" ;;
	esac
done <replay.out
expect_equal 0 "$status" "no state is bad" || {
	mkdir -p "$O/power" && cp --sparse=always writes.log base.img facts "$O/power/"
	tap_diag "the record of the writes is in $O/power"
}
tap_end
