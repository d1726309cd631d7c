#!/bin/sh
# Two builds, from two folders, with libraries built twice, give the same bytes.
# timeout: 900
. "$TOP/tests/lib/tap.sh"
elsewhere=$TMP/elsewhere/with-a-longer-name
mkdir -p "$TMP/first" "$elsewhere/out" || exit
tar c -C "$TOP" --exclude=./.git --exclude=./build --exclude=./dl . | tar x -C "$elsewhere" || exit
cp "$O/.config" "$TMP/first/"
cp "$O/.config" "$elsewhere/out/"
# the copy has no git history, from which the time would come otherwise
export SOURCE_DATE_EPOCH=1700000000

expect "first build" nice make -C "$TOP" -j2 O="$TMP/first" all || exit
expect "second build, in another folder" \
	nice make -C "$elsewhere" -j1 O=out PKGDIR="$elsewhere/packages" all || exit
expect "the binaries are identical" cmp "$TMP/first/cleat" "$elsewhere/out/cleat"
expect_equal "" "$(strings -a "$elsewhere/out/cleat" | grep -F -e "$TMP" -e "$TOP")" \
	"the binary names no folder of the build machine"
tap_end
