# canary.sh - what no container may change: files beside the bundle, the host's null device, its core pattern.
# Sourced after bundle.sh, in the test's own folder.
#
#	outside		all of it as text
#	unchanged WHAT	a check that it is as it was when this was sourced
#	fresh		the bundle b anew

mkdir canary
echo untouched >canary/file
chmod 640 canary/file

outside() {
	(cd canary && find . -printf '%p %y %m %U:%G %s %l\n' | sort && cat file)
	stat -c '%a %u %g %t:%T' /dev/null
	grep -F "$TMP/canary" /proc/self/mountinfo
	cat /proc/sys/kernel/core_pattern
}
want=$(outside)

unchanged() {
	now=$(outside)
	[ "$now" = "$want" ] && ok "$1: the host is unchanged" || fail "$1: the host is unchanged" "$now"
}

fresh() {
	rm -rf b
	bundle b
}
