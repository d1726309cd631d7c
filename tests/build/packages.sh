#!/bin/sh
# Third-party sources: no hash, no build.
# timeout: 120
. "$TOP/tests/lib/tap.sh"
cd "$TOP" || exit
tarball=libyaml_0.2.5.orig.tar.gz
hashes=src/package/libyaml/libyaml.hash
mkdir -p "$TMP/dl" && cp "$DL/$tarball" "$TMP/dl/" || exit

expect "the pinned file is taken from dl/" scripts/fetch "$TMP/dl" "$hashes" "$tarball" libyaml
grep -v "$tarball" "$hashes" >"$TMP/none.hash"
expect_err 1 "no hash for $tarball" "a file without a hash is refused" \
	scripts/fetch "$TMP/dl" "$TMP/none.hash" "$tarball" libyaml
echo "one byte more" >>"$TMP/dl/$tarball"
expect_err 1 "pinned is" "a file with another hash is refused" \
	scripts/fetch "$TMP/dl" "$hashes" "$tarball" libyaml
echo "sha256 123 $tarball" >"$TMP/short.hash"
expect_err 1 "short.hash:1: expected" "a malformed hash is refused" \
	scripts/fetch "$TMP/dl" "$TMP/short.hash" "$tarball" libyaml

for recipe in src/package/*/; do
	name=$(basename "$recipe")
	for file in $(sed -n "s/^\t*\(${name}_FILES := \)*\([^ :]*\.\(xz\|gz\|bz2\|deb\)\):.*/\2/p" "$recipe/$name.mk"); do
		grep -qF " $file" "$recipe/$name.hash" || echo "$name: $file"
	done
done >"$TMP/unpinned"
expect_equal "" "$(cat "$TMP/unpinned")" "every file of every recipe is pinned"
tap_end
