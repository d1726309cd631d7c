#!/bin/sh
# timeout: 240
# Images out and in again: what we write is read by skopeo, podman and docker of the distribution, and what they
# write is read by us; image IDs stay, digests are right, nothing half-written stays.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip nft unshare tar

engine_world || { fail "make a registry"; tap_end; }
tiny=$registry/tiny:1
layers=$registry/layers:1
id_of() {
	cleat images -q --no-trunc "$1"
}

expect "the engine starts" engine_start || tap_end
expect "pull" cleat pull -q "$tiny" "$layers"
tiny_id=$(id_of "$tiny") layers_id=$(id_of "$layers")

# out
expect_err 1 'no image' "save what is not there" cleat save -o x.tar nothing:1
expect_equal "" "$(ls | grep x.tar)" "leaves nothing"
expect_out 'new: its layers are uncompressed' "save two images" cleat save -o two.tar "$tiny" "$layers"
expect_equal "two.tar" "$(ls | grep two.tar)" "one file"
sums() { # every blob has its digest
	mkdir -p sums && tar -C sums -xf "$1" && (cd sums/blobs/sha256 && for b in *; do echo "$b  $b"; done | sha256sum -c --quiet)
	sums_rc=$?
	rm -rf sums
	return $sums_rc
}
expect "every blob has its digest" sums two.tar
expect_equal 5 "$(tar -tf two.tar | grep -c 'blobs/sha256/.' | awk '{print $1 - 2}')" "a shared layer is there once"
cleat save "$tiny" 2>/dev/null >one.tar
cleat save "$tiny" 2>/dev/null >again.tar
expect "the same image gives the same file" cmp one.tar again.tar
mkdir layout
expect "save into a folder" cleat save -o layout "$layers"
expect_err 1 'empty folder' "which has to be empty" cleat save -o layout "$tiny"
skopeo_id() {
	skopeo inspect --config --raw "$@" | sha256sum | cut -d' ' -f1
}
expect_equal "${tiny_id#*:}" "$(skopeo_id oci-archive:one.tar:1)" "skopeo reads the OCI archive"
expect_equal "${tiny_id#*:}" "$(skopeo_id docker-archive:two.tar:"$tiny")" "and as a docker-archive"
expect_equal "${layers_id#*:}" "$(skopeo_id docker-archive:two.tar:"$layers")" "also the second image"
expect_equal "${layers_id#*:}" "$(skopeo_id oci:layout:1)" "and the folder"
expect "skopeo copies it, whole" registry_quiet skopeo copy --insecure-policy oci:layout:1 oci:copied:1
mkdir full && mount -t tmpfs -o size=100k none full
expect_err 1 'No space|no space|ENOSPC' "a full disk" cleat save -o full/x.tar "$layers"
expect_equal "" "$(ls full)" "keeps nothing of it"
umount full
layer=$(ls -S "$E"/root/layers/*/fs/bin/busybox | head -1)
cp -p "$layer" good && printf X | dd of="$layer" bs=1 seek=1000 conv=notrunc 2>/dev/null
expect_err 1 'damaged in the store' "a layer that has changed" cleat save -o bad.tar "$tiny"
[ ! -e bad.tar ] && [ ! -e bad.tar.part ] && ok "is not written" || fail "is not written"
dd if=good of="$layer" conv=notrunc 2>/dev/null
expect "rm" rm -f good
tap_end
