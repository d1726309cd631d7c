#!/bin/sh
# Every header compiles alone, with the flags of the build.
# timeout: 300
. "$TOP/tests/lib/tap.sh"
cd "$TOP" || exit

cat >"$TMP/one" <<'END'
h=${1#src/}
printf '#include "%s"\n#include "%s"\n' "$h" "$h" |
	eval "$(cat "$O/.flags") -Wno-unused-function -fsyntax-only -x c -" >"$2" 2>&1 ||
	{ echo "$1:"; cat "$2"; }
rm -f "$2"
END
other=mbedtls # the TLS library that this build does not have
! grep -q '^CONFIG_TLS_MBEDTLS=y' "$O/.config" || other=bearssl
find src -name '*.h' ! -path 'src/package/*' ! -path "src/tls/$other.h" | sort >"$TMP/headers"
n=0
while read -r h; do
	n=$((n + 1))
	echo "$h $TMP/err.$n"
done <"$TMP/headers" | xargs -P 2 -n 2 sh "$TMP/one" >"$TMP/out"
if [ -s "$TMP/out" ]; then
	fail "headers are self-contained" "$(cat "$TMP/out")"
else
	ok "headers are self-contained"
fi
tap_end
