#!/bin/sh
# timeout: 120
# A full store: what does not fit is refused with numbers before it is fetched, what turns out not to fit leaves
# nothing, images leave a reserve, rubbish makes room first, and the engine goes on where nothing is left.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip nft unshare mkfs.ext4

puffy() { # 60 MB that are 4 MB when packed
	python3 -c 'import os
with open("puffy", "wb") as f:
    for i in range(1000):
        f.write(os.urandom(4096) * 15)'
}
noise() {
	head -c "$1" /dev/urandom >noise
}
many() {
	mkdir many && (cd many && seq 1 400 | xargs touch)
}
engine_world || { fail "make a registry"; tap_end; }
tiny=$registry/tiny:1
registry_layer tiny puffy puffy && registry_layer tiny many many &&
	registry_layer tiny eight noise 8000000 && registry_layer tiny other noise 8000000 &&
	registry_layer tiny huge noise 50000000 || { fail "make images"; tap_end; }
badregistry bad localhost --layout "$TMP/oci" || { fail "make a bad registry"; tap_end; }
mkdir -p "$E/etc/certs.d/$bad" && cp "$TMP/pki/ca.crt" "$E/etc/certs.d/$bad/"
skopeo copy -q --insecure-policy "oci:$TMP/oci:huge" "oci-archive:$TMP/huge.tar" 2>/dev/null
skopeo copy -q --insecure-policy "oci:$TMP/oci:puffy" "oci-archive:$TMP/puffy.tar" 2>/dev/null

disk() { # a small disk in the store's place
	truncate -s 32M "$TMP/disk" && mkfs.ext4 -q -m 0 -N 1024 "$TMP/disk" && mount -o loop "$TMP/disk" "$E/root"
}
free_kib() {
	stat -f -c '%a %S' "$E/root" | awk '{print int($1 * $2 / 1024)}'
}
enough() { # the reserve is there: a sixteenth
	[ "$(free_kib)" -ge 1800 ]
}
clean() { # NAME
	expect_equal "" "$(ls "$E/root/staging" "$E/root/partial" "$E/root/trash" | grep -v : | tr -d '\n')" "$1: nothing half-made stays"
	expect "$1: fsck" cleat fsck
}
layers_now() {
	ls "$E/root/layers" | wc -l
}
at_exit 'umount "$E/root" 2>/dev/null'
expect "a disk of 32 MB" disk || tap_end

# before anything is fetched
: >"$TMP/bad.requests"
expect_err 1 'no space left \([0-9]+ of [0-9]+ MiB and [0-9]+ inodes are free, [0-9]+ KiB of it are kept.*at least (4[89]|5[0-9]) MiB.*likely 1[0-9][0-9]' \
	"an image that cannot fit" cleat pull "$bad/slow/100000000:huge"
expect_equal 0 "$(grep -c 'GET .*/blobs/' "$TMP/bad.requests" | awk '{print $1 - 1}')" "only its configuration was fetched"
clean "an image that cannot fit"
expect_err 1 'no space left.*at least' "an archive that cannot fit" cleat load -t huge:1 -i "$TMP/huge.tar"
expect_equal 0 "$(layers_now)" "and no layer"

# in the middle
expect "a small image" cleat pull -q "$tiny"
expect_err 1 'no space left.*kept|MiB of the layer are written' "an image that grows when it is unpacked" cleat pull "$bad/slow/100000000:puffy"
expect "leaves the reserve" enough
clean "an image that grows when it is unpacked"
load_piped() {
	cat "$TMP/puffy.tar" | cleat load -t puffy:1
}
expect_err 1 'no space left' "an archive from a pipe that grows" load_piped
clean "an archive from a pipe"
expect_equal "$tiny" "$(cleat images | awk 'NR > 1 {print $1 ":" $2}')" "the small image is still there"

