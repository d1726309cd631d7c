#!/bin/sh
# tests/run and tests/lib/tap.sh: what does not pass is never counted as passed.
# timeout: 120
. "$TOP/tests/lib/tap.sh"

# a test of the given shell lines; the driver's last line for it
try() {
	want=$1 name=$2
	{ echo '#!/bin/sh'; cat; } >"$TMP/try.sh"
	chmod +x "$TMP/try.sh"
	tap_rc=0
	tap_out=$("$TOP/tests/run" --timeout 2 "$TMP/try.sh" 2>&1) || tap_rc=$?
	last=$(printf '%s\n' "$tap_out" | tail -n 1)
	case $want in
	*" 0 failed"*) want_rc=0 ;;
	*) want_rc=1 ;;
	esac
	expect_equal "$want (status $want_rc)" "$last (status $tap_rc)" "$name" || tap_diag "$tap_out"
}

# the first of these tests waits for the second
mkdir -p "$TMP/side" || exit
printf '#!/bin/sh\nuntil [ -e "%s/go" ]; do sleep 0.1; done; echo "ok 1 - a"\n' "$TMP" >"$TMP/side/waits.sh"
printf '#!/bin/sh\ntouch "%s/go"; echo "ok 1 - a"\n' "$TMP" >"$TMP/goes.sh"
chmod +x "$TMP/side/waits.sh" "$TMP/goes.sh"
expect_out '2 passed, 0 failed, 0 skipped' "two queues run beside each other" \
	"$TOP/tests/run" --timeout 10 --beside "$TMP/side/" "$TMP/side/waits.sh" "$TMP/goes.sh"
rm "$TMP/go"
expect_err 1 '1 passed, 2 failed, 0 skipped' "one queue does not" \
	"$TOP/tests/run" --timeout 1 "$TMP/side/waits.sh" "$TMP/goes.sh"
expect_err 1 '0 passed, 1 failed, 0 skipped' "no test is a failure" "$TOP/tests/run"
try "2 passed, 0 failed, 0 skipped" "passes are counted" <<'END'
echo "ok 1 - a"; echo "ok 2 - b"; echo 1..2
END
try "1 passed, 1 failed, 0 skipped" "a failure is counted" <<'END'
echo "ok 1 - a"; echo "not ok 2 - b"; echo 1..2
END
try "0 passed, 0 failed, 1 skipped" "a skipped result is no pass" <<'END'
echo "ok 1 - a # SKIP no kernel"
END
try "0 passed, 0 failed, 1 skipped" "a whole test can be skipped" <<'END'
echo "1..0 # SKIP no kernel"
END
try "0 passed, 1 failed, 0 skipped" "silence is a failure" <<'END'
exit 0
END
try "1 passed, 1 failed, 0 skipped" "a missing result is a failure" <<'END'
echo 1..2; echo "ok 1 - a"
END
try "1 passed, 1 failed, 0 skipped" "an exit status alone is a failure" <<'END'
echo "ok 1 - a"; exit 3
END
try "1 passed, 1 failed, 0 skipped" "a crash is a failure" <<'END'
echo "ok 1 - a"; kill -SEGV $$
END
try "1 passed, 1 failed, 0 skipped" "a test that hangs is ended and is a failure" <<'END'
echo "ok 1 - a"; sleep 60
END
try "1 passed, 0 failed, 0 skipped" "tap.sh: a test that reaches its end" <<'END'
. "$TOP/tests/lib/tap.sh"
expect "true is true" true
tap_end
END
try "1 passed, 1 failed, 0 skipped" "tap.sh: a test that does not" <<'END'
. "$TOP/tests/lib/tap.sh"
expect "true is true" true
exit 0
END
try "1 passed, 1 failed, 0 skipped" "tap.sh: an unset variable ends the test" <<'END'
. "$TOP/tests/lib/tap.sh"
expect "true is true" true
echo "$no_such_variable"
tap_end
END
try "2 passed, 3 failed, 0 skipped" "tap.sh: expectations can fail" <<'END'
. "$TOP/tests/lib/tap.sh"
expect "not met" false
expect_rc 3 "met" sh -c 'exit 3'
expect_out 'b+' "met" echo abbc
expect_out 'x+' "not met" echo abbc
expect_equal a b "not met"
tap_end
END

try "1 passed, 0 failed, 0 skipped" "tap.sh: what start started ends with the test" <<END
. "$TOP/tests/lib/tap.sh"
start sleeper sleep 1000
echo \$started >"$TMP/pid"
at_exit 'echo cleaned >"$TMP/cleaned"'
ok "started"
tap_end
END
if kill -0 "$(cat "$TMP/pid")" 2>/dev/null; then fail "no process is left"; else ok "no process is left"; fi
expect_equal cleaned "$(cat "$TMP/cleaned")" "at_exit has run"

cat >"$TMP/long.sh" <<END
#!/bin/sh
echo \$\$ >"$TMP/long.pid"
echo \$TMPDIR >"$TMP/long.tmp"
sleep 1000
END
chmod +x "$TMP/long.sh"
start driver "$TOP/tests/run" "$TMP/long.sh"
wait_for 10 test -s "$TMP/long.tmp"
stop "$started"
if kill -0 "$(cat "$TMP/long.pid")" 2>/dev/null; then fail "a stopped driver ends its tests"
else ok "a stopped driver ends its tests"; fi
if [ -e "$(cat "$TMP/long.tmp")" ]; then fail "and removes their folders"; else ok "and removes their folders"; fi
tap_end
