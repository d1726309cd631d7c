#!/bin/sh
# timeout: 180
# Seccomp profiles as a container feels them: actions, operators, flags, calls newer than the profile, hooks and
# exec under the filter, and an agent that answers calls.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox
need python3

bundle b
archs='"architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32","SCMP_ARCH_AARCH64","SCMP_ARCH_ARM"]'
allow() { # RULES [MORE]: everything goes but for the rules
	linux_more=",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",$archs${2:+,$2},\"syscalls\":[$1]}"
}
run() {
	config b
	container_name
	oci run --bundle b "$id" 2>&1
}
is() { # name expected
	expect_equal "$2" "$(run)" "$1"
}
ends() { # name status
	config b
	container_name
	expect_rc "$2" "$1" oci run --bundle b "$id"
}
refused() { # name regex
	config b
	container_name
	expect_err 1 "$2" "$1" oci run --bundle b "$id"
}
stay() { # a container that stays; its id in $id
	args='["/bin/sleep","1000"]'
	config b
	container_name
	expect "$1" oci run --detach --bundle b "$id"
}

# actions
mk='"names":["mkdir","mkdirat"]'
sh_args 'mkdir /tmp/x 2>&1; echo $?'
allow "{$mk,\"action\":\"SCMP_ACT_ERRNO\"}"
is "SCMP_ACT_ERRNO is EPERM" "mkdir: can't create directory '/tmp/x': Operation not permitted
1"
allow "{$mk,\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":100}"
is "errnoRet" "mkdir: can't create directory '/tmp/x': Network is down
1"
allow "{$mk,\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":7}"
is "SCMP_ACT_TRACE without a tracer" "mkdir: can't create directory '/tmp/x': Function not implemented
1"
allow "{$mk,\"action\":\"SCMP_ACT_LOG\"}"
is "SCMP_ACT_LOG lets it pass" 0
rmdir b/rootfs/tmp/x
args='["/bin/mkdir","/tmp/x"]'
for action in KILL KILL_THREAD KILL_PROCESS TRAP; do
	allow "{$mk,\"action\":\"SCMP_ACT_$action\"}"
	ends "SCMP_ACT_$action ends it by SIGSYS" 159
done
allow "{$mk,\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":1}"
refused "an errno that the action does not take" 'errnoRet: SCMP_ACT_KILL takes no errno'

# operators: which of umask 1 to 5 were refused is seen in the mask
sh_args 'for m in 1 2 3 4 5; do umask $m; sed -n "s/^Umask:.*0//p" /proc/self/status; done | tr "\n" " "'
ln -sf busybox b/rootfs/bin/sed
op() { # OP VALUE TWO EXPECTED
	allow "{\"names\":[\"umask\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":$2,\"valueTwo\":$3,\"op\":\"SCMP_CMP_$1\"}]}"
	is "SCMP_CMP_$1" "$4"
}
op EQ 3 0 "1 2 2 4 5 "
op NE 3 0 "22 22 3 3 3 "
# the shell sets 0 first: that is refused here, and -1 is what it puts back
op LT 3 0 "777 777 3 4 5 "
op LE 3 0 "777 777 777 4 5 "
op GE 3 0 "1 2 2 2 2 "
op GT 3 0 "1 2 3 3 3 "
op MASKED_EQ 1 1 "22 2 2 4 4 "
allow '{"names":["umask"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"},{"index":0,"value":4,"op":"SCMP_CMP_EQ"}]}'
is "two values of one argument are alternatives" "22 2 3 3 5 "

# flags; whoever runs this may be under a filter already
linux_more=
sh_args 'sed -n "s/^Seccomp_filters:.//p" /proc/self/status'
one_more=$(($(run) + 1))
sh_args 'grep -E "^Seccomp(_filters)?:" /proc/self/status | tr "\n\t" "  "'
for flags in '"SECCOMP_FILTER_FLAG_LOG"' '"SECCOMP_FILTER_FLAG_SPEC_ALLOW","SECCOMP_FILTER_FLAG_TSYNC"' \
	'"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"' ''; do
	allow "{$mk,\"action\":\"SCMP_ACT_ERRNO\"}" "\"flags\":[$flags]"
	is "flags: $flags" "Seccomp: 2 Seccomp_filters: $one_more "
