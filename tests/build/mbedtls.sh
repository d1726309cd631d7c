#!/bin/sh
# The other TLS library: builds, and passes the tests of the default one.
# timeout: 600
. "$TOP/tests/lib/tap.sh"
need_root
m=$TMP/mbedtls
mkdir -p "$m" && echo CONFIG_TLS_MBEDTLS=y >"$m/.config"
build() {
	nice make -C "$TOP" -j2 O="$m" "$@"
}
expect "CONFIG_TLS_MBEDTLS builds" build olddefconfig all || tap_end
echo "# note: $(stat -c %s "$m/cleat") bytes"
for test in fetch_tls client_cert; do
	expect "it passes $test" build story T="$test"
	printf '%s\n' "$tap_out" | sed -n 's/^    |/#/p; s/^\([0-9]* passed.*\)/# note: '"$test"': \1/p'
done
expect "it passes the unit tests of src/tls" build unit T=tls
tap_end
