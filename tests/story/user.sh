#!/bin/sh
# timeout: 300
# Who a container's process is: the user of the image and of 'run -u', against passwd and group files that the
# image made hostile. Nothing may hang, and nobody becomes root who is not named so.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
need_root
registry_need

registry_images || exit
users() {
	rm -f etc/passwd etc/group
	printf 'root:x:0:0::/root:/bin/sh\nweb:x:1000:1001::/srv:/bin/sh\n1000:x:0:0::/:/bin/sh\nbroken:x:-1:0::/:\n' >etc/passwd
	printf 'www:x:1001:\naudio:x:29:web\n' >etc/group
}
fifo() { rm -f etc/passwd && mkfifo etc/passwd; }
folder() { rm -f etc/passwd && mkdir etc/passwd; }
large() { rm -f etc/passwd && head -c 2000000 /dev/urandom >etc/passwd; }
escape() { rm -f etc/passwd && ln -s ../../../../../../../../../"$TMP"/canary etc/passwd; }
echo 'web:x:7777:7777::/:/bin/sh' >"$TMP/canary"
for image in users fifo folder large escape; do
	registry_layer tiny "$image" "$image" || exit
done
registry_quiet umoci config --image "$TMP/oci:users" --tag by-name --config.user web || exit
registry_quiet umoci config --image "$TMP/oci:users" --tag wraps --config.user 4294967296 || exit

cleat() {
	"$CLEAT" --root "$TMP/root" --run "$TMP/run" --config "$TMP/etc" "$@"
}
for image in users by-name wraps fifo folder large escape; do
	mkdir -p "layout-$image"
	registry_quiet skopeo copy "oci:$TMP/oci:$image" "oci:$PWD/layout-$image:x" || exit
	expect "load $image" cleat load -t "local/$image:1" "$PWD/layout-$image"
done
start engine "$CLEAT" --root "$TMP/root" --run "$TMP/run" --config "$TMP/etc" engine
at_exit 'for id in $(cleat ps -aq); do cleat rm -f "$id" >"$TMP/rm.txt" 2>&1; done; stop "$started"'
wait_for 10 test -S "$TMP/run/ctl.sock" || { fail 'engine starts' "$(cat engine.log)"; exit; }

id_of() { # IMAGE [-u USER]: "uid gid groups"
	id_image=$1
	shift
	timeout 20 "$CLEAT" --run "$TMP/run" run --rm --pull never "$@" "local/$id_image:1" sh -c \
		'while read -r k a b c d e f; do case $k in Uid:|Gid:) printf "%s " "$a" ;; Groups:) echo $a $b $c $d $e $f ;; esac; done </proc/self/status'
}
expect_equal '0 0 0' "$(id_of users)" 'no user: root'
expect_equal '1000 1001 29 1001' "$(id_of by-name)" "the image's user, with groups of the image (moby CVE-2022-36109)"
expect_equal '1000 1001 29 1001' "$(id_of users -u web)" '-u name'
expect_equal '1000 1001 29 1001' "$(id_of users -u 1000)" '-u number is never a name (moby CVE-2016-3697)'
expect_equal '1000 29 29' "$(id_of users -u web:audio)" '-u name:group'
expect_equal '4321 0 0' "$(id_of users -u 4321)" '-u of a number without entry'
for user in 2147483648 4294967295 4294967296 -1 0x0 00 1000: :5 ' 1000' '1000 ' 1e3 broken nobody; do
	expect_err 125 'user' "-u '$user' is refused (containerd CVE-2024-40635, crun CVE-2026-30892)" \
		timeout 20 "$CLEAT" --run "$TMP/run" run --rm --pull never "-u=$user" local/users:1 true
done
expect_err 125 'above 2147483647' "an image's user that wraps is refused (containerd CVE-2024-40635)" \
	timeout 20 "$CLEAT" --run "$TMP/run" run --rm --pull never local/wraps:1 true
for image in fifo folder large escape; do
	# as if there were no file: neither is it waited for, nor is the canary outside read
	expect_err 125 'no such user' "/etc/passwd as $image: an error, at once (containerd CVE-2026-47262)" \
		timeout 20 "$CLEAT" --run "$TMP/run" run --rm --pull never -u web "local/$image:1" true
done
id=$(cleat run -d --pull never --name one local/users:1 sleep 1000)
expect 'a container for exec' test -n "$id"
for user in 4294967296 -1 0x0 1000: :5 ' 1000' 1e3 broken; do
	expect_err 125 'user' "exec -u '$user' is refused (crun CVE-2026-30892)" cleat exec "-u=$user" one true
done
tap_end