done
allow "{$mk,\"action\":\"SCMP_ACT_ERRNO\"}" '"flags":["SECCOMP_FILTER_FLAG_MOON"]'
refused "a flag that nobody knows" 'flag SECCOMP_FILTER_FLAG_MOON is not supported'
if command -v strace >/dev/null && [ "$(head -c 2 "$RUNTIME")" != '#!' ]; then
	allow "{$mk,\"action\":\"SCMP_ACT_ERRNO\"}" '"flags":["SECCOMP_FILTER_FLAG_LOG","SECCOMP_FILTER_FLAG_SPEC_ALLOW"]'
	config b
	container_name
	strace -f -o trace -e trace=seccomp,capset,prctl "$RUNTIME" oci --root "$STATE" run --bundle b "$id" >/dev/null
	expect "flags reach the kernel" grep -q 'SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG|SECCOMP_FILTER_FLAG_SPEC_ALLOW' trace
	expect_equal "seccomp capset" "$(grep -E 'len=|capset' trace | grep -oE 'seccomp|capset' | tr '\n' ' ' | sed 's/ $//')" \
		"without no_new_privs the filter comes before capabilities go"
	process_more=',"noNewPrivileges":true'
	config b
	container_name
	strace -f -o trace -e trace=seccomp,capset,prctl "$RUNTIME" oci --root "$STATE" run --bundle b "$id" >/dev/null
	expect_equal "PR_SET_NO_NEW_PRIVS capset seccomp" "$(grep -E 'len=|capset|PR_SET_NO' trace | grep -oE 'seccomp|capset|PR_SET_NO_NEW_PRIVS' | tr '\n' ' ' | sed 's/ $//')" \
		"with it, last"
else
	skip "flags and order in the trace" "no strace, or the runtime is a script"
fi
process_more=',"noNewPrivileges":true'
linux_more=',"seccomp":{"defaultAction":"SCMP_ACT_KILL_PROCESS","syscalls":[{"names":["execve","read"],"action":"SCMP_ACT_ALLOW"}]}'
refused "a profile that nothing can start under" 'its seccomp profile forbids write, read or execve'

# a call newer than the profile
process_more=''
args='["/newer"]'
cat >newer.c <<'C'
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void)
{
	long a = syscall(SYS_setns, 0, 0) < 0 ? errno : 0, b = syscall(1000) < 0 ? errno : 0;
	printf("%ld %ld\n", a, b);
	return 0;
}
C
if ${CC:-cc} -static -o b/rootfs/newer newer.c 2>/dev/null; then
	calls='"read","write","execve","exit_group","brk","arch_prctl","mmap","munmap","mprotect","uname","readlink","readlinkat","fstat","newfstatat","ioctl","set_tid_address","set_robust_list","prlimit64","getrandom","rseq","capset","capget","prctl","setgroups","setresuid","setresgid","close","setns"'
	linux_more=",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",$archs,\"syscalls\":[{\"names\":[$(echo "$calls" | sed 's/,"setns"//'),\"statx\"],\"action\":\"SCMP_ACT_ALLOW\"}]}"
	is "a call that the profile could know is EPERM, a newer one ENOSYS" "1 38"
	linux_more=$(printf '%s' "$linux_more" | sed 's/"SCMP_ACT_ERRNO"/"SCMP_ACT_ERRNO","defaultErrnoRet":6/')
	is "also beside a defaultErrnoRet" "6 38"
else
	skip "calls newer than the profile" "no C compiler for static programs"
fi

