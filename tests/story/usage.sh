#!/bin/sh
# The command line without an engine: help, wrong usage, what is said when no engine runs.
. "$TOP/tests/lib/tap.sh"

PATHS="--root $TMP/root --run $TMP/run --config $TMP/etc"

expect_out '^usage: cleat \[OPTIONS\] COMMAND' 'cleat --help' "$CLEAT" --help
expect_err 2 'a command is missing' 'no command' "$CLEAT"
expect_err 2 'unknown command "frobnicate"' 'unknown command' "$CLEAT" frobnicate
expect_err 2 "See 'cleat ps --help'" 'wrong usage gives a hint' "$CLEAT" ps --bogus

# every verb that the help lists has a help of its own, with an example
"$CLEAT" --help >help.txt
sed -n '/^Commands:/,/^Options:/s/^  \([a-z]*\) .*/\1/p' help.txt | grep -vx 'oci\|init' >verbs
expect 'the help lists the verbs' test "$(wc -l <verbs)" -ge 20
missing=
while read -r verb; do
	"$CLEAT" "$verb" --help >one.txt 2>&1 && grep -q "^usage: cleat $verb" one.txt &&
		grep -q "^  cleat .*$verb" one.txt || missing="$missing $verb"
done <verbs
expect_equal '' "$missing" 'each verb has usage and example'

expect_err 2 'an argument is missing' 'run without an image' "$CLEAT" run -d
expect_err 2 'one argument too many' 'too many arguments' "$CLEAT" check a b
expect_err 2 'option --name needs a value' 'option without value' "$CLEAT" run --name
expect_err 2 'expected a size' 'bad size' "$CLEAT" run -m lots busybox
expect_err 2 '-p 80: port 80 has no port on the device' 'bad port' "$CLEAT" run -p 80 busybox
expect_err 2 'an absolute path' 'bad mount' "$CLEAT" run -v ./x:/x busybox
expect_err 2 'exclude each other' '--rm with --restart' "$CLEAT" run --rm --restart always busybox
expect_err 2 'init is not supported yet' 'run --init is refused, not ignored' "$CLEAT" run --rm --init busybox
expect_err 2 'is no signal' 'bad signal' "$CLEAT" kill -s SIGFOO x
expect_err 2 'take absolute paths' 'relative --root' "$CLEAT" --root here ps
expect_err 1 'leave out -t' '-it without a terminal' "$CLEAT" run -it busybox

for verb in 'ps' 'run busybox' 'logs x' 'exec x sh' 'stop x' 'start x' 'restart x' 'kill x' 'rm x' 'wait x'; do
	# shellcheck disable=SC2086
	rc=1
	case $verb in run*) rc=125 ;; esac
	expect_err $rc "no engine runs at $TMP/run/ctl.sock, and 'cleat ${verb%% *}' needs one" \
		"$verb without an engine" "$CLEAT" $PATHS $verb
done
expect_err 1 'missing.yaml: No such file' 'missing manifest' "$CLEAT" check missing.yaml
expect_err 1 'not a regular file' 'manifest that is a folder' "$CLEAT" check /
expect_out '^cleat [0-9]' 'version' "$CLEAT" version
expect_out '^{"version":"[0-9]' 'version for programs' "$CLEAT" version --json
expect_err 1 'PID 1 of this machine is not cleat' 'poweroff under another init' "$CLEAT" poweroff
tap_end
