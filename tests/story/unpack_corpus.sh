#!/bin/sh
# timeout: 300
# The files that libarchive, zlib and zstd test themselves with, from their sources as the build pins them: each
# unpacks to what bsdtar, zlib and zstd make of it, or is refused with a reason (tests/lib/corpus.py). In the
# confined role here; 'make check-corpus' does the same under the sanitizers.
. "$TOP/tests/lib/tap.sh"
need_root
need bsdtar zstd python3

sources() { # LIBRARY FILE PACKAGE: its file, by the hash of the build's recipe
	"$TOP/scripts/fetch" "$DL" "$TOP/src/package/$1/$1.hash" "$2" "$3" && tar -C sources -xf "$DL/$2" --wildcards "$4" 2>&1
}
file_of() {
	sed -n 's/^sha256 [0-9a-f]* \(.*\.orig\.tar\..*\)/\1/p' "$TOP/src/package/$1/$1.hash"
}
mkdir sources
expect "libarchive's sources" sources libarchive "$(file_of libarchive)" libarchive '*.uu' || tap_end
expect "zlib's sources" sources zlib "$(file_of zlib)" zlib '*/test/infcover.c' || tap_end
expect "zstd's sources" sources zstd "$(file_of zstd)" libzstd '*/tests/golden-*' || tap_end

client="${UNPACK_CLIENT:+$UNPACK_CLIENT --unconfined}"
python3 "$TOP/tests/lib/corpus.py" "${client:-$O/tests/tool/unpack_client}" sources >results 2>errors || fail "corpus.py" "$(cat errors)"
while IFS= read -r line; do
	case $line in
	"ok "*) ok "${line#ok }" ;;
	"not ok "*) fail "${line#not ok }" ;;
	*) echo "$line" ;;
	esac
done <results
# a reader that refuses everything is no good either
expect "the corpus was there" sh -c '[ "$(grep -c "^ok libarchive" results)" -gt 300 ] && [ "$(grep -c "^ok zlib" results)" -gt 30 ]'
tap_end
