# in_selinux.sh - what oci_systemd.sh checks with a policy of SELinux in force, inside of its machine: labels of
# processes, mounts, files, keys, and that they confine. /t/policy is selinux.te, compiled.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"

fs=/sys/fs/selinux
[ -e $fs/load ] || mount -t selinuxfs none $fs
expect "a policy" dd if=/t/policy of=$fs/load bs=1M
echo 1 >$fs/enforce
expect_equal 1 "$(cat $fs/enforce)" "is in force"
host=u:r:host_t:s0-s0:c0.c2 # as the policy says
process=u:r:container_t:s0:c0,c1
file=u:r:container_file_t:s0:c0,c1
mapped=',"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}]'

# the program may not write to a file of the host's, but to a pipe
oci() (
	set -o pipefail
	"$RUNTIME" oci --root "$STATE" "$@" 2>&1 | cat
)
behind() {
	"$RUNTIME" oci --root "$STATE" "$@" >/dev/null 2>&1
}

bundle b
labels() { # PROCESS MOUNTS [MORE OF linux]
	process_more=",\"noNewPrivileges\":true,\"selinuxLabel\":\"$1\"" linux_more=",\"mountLabel\":\"$2\"${3:-}"
	config b
}
pid_of() {
	oci state "$1" | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p'
}
label_is() { # WANT NAME FILE
	expect_equal "$1" "$(/usr/bin/getfattr --absolute-names --only-values -n security.selinux "$3" 2>&1 | tr -d '\0')" "$2"
}
current='tr -d "\0" </proc/self/attr/current; echo; '
mkdir host && echo words >host/words && chmod 777 host
mounts_more=",{\"destination\":\"/host\",\"type\":\"bind\",\"source\":\"$TMP/host\",\"options\":[\"rbind\"]},
 {\"destination\":\"/t\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"nosuid\",\"size=1m\"]}"
linux_dev=',"devices":[{"path":"/dev/mine","type":"c","major":1,"minor":3,"fileMode":438,"uid":0,"gid":0}]'

config b
sh_args "$current cat /host/words && echo more >/host/more"
config b
expect_out "^$host" "without a label it has that of who runs it" oci run --bundle b none
expect "and may what that may" rm host/more

sh_args "$current cat /host/words && echo of mine >/t/x && cat /t/x; echo more >/host/more || echo refused"
labels $process $file
expect_out "^$process" "a container has its label, without new privileges too" oci run --bundle b one
for words in '^words' '^of mine' '^refused'; do
	printf '%s\n' "$tap_out" | grep -q "$words" && ok "which allows and refuses: $words" || fail "$words" "$tap_out"
done
expect_rc 1 "nothing is written where it may not" test -e host/more
sh_args 'touch /t/x /dev/shm/x; exec sleep 100'
for kind in plain mapped; do
	user_ns=
	[ $kind = plain ] || { user_ns=',{"type":"user"}'; chmod 755 . b b/rootfs; }
	saved=$namespaces
	namespaces=$saved$user_ns
	labels $process $file "$linux_dev${user_ns:+$mapped}"
	namespaces=$saved
	expect "$kind: in the background" behind run -d --bundle b bg
	root=/proc/$(pid_of bg)/root
	expect_equal $process "$(tr -d '\0' <"/proc/$(pid_of bg)/attr/current")" "$kind: its process"
	for f in /t /t/x /dev /dev/shm/x /dev/pts /dev/mqueue /dev/mine; do
		label_is $file "$kind: $f" "$root$f"
	done
	expect_equal 1 "$(grep -c " /sys/firmware .*context=.*container_file_t" "/proc/$(pid_of bg)/mountinfo")" "$kind: what covers a folder"
	label_is u:object_r:host_t:s0 "$kind: its root keeps its label" "$root/bin"
	expect_out "^$process" "$kind: exec has the container's label" oci exec bg sh -c "$current"
	expect_out '^u:r:container_t:s0:c2' "$kind: or one of its own" oci exec --process-label u:r:container_t:s0:c2 bg sh -c "$current"
	expect_err 255 'SELinux label "nonsense".*Invalid argument' "$kind: exec with what is no label" oci exec --process-label nonsense bg true
	expect_err 255 'SELinux label "u:r:other_t:s0": .*denied' "$kind: exec with one that we may not give" oci exec --process-label u:r:other_t:s0 bg true
	expect "$kind: the container lives on" oci exec bg true
	oci delete --force bg
done

# keys: of the session of the container, which its label has to match
mounts_more="$mounts_more,{\"destination\":\"/lib\",\"type\":\"bind\",\"source\":\"/lib\",\"options\":[\"rbind\",\"ro\"]},
 {\"destination\":\"/lib64\",\"type\":\"bind\",\"source\":\"/lib64\",\"options\":[\"rbind\",\"ro\"]},
 {\"destination\":\"/usr\",\"type\":\"bind\",\"source\":\"/usr\",\"options\":[\"rbind\",\"ro\"]}"
cp /bin/keyctl b/rootfs/bin/
sh_args '/bin/keyctl security @s && /bin/keyctl add user a b @s'
labels $process $file
expect_out "^$process" "keys have the label of the process" oci run --bundle b keys

# more namespaces than one step makes
saved=$namespaces
namespaces="$saved,{\"type\":\"time\"}"
sh_args "$current"
labels $process $file
namespaces=$saved
expect_out "^$process" "beside a time namespace" oci run --bundle b late

labels nonsense $file
expect_err 1 'SELinux label "nonsense".*Invalid argument' "what is no label" oci run --bundle b bad
expect_rc 1 "leaves no container" oci state bad
labels u:r:other_t:s0 $file
expect_err 1 'SELinux label "u:r:other_t:s0": .*denied' "a label that we may not give" oci run --bundle b bad
expect_rc 1 "leaves no container" oci state bad
labels $process nonsense
expect_err 1 'mount /dev: .*nvalid' "mounts with what is no label" oci run --bundle b bad
expect_rc 1 "leave no container" oci state bad
expect_err 1 'mount /dev: .*nvalid' "at create too" oci create --bundle b bad
expect_rc 1 "nothing of it" oci state bad
no_leftovers "and nothing else"
echo 0 >$fs/enforce
tap_end
