#!/bin/sh
# timeout: 180
# The stories of the OCI runtime once more where /sys/fs/cgroup is cgroup v2, in a mount namespace of their own.
# On a machine with v1 the controllers stay there, so limits other than device rules are skipped by name.
. "$TOP/tests/lib/tap.sh"
need_root
need unshare
[ "$(stat -f -c %t /sys/fs/cgroup)" = 63677270 ] && skip_all "this machine has v2: the stories themselves ran on it"

chmod 755 "$TMP" # for the mapped root of a user namespace
for story in lifecycle control update events limits confine process exec seccomp hooks hostile; do
	mkdir "$story"
	if TMPDIR=$TMP/$story unshare -m sh -euc '
		umount -R /sys/fs/cgroup
		mount -t cgroup2 none /sys/fs/cgroup
		mount --make-rprivate /
		cd "$TMPDIR"
		exec sh "$TOP/tests/story/oci_$1.sh"' - "$story" >"$story.tap" 2>&1; then
		ok "oci_$story.sh ($(grep -c ^ok "$story.tap") checks)"
	else
		fail "oci_$story.sh" "$(grep -A 9 '^not ok' "$story.tap" || tail -n 20 "$story.tap")"
	fi
	grep '# SKIP' "$story.tap" | sed 's/^ok [0-9]* - //' | while read -r name; do
		tap_diag "skipped there: $name"
	done
done
tap_end