# rubbish makes room
expect "an image of 8 MB" cleat pull -q "$bad/slow/100000000:eight"
expect "as another name" cleat tag "$bad/slow/100000000:eight" rubbish:1
expect "its name goes to another image" cleat tag "$tiny" rubbish:1
expect "and the other too" cleat tag "$tiny" "$bad/slow/100000000:eight"
expect_equal 2 "$(layers_now)" "its layer is still there"
head -c 8000000 /dev/zero >"$E/root/fill"
expect "an image for which there is room without it" cleat pull -q "$bad/slow/100000000:other"
expect_equal 2 "$(layers_now)" "it has made room"
expect_out '^<none>|other' "and the new one is there" cleat images
clean "rubbish"

# nothing at all is left
cat >"$TMP/m.yaml" <<END
services:
  web:
    image: $tiny
    command: [sleep, "1000"]
END
expect "the engine starts" engine_start || tap_end
expect "a manifest" cleat apply "$TMP/m.yaml"
web=$(pid_of web)
current=$(readlink "$E/root/generations/current")
fill() {
	cat /dev/zero >"$E/root/fill2" 2>/dev/null
	i=0
	while true >"$E/root/fill.$i"; do i=$((i + 1)); done 2>/dev/null
	while echo x >"$E/root/fill.$((i - 1))"; do i=$((i - 1)); done 2>/dev/null
	:
}
fill
expect_equal 0 "$(free_kib)" "nothing is left on the disk"
sed 's/1000/2000/' "$TMP/m.yaml" >"$TMP/m2.yaml"
whole() { # NAME COMMAND...: it may fail or not, but it says why, and all is as it was
	whole_name=$1
	shift
	"$@" >"$TMP/out" 2>&1 || expect_out 'No space|no space' "$whole_name: says why" cat "$TMP/out"
	expect "$whole_name: fsck" cleat fsck
	expect "$whole_name: what runs goes on" kill -0 "$web"
}
whole "tag on a full disk" cleat tag "$tiny" full:1
whole "apply on a full disk" cleat apply "$TMP/m2.yaml"
expect_equal "$current" "$(readlink "$E/root/generations/current")" "the generation is the old one"
whole "run on a full disk" cleat run -d --name once "$tiny" sleep 100
cleat rm -f once >/dev/null 2>&1
whole "pull on a full disk" cleat pull "$bad/slow/100000000:eight"
whole "load on a full disk" cleat load -t x:1 -i "$TMP/puffy.tar"
expect_out '^Untagged' "rmi on a full disk" cleat rmi "$bad/slow/100000000:other"
roomy() {
	[ "$(free_kib)" -gt 7000 ]
}
expect "gives the room back" wait_for 10 roomy
rm -f "$E"/root/fill*
expect "then the manifest applies" cleat apply "$TMP/m2.yaml"
engine_stop
expect "fsck without an engine" cleat fsck
umount "$E/root"

# no inodes
expect "a disk of 200 inodes" mount -t tmpfs -o size=100m,nr_inodes=200 none "$E/root" || tap_end
expect "a small image" cleat pull -q "$tiny"
expect_err 1 'no space left \([0-9]+ of 100 MiB and [0-9]+ inodes' "an image of more files" cleat pull "$bad/slow/100000000:many"
clean "an image of more files"
i=0
while true >"$E/root/fill.$i"; do i=$((i + 1)); done 2>/dev/null
expect_err 1 'No space|no space' "tag without inodes" cleat tag "$tiny" full:1
expect "an engine starts without inodes" engine_start || tap_end
expect_err 125 'No space|no space' "run without inodes" cleat run --rm "$tiny" true
expect_out "${tiny%:*}" "images" cleat images
expect "fsck without inodes" cleat fsck
expect_out '^Deleted' "rmi without inodes" cleat rmi "$tiny"
rm -f "$E"/root/fill.*
expect "then it can be pulled" cleat pull -q "$tiny"
expect_equal 7 "$(cleat run --rm "$tiny" sh -c 'echo $((3 + 4))')" "and run"
engine_stop
expect_equal "" "$(engine_leftovers)" "nothing is left"
umount "$E/root"
tap_end
