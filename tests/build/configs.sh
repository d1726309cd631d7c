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
fi
tap_end
