#!/bin/sh
# The kit that the LGPL asks for links to the same program, far from the source.
# timeout: 600
. "$TOP/tests/lib/tap.sh"
mkdir -p "$TMP/out" && cp "$O/.config" "$TMP/out/"
sed -i 's/^CONFIG_LTO=y/# CONFIG_LTO is not set/' "$TMP/out/.config"
expect "make relink-kit" nice make -C "$TOP" -j2 O="$TMP/out" relink-kit || exit
cp "$TMP/out/cleat" "$TMP/original" || exit
mkdir "$TMP/customer" && tar x -f "$TMP/out/relink-kit.tar.xz" -C "$TMP/customer" && rm -rf "$TMP/out"
cd "$TMP/customer/relink-kit" || exit
expect "the kit links" sh relink.sh
expect "to the same program" cmp cleat "$TMP/original"
expect_equal "" "$(grep -rIl -e "$TOP" -e "$PKGDIR" .)" "the kit names no folder of the build machine"
tap_end
