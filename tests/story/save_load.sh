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
rm -f good

# in
expect_err 2 'needs a name' "load without a name" cleat load -i one.tar
loads() { # NAME WANT-ID OPTION... of load
	loads_name=$1 loads_want=$2
	shift 2
	expect "$loads_name" cleat load -q -t loaded:1 "$@" || return
	expect_equal "$loads_want" "$(id_of loaded:1)" "$loads_name: the same image ID"
	expect_equal "" "$(ls "$E/root/staging")" "$loads_name: nothing is left of the archive"
	cleat rmi loaded:1 >/dev/null
}
expect "rmi" cleat rmi "$tiny"
expect "rmi" cleat rmi "$layers"
expect_equal "" "$(ls "$E/root/layers")" "the store is empty"
loads "our archive" "$tiny_id" -i one.tar
gzip -k one.tar
loads "gzip" "$tiny_id" one.tar.gz
from_pipe() {
	cat one.tar.gz | cleat load -q -t loaded:1
}
expect "from a pipe" from_pipe
expect_equal 7 "$(cleat run --rm loaded:1 sh -c 'echo $((3 + 4))')" "and run it"
cleat save loaded:1 2>saved >second.tar
expect_equal "" "$(grep new saved)" "what came uncompressed goes out under its own manifest"
cleat rmi loaded:1 >/dev/null
expect_err 1 'several images: .*tiny:1, .*layers:1; choose one with --only' "several images" cleat load -t loaded:1 two.tar
expect_err 1 'no image nothing:1 in it, but: ' "none of them" cleat load -t loaded:1 --only nothing:1 two.tar
loads "one of several" "$layers_id" --only "$layers" two.tar
loads "our folder" "$layers_id" layout
registry_quiet skopeo copy --insecure-policy oci:"$TMP/oci":tiny docker-archive:skopeo.tar:from/skopeo:3
loads "skopeo's docker-archive" "$tiny_id" skopeo.tar
registry_quiet skopeo copy --insecure-policy oci:"$TMP/oci":layers oci-archive:skopeo-oci.tar:3
loads "skopeo's OCI archive" "$layers_id" skopeo-oci.tar
expect_err 1 'No such file|not found|ENOENT|none' "a file that is not there" cleat load -t loaded:1 not-there
tar -cf none.tar -C /etc passwd
expect_err 1 'no image archive' "a tar of something else" cleat load -t loaded:1 none.tar
head -c 100000 one.tar >cut.tar
expect_err 1 'archive' "an archive that is cut" cleat load -t loaded:1 cut.tar
mkdir -p evil && printf '[{"Config":"../../../../etc/passwd","RepoTags":["a:1"],"Layers":["../../../etc/shadow"]}]' >evil/manifest.json
tar -cf evil.tar -C evil manifest.json
expect_err 1 'No such file|not found|ENOENT|passwd' "paths that lead outside (moby CVE-2014-9358)" cleat load -t loaded:1 evil.tar
printf '[{"Config":"link","RepoTags":["a:1"],"Layers":[]}]' >evil/manifest.json
ln -sf /etc/passwd evil/link
tar -cf evil.tar -C evil manifest.json link
expect_err 1 '.' "a link that leads outside" cleat load -t loaded:1 evil.tar
expect_equal "  " "$(cleat images -q loaded) $(ls "$E/root/staging") $(ls "$E/root/layers")" "nothing stays of what failed"

# a stick: names only, read-only
if command -v mkfs.vfat >/dev/null && truncate -s 16M stick.img && mkfs.vfat stick.img >/dev/null 2>&1 &&
	mkdir -p stick && mount -o loop stick.img stick 2>/dev/null; then
	registry_quiet skopeo copy --insecure-policy oci:"$TMP/oci":layers oci:stick/app:3
	mount -o remount,ro stick
	loads "a folder on a stick" "$layers_id" stick/app
	umount stick
else
	skip "a folder on a stick" "no vfat here; tests/power/replay.sh loads from one in a guest"
fi

# podman and docker, as far as they are there
if command -v podman >/dev/null; then
	pod() {
		podman --root "$TMP/pod" --runroot "$TMP/podrun" --storage-driver vfs --events-backend none "$@"
	}
	expect "podman reads what we write" registry_quiet pod load -q -i one.tar
	expect_equal "${tiny_id#*:}" "$(pod images -q --no-trunc "$tiny" | sed 's/.*://')" "with its name and ID"
	for format in docker-archive oci-archive; do
		registry_quiet pod save -q --format $format -o pod-$format.tar "$tiny"
		loads "podman's $format" "$tiny_id" pod-$format.tar
	done
	pod system reset -f >/dev/null 2>&1
else
	skip "podman" "is not installed"
fi
expect "the engine stops" engine_stop
expect_equal "" "$(engine_leftovers)" "nothing is left"
tap_end