# hooks and exec are under it too
for nnp in false true; do
	process_more=",\"noNewPrivileges\":$nnp"
	args='["/bin/true"]'
	allow "{$mk,\"action\":\"SCMP_ACT_KILL\"}"
	top_more=',"hooks":{"startContainer":[{"path":"/bin/mkdir","args":["mkdir","/tmp/x"]}]}'
	refused "a startContainer hook is under the filter, noNewPrivileges $nnp" 'startContainer.*killed by signal 31|startContainer.*[Bb]ad system call'
	top_more=''
	allow "{$mk,\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":95}"
	stay "a container that stays, noNewPrivileges $nnp"
	expect_err 1 "Not supported|not supported" "exec is under it, noNewPrivileges $nnp" oci exec "$id" mkdir /tmp/x
	oci delete --force "$id"
done

# an agent
start agent python3 "$TOP/tests/lib/seccomp_agent.py" "$TMP/agent" "$TMP/states"
agent=$started
expect "the agent listens" wait_for 10 test -S agent
notify() { # NAMES [PATH]
	allow "{\"names\":[$1],\"action\":\"SCMP_ACT_NOTIFY\"}" "\"listenerPath\":\"${2-$TMP/agent}\",\"listenerMetadata\":\"bar\""
}
field() { # EXPRESSIONS of d, the last state
	tail -n 1 states | python3 -c "import json,sys; d = json.load(sys.stdin); print($1)"
}
for nnp in false true; do
	process_more=",\"noNewPrivileges\":$nnp"
	sh_args 'mkdir /tmp/made && stat -c %F /tmp/made-bar; ls /proc/self/fd | wc -l'
	notify '"mkdir","mkdirat"'
	is "run: the agent makes the directory, and has the only descriptor, noNewPrivileges $nnp" "directory
4"
	rmdir b/rootfs/tmp/made-bar
	expect_equal "['seccompFd'] 1 bar creating True 1." \
		"$(field "d['fds'], d['received'], d['metadata'], d['state']['status'], d['pid'] == d['state']['pid'], d['ociVersion'][:2]")" \
		"run: the state it got, noNewPrivileges $nnp"
	notify '"execve","openat","open","read","close","fcntl","sendmsg","futex","capset","setresuid"'
	args='["/bin/true"]'
	ends "calls of the start itself wait for the agent, noNewPrivileges $nnp" 0
	notify '"mkdir","mkdirat"'
	args='["/bin/sleep","1000"]'
	config b
	container_name
	expect "create, noNewPrivileges $nnp" oci create --bundle b "$id"
	expect "start" oci start "$id"
	expect_out directory "exec: the agent again, noNewPrivileges $nnp" oci exec "$id" sh -c 'mkdir /tmp/exec && stat -c %F /tmp/exec-bar'
	rmdir b/rootfs/tmp/exec-bar
	expect_equal "running $id True" "$(field "d['state']['status'], d['state']['id'], d['pid'] != d['state']['pid']")" \
		"exec: the state it got"
	oci delete --force "$id"
done
process_more=''
notify '"chmod","fchmod","fchmodat"'
sh_args 'chmod 777 /tmp 2>&1'
is "the agent's errno arrives" "chmod: /tmp: No medium found"
notify '"mkdir"' ''
refused "nobody to notify" 'SCMP_ACT_NOTIFY needs a listenerPath'
notify '"mkdir"' /nowhere/agent
refused "nobody listens there" 'failed to connect with seccomp agent'
notify '"read","write"'
refused "write cannot wait for an agent" 'SCMP_ACT_NOTIFY cannot be used for the write syscall'
linux_more=",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"$TMP/agent\"}"
refused "nor can everything" 'SCMP_ACT_NOTIFY cannot be used as default action'
allow "{$mk,\"action\":\"SCMP_ACT_ERRNO\"}" '"listenerPath":"/nowhere/agent"'
args='["/bin/true"]'
ends "a path that nobody needs is not connected to" 0
notify '"mkdir","mkdirat"'
stay "a container whose agent goes away"
stop "$agent"
expect_err 255 'failed to connect with seccomp agent' "then no exec" oci exec "$id" true
oci delete --force "$id"
expect "the agent had no trouble" test ! -s agent.log
config_reset
no_leftovers "nothing is left"
tap_end
