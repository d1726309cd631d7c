#!/bin/sh
# The extreme configurations and a random one compile and link.
# timeout: 900
. "$TOP/tests/lib/tap.sh"
build() {
	nice make -C "$TOP" -j2 O="$TMP/$1" "$1" && nice make -C "$TOP" -j2 O="$TMP/$1" all
}
for config in allnoconfig allyesconfig randconfig; do
	expect "$config builds" build "$config"
done
printf '%s\n' "$tap_out" | sed -n 's/^kconfig: \(KCONFIG_SEED=.*\)/# note: randconfig was \1/p'

if [ -x "$TMP/allnoconfig/cleat" ] && [ "$ARCH" = "$(uname -m)" ]; then
	expect "the smallest one runs" "$TMP/allnoconfig/cleat" version
	blobs() { # the largest one keeps layers as they were fetched
		mkdir "$TMP/blobs" && cd "$TMP/blobs" && env TMPDIR="$TMP/blobs" O="$TMP/allyesconfig" \
			CLEAT="$TMP/allyesconfig/cleat" sh "$TOP/tests/story/store_blobs.sh"
	}
	expect "with kept blobs images go out as they came in" blobs
fi
tap_end
