#!/bin/sh
# timeout: 240
# The plug is pulled at random instants, CUTS times (4; 'make power-cut N=200'), while an appliance pulls one image
# after another over a slow line: its service runs from one, the manifest it boots with wants the next. After each
# cut tests/power/disk.py looks at the disk; the next boot succeeds, the service answers, the pull
# goes on. No boot lasts long enough for a whole layer, so an image arrives only if what was kept is used.
# SEED=N repeats the instants.
[ -n "${POWER_MOUNTS:-}" ] || POWER_MOUNTS=1 exec unshare --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/vm/lib/machine.sh"
. "$TOP/board/qemu/demo.sh"
need_root
registry_need
need e2fsck
vm_need "$ARCH"
: "${CUTS:=4}"
[ -n "${SEED:-}" ] || SEED=$(date +%s)
LONGEST_S=8
RATE=540000 # less than one layer in LONGEST_S, and so slow that it is kept (CONFIG_PARTIAL_MIN_S)

large() {
	mkdir -p data/small
	head -c 8500000 /dev/urandom >data/noise
	for i in $(seq 30); do
		echo "$1 $i" >"data/small/$i"
	done
}
small() {
	echo "$1" >www/index.html
	rm -r data/small
	head -c 200000 /dev/urandom >data/more
}
images() {
	registry_quiet skopeo copy --insecure-policy --src-tls-verify=false "docker://$registry/web:1" "oci:$TMP/oci:web" || return 1
	for i in 0 1 2; do
		registry_layer web large large $i && registry_layer large app$i small $i && registry_push app$i "$registry/app:$i" || return 1
	done
}
expect "a registry" demo_registry || exit
expect "three images" images || exit
server_port=$registry_port
registry_port=$(registry_free_port)
start link python3 "$TOP/tests/power/link.py" "$registry_port" "$server_port" "$RATE" count
link_pid=$started
wait_for 10 test -s count || { fail "a slow line"; dump link.log; exit; }
mkdir work && mount -t tmpfs -o size=300m work work && mkdir work/etc || { fail "memory to work in"; exit; }
at_exit 'umount work'

appliance() {
	demo_appliance && vm_disk "$TMP/demo.img" 128
}
expect "an appliance" appliance || exit
demo_port
image_of() {
	echo "$demo_host:$registry_port/app:$(($1 % 3))"
}
# what is in the second archive replaces what was in the first
aim() { # number of the image
	rm -rf over && mkdir -p over/etc/cleat
	printf 'name: demo\nservices:\n  web:\n    image: %s\n    ports: ["80:8080"]\n    restart: always\n    read_only: true\n' \
		"$(image_of "$1")" >over/etc/cleat/manifest.yaml
	vm_pack over over.cpio
	cat demo.cpio over.cpio >boot.cpio
}
boot() {
	vm_start "$1" "$ARCH" "$TMP/boot.cpio" "$demo_words" $(demo_disk) && vm_says 60 'engine-started'
}
answers() { # number of the image whose page it is
	[ "$(curl -s -m 3 "http://127.0.0.1:$demo_port/")" = $(($1 % 3)) ]
}
has_come() {
	[ $(($(cat count) - came)) -ge "$1" ]
}
look() { # sets kept (bytes of interrupted layers), current (the image of the current manifest)
	cp --sparse=always demo.img work/cut.img
	found=$(cd work && python3 "$TOP/tests/power/disk.py" cut.img --layout ../oci 2>&1) || {
		mkdir -p "$O/power" && cp --sparse=always work/cut.img "$O/power/cut.img"
		tap_diag "$found" "the disk is $O/power/cut.img"
		return 1
	}
	kept=${found%% *} current=${found#* }
	[ "$current" != "$found" ] || current=
}
export CLEAT

python3 -c "import random; r = random.Random($SEED); [print(round(r.uniform(0, $LONGEST_S), 2)) for _ in range($CUTS - 1)]; print($LONGEST_S)" >instants
n=0 wanted=0 running= kept=0 current= amid=0 resumed=0 fresh=
while read -r instant; do
	n=$((n + 1)) before=$kept came=$(cat count)
	aim $wanted
	name="cut $n of $CUTS, $instant s after"
	boot "boot$n" || { fail "$name: boots"; exit; }
	# every second time the instant counts from when the service runs
	if [ -n "$running" ] && [ $((n % 2)) = 0 ]; then
		name="$name the service answers"
		wait_for 40 answers "$running" || { fail "$name: it answers"; tail -n 30 "$vm_log"; exit; }
	else
		name="$name the engine's start"
	fi
	# what the last manifest needed is in the way; not while a layer is kept, which nothing names yet
	[ -z "$fresh" ] || printf 'cleat prune -a -f\n' >&7
	fresh=
	sleep "$instant"
	# the last boot goes on with something, however slow this machine is
	[ $n -lt "$CUTS" ] || wait_for 20 has_come 2500000
	ss -tnH state established "dport = :$registry_port" | grep -q . && amid=$((amid + 1))
	vm_cut
	look || { fail "$name"; exit; }
	ok "$name: the disk is good, $kept bytes of a layer kept, $(($(cat count) - came)) came"
	[ "$before" -gt 0 ] && [ "$kept" -ge "$before" ] && resumed=$((resumed + 1))
	if [ "$current" = "$(image_of $wanted)" ]; then
		running=$wanted wanted=$((wanted + 1)) fresh=yes
	elif [ -n "$running" ] && [ "$current" != "$(image_of "$running")" ]; then
		fail "$name: the current image is $current"
	fi
done <instants

kill -USR1 $link_pid # fast from here on
before=$kept came=$(cat count)
aim $wanted
expect "boots again" boot last || exit
expect "the service runs from the image that was wanted" wait_for 90 answers $wanted || vm_says 0 nothing
came=$(($(cat count) - came))
size=$(wc -c "$(ls -S oci/blobs/sha256/* | head -n 1)" | sed 's/ .*//')
# a layer that was just complete leaves nothing; then others have shown it
[ "$before" != 0 ] || [ $wanted -gt 0 ] && ok "something was kept" || fail "something was kept"
[ "$before" = 0 ] || { [ $came -lt $((size + 700000 - before)) ] && ok "the pull goes on where it was: $came bytes came, $before were kept" ||
	fail "the pull goes on where it was" "$came bytes came, $before were kept of $size"; }
expect "a shell" vm_shell 30
expect "cleat fsck finds nothing" vm_sh 60 'cleat fsck' || tap_diag "$vm_out"
expect "nothing half-written is left" vm_sh 10 'find /var/lib/cleat/staging /var/lib/cleat/partial -mindepth 1 >/tmp/left; cat /tmp/left; [ ! -s /tmp/left ]' || tap_diag "$vm_out"
vm_cut
expect "cut while it runs: the disk is good" look
stop $link_pid
registry_stop
expect "boots without a registry" boot offline || exit
expect "the service runs from what is there" wait_for 90 answers $wanted || vm_says 0 nothing
vm_shell 30
vm_sh 1 'cleat poweroff' >/dev/null
expect "powers off in order" vm_ended 60
/sbin/e2fsck -fn demo.img >fsck.log 2>&1
expect_equal 0 $? "the disk is clean"
echo "# note: $n cuts, $amid in the middle of a transfer, $wanted images arrived between them, a kept layer went on $resumed times;" \
	"seed $SEED"
tap_end
