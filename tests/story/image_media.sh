#!/bin/sh
# timeout: 120
# Every media type that registries serve is pulled and runs; what is no image, or might be two, is
# refused by what it is (tests/lib/mediaregistry.py lists the cases). Two platforms of one tag do not
# take each other's place.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
need busybox python3 jq zstd

mkdir -p "$E/root" "$E/run" "$E/etc/certs.d/127.0.0.1:5000"
: >"$E/etc/certs.d/127.0.0.1:5000/plain-http"
ip link set lo up
at_exit engine_cleanup
start media python3 "$TOP/tests/lib/mediaregistry.py" 5000 "$TMP/cases"
wait_for 20 grep -q ready "$TMP/media.log" || { fail "the registry starts" "$(cat "$TMP/media.log")"; tap_end; }
expect "the engine starts" engine_start || tap_end
repo=127.0.0.1:5000/x

state() {
	cleat images -q | sort
	ls "$E/root/layers" "$E/root/images" "$E/root/staging"
}
tab=$(printf '\t')
while IFS="$tab" read -r tag want platform; do
	override=
	[ "$platform" = - ] || override="--platform=$platform"
	if [ "$want" = ok ]; then
		expect "pull $tag" cleat pull -q ${override:+"$override"} "$repo:$tag"
		continue
	fi
	before=$(state)
	expect_err 1 "$want" "$tag is refused" cleat pull -q ${override:+"$override"} "$repo:$tag"
	[ "$(state)" = "$before" ] || fail "$tag leaves nothing" "$(state)"
done <"$TMP/cases"
expect "CVE-2021-21285, podman CVE-2021-20291: the engine still answers" cleat ps

name_of() {
	timeout 20 "$CLEAT" --root "$E/root" --run "$E/run" --config "$E/etc" run --rm --network none --pull never "$@" 2>&1
}
for tag in oci-gzip oci-tar oci-zstd docker-gzip docker-tar docker-zstd docker-list; do
	expect_equal "$tag" "$(name_of "$repo:$tag")" "$tag runs"
done
expect_equal mine "$(name_of "$repo:index-inside-index")" "the image of an inner index runs"
expect_equal mine "$(name_of "$repo:os-features")" "an image that needs unknown features is passed over"
arch() {
	cleat inspect "$1" | jq -r '.[0] | .Architecture + "/" + (.Variant // "")'
}
expect_equal "arm/v7" "$(arch "$repo:arm-v7")" "the best variant"
expect_equal "arm/v7" "$(arch "$repo:arm-v8")" "the best variant that is not above"
expect_equal "arm64/" "$(arch "$repo:arm64-v8")" "another architecture by --platform"

# one tag, two platforms
expect "a tag for this machine" cleat pull -q "$repo:docker-list"
mine=$(cleat inspect "$repo:docker-list" | jq -r '.[0].Id')
expect "the same tag for another" cleat pull -q --platform linux/s390x "$repo:docker-list"
expect_equal "s390x/" "$(arch "$repo:docker-list")" "is that one"
expect_err 125 'image is for linux/s390x' "it does not run here" cleat run --rm --network none --pull never "$repo:docker-list"
expect_out '^docker-list$' "without --pull never this machine's is pulled again" cleat run --rm --network none "$repo:docker-list"
expect_equal "$mine" "$(cleat inspect "$repo:docker-list" | jq -r '.[0].Id')" "and the tag is this machine's"
expect_err 125 'image is for linux/' "--platform is compared, too" cleat run --rm --network none --pull never --platform linux/s390x "$repo:docker-list"

# in a manifest: each service has its own, and a platform that is not there is told
printf 'name: two\nservices:\n  a: {image: "%s:docker-list", network_mode: none, restart: "no"}\n  b: {image: "%s:arm-v7", platform: linux/arm/v6, network_mode: none, restart: "no"}\n' "$repo" "$repo" >two.yaml
cleat apply two.yaml >apply.txt 2>&1 # the one for another machine has no program to start
expect_equal "arm/v6" "$(arch "$repo:arm-v7")" "platform: of a service chooses"
printf 'name: two\nservices:\n  a: {image: "%s:docker-list", platform: linux/riscv64, network_mode: none}\n' "$repo" >none.yaml
expect_err 1 'service a.*no image for linux/riscv64; there is linux/s390x' "a platform that there is not" cleat apply none.yaml
cleat apply /dev/stdin <<-'END' >/dev/null 2>&1
	name: two
	services: {}
END
tap_end
