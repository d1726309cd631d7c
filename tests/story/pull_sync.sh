#!/bin/sh
# A pull syncs the file system once a layer at most, whoever of its processes does it; a layer that is there costs none.
# timeout: 60
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need strace

mkdir -p "$E/root" "$E/run" "$E/etc" && ip link set lo up && registry_ca && registry_cert localhost ecdsa DNS:localhost &&
	registry_start localhost && registry_images && registry_push layers "$registry/layers:1" && engine_trust || exit
at_exit engine_cleanup

# syncs CALL...: of each call, how often a pull of the three layers makes it, and its processes
syncs() {
	strace -f -qq -c -S name -e "trace=$(echo "$*" | tr ' ' ,)" -o "$TMP/calls" "$CLEAT" --root "$E/root" --run "$E/run" \
		--config "$E/etc" pull -q "$registry/layers:1" >/dev/null &&
		awk '$NF ~ /sync/ && $4 ~ /^[0-9]+$/ { n += $4 } END { print n + 0 }' "$TMP/calls"
}
expect_equal 3 "$(syncs syncfs sync)" "three layers, three syncs of the file system"
expect_equal 3 "$(ls "$E/root/layers" | wc -l)" "three layers are stored"
cleat rmi "$registry/layers:1" >/dev/null 2>&1
expect_equal 3 "$(syncs syncfs sync)" "and again once they were removed"
expect_equal 0 "$(syncs syncfs sync)" "none for an image that is there"
tap_end
