#!/bin/sh
# timeout: 60
# A build that keeps layers as they were fetched (CONFIG_STORE_BLOBS): what goes out is what came in, digests included.
# tests/build/configs.sh runs it with such a build.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip nft unshare
grep -q '^CONFIG_STORE_BLOBS=y' "$O/.config" || skip_all "this build keeps no blobs; tests/build/configs.sh makes one"

engine_world || { fail "make a registry"; tap_end; }
layers=$registry/layers:1
expect "pull" cleat pull -q "$layers" || tap_end
blob=$(ls "$E"/root/layers/*/blob 2>/dev/null | head -1)
expect_equal "$(jq -r '.layers[].digest' "$E"/root/images/*/manifest | cut -d: -f2 | sort)" \
	"$(sha256sum "$E"/root/layers/*/blob | cut -d' ' -f1 | sort)" "each layer's blob is the registry's"
expect "fsck" cleat fsck

raw() {
	skopeo inspect --raw "$@" | sha256sum | cut -d' ' -f1
}
want=$(raw --tls-verify=false "docker://$layers")
expect "save" cleat save -o out.tar "$layers"
expect_equal "$want" "$(raw oci-archive:out.tar:1)" "the manifest is the registry's"
expect "skopeo copies it, whole" registry_quiet skopeo copy --insecure-policy oci-archive:out.tar:1 oci:copied:1
expect_equal "$(jq -r '.layers[].digest' "$E"/root/images/*/manifest | sort)" \
	"$(skopeo inspect --raw oci:copied:1 | jq -r '.layers[].digest' | sort)" "and so are the layers"
if cleat push --help >/dev/null 2>&1; then
	expect "push" cleat tag "$layers" "$registry/copy:1" && expect "push" cleat push "$registry/copy:1"
	expect_equal "$want" "$(raw --tls-verify=false "docker://$registry/copy:1")" "what is pushed is what was pulled"
fi

cp -p "$blob" good
printf X | dd of="$blob" bs=1 seek=100 conv=notrunc 2>/dev/null
expect_err 1 'damaged in the store' "a blob that has changed" cleat save -o bad.tar "$layers"
[ ! -e bad.tar ] && ok "is not written" || fail "is not written"
expect_err 1 'its blob has changed' "fsck finds it" cleat fsck
expect_out '1 found, 1 repaired' "and repairs it" cleat fsck --repair
expect "it is what it was" cmp good "$blob"

rm -rf "$E/root"
mkdir "$E/root"
expect "load what was saved" cleat load -q -t loaded:1 -i out.tar
expect_equal "sha256:$want" "$(cleat images --json loaded:1 | jq -r '.[0].digest')" "it has the same digest"
expect "save it once more" cleat save -o again.tar loaded:1
expect_equal "$want" "$(raw oci-archive:again.tar:1)" "and out again"
tap_end
