#!/bin/sh
# Every file is as 'make format' leaves it.
# timeout: 120
. "$TOP/tests/lib/tap.sh"
need clang-format-14
cd "$TOP" || exit
find src tests -name '*.[ch]' ! -path 'src/package/*' -print0 |
	xargs -0 -n 20 clang-format-14 --dry-run >"$TMP/out" 2>&1
expect_equal 0 $? "formatter has run" || dump "$TMP/out"
expect_equal "" "$(sed -n 's/^\([^:]*\):[0-9]*:.*Wclang-format-violations.*/\1/p' "$TMP/out" | sort -u)" \
	"no file differs from .clang-format ('make format')"
tap_end
