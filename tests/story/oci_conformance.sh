#!/bin/sh
# timeout: 400
# The validation programs of the OCI runtime-tools: none that has passed fails.
. "$TOP/tests/lib/tap.sh"
need_root
need unshare dpkg gcc
[ "$ARCH" = x86_64 ] || skip_all "the pinned Go compiler is for x86-64"
# the archive keeps a file until its next stable release: an old one must be in dl/, and is no reason to fail
"$TOP/scripts/fetch" "$DL" "$TOP/tests/conformance/runtime-tools/sources" >fetch.log 2>&1 ||
	skip_all "$(grep -m 1 'not served' fetch.log || tail -n 1 fetch.log)"
if "$TOP/tests/conformance/run" runtime-tools >run.log 2>&1; then
	ok "$(grep -c '^  pass  [^0-9]' run.log) programs pass, all that are expected to"
else
	fail "programs that are expected to pass" "$(grep -E 'LOST|^conformance' run.log)"
	dump run.log
fi
tap_end
