# engine.sh - an engine of the test's own, with its root, run and configuration directory in $E and a
# network namespace of its own, so that nothing of the machine is touched. A test begins with
#
#	#!/bin/sh
#	[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net sh "$0" "$@"
#	. "$TOP/tests/lib/tap.sh"
#	. "$TOP/tests/lib/registry.sh"
#	. "$TOP/tests/lib/engine.sh"
#
#	engine_world			directories, lo up, registry with tiny:1, layers:1 and arm64:1 that $E/etc trusts
#	engine_start [OPTION...]	the engine; pid in $engine_pid
#	engine_stop			SIGTERM, wait until it has ended
#	engine_crash			SIGKILL
#	cleat VERB...			the command line
#	engine_leftovers		print every process, mount, link, nft table, cgroup and file of this engine
#	state_of NAME			running, exited, ...
#	pid_of NAME			its first process
#	monitor_of NAME			its monitor
#	alive PID			it runs and is no zombie that its new parent has not yet reaped

E=$TMP/e
engine_pid=

cleat() {
	"$CLEAT" --root "$E/root" --run "$E/run" --config "$E/etc" "$@"
}

engine_world() {
	mkdir -p "$E/root" "$E/run" "$E/etc" || return 1
	ip link set lo up || return 1
	registry_ca && registry_cert localhost ecdsa DNS:localhost && registry_start localhost &&
		registry_images || return 1
	registry_push tiny "$registry/tiny:1" && registry_push layers "$registry/layers:1" &&
		registry_push tiny-arm64 "$registry/arm64:1" || return 1
	engine_trust
	at_exit engine_cleanup
}

engine_trust() {
	mkdir -p "$E/etc/certs.d/$registry" && cp "$TMP/pki/ca.crt" "$E/etc/certs.d/$registry/ca.crt"
}

engine_answers() {
	cleat ps
}

engine_start() {
	start engine "$CLEAT" --root "$E/root" --run "$E/run" --config "$E/etc" engine "$@"
	engine_pid=$started
	cat "$TMP/engine.log" >>"$TMP/engines.log" 2>/dev/null
	wait_for 5 engine_answers && return 0
	dump "$TMP/engine.log"
	return 1
}

engine_gone() {
	! kill -0 "$engine_pid" 2>/dev/null
}

engine_stop() {
	kill -TERM "$engine_pid"
	wait "$engine_pid"
}

engine_crash() {
	kill -KILL "$engine_pid"
	wait "$engine_pid" 2>/dev/null
	return 0
}

engine_monitors() {
	for en_proc in /proc/[0-9]*; do
		cat "$en_proc/cmdline" 2>/dev/null | tr '\0' ' ' | grep -q "^cleat @monitor [0-9a-f]* $E/" &&
			echo "${en_proc#/proc/}"
	done
	return 0
}

engine_cgroups() {
	find /sys/fs/cgroup -maxdepth 3 -type d -name "$(engine_cgroup)" 2>/dev/null
}

# as the engine names it: a hash of its run directory
engine_cgroup() {
	echo "cleat-$(printf %s "$E/run" | sha256sum | cut -c1-8)"
}

engine_leftovers() {
	engine_monitors | sed 's/^/monitor /'
	grep -F "$E/" /proc/self/mounts | grep -v "^[^ ]* $E/root " | sed 's/^/mount /'
	ip -o link | grep -v ': lo:' | grep -vE ': (ifb|tunl|sit|ip6tnl|gre|erspan|ip_vti|ip6_vti|ip6gre|teql)[^:]*:' | sed 's/^/link /'
	nft list tables 2>/dev/null | sed 's/^/nft /'
	engine_cgroups | sed 's/^/cgroup /'
	find "$E/run" -mindepth 1 | sed 's/^/file /'
	find "$E/root/staging" "$E/root/partial" -mindepth 1 2>/dev/null | sed 's/^/file /'
}

engine_cleanup() {
	kill -TERM "$engine_pid" 2>/dev/null
	wait_for 5 engine_gone || kill -KILL "$engine_pid" 2>/dev/null
	for en_pid in $(cat "$E"/run/*/pid 2>/dev/null) $(engine_monitors); do
		kill -KILL "$en_pid" 2>/dev/null
	done
	sleep 0.2
	for en_dir in $(engine_cgroups); do
		find "$en_dir" -depth -type d -exec rmdir {} + 2>/dev/null
	done
	return 0
}

state_of() {
	cleat inspect "$1" | jq -r '.[0].State.Status'
}

pid_of() {
	cleat inspect "$1" | jq -r '.[0].State.Pid'
}

is_state() {
	[ "$(state_of "$1")" = "$2" ]
}

monitor_of() {
	en_id=$(cleat inspect "$1" | jq -r '.[0].Id')
	for en_pid in $(engine_monitors); do
		tr '\0' ' ' <"/proc/$en_pid/cmdline" | grep -q "^cleat @monitor $en_id " && echo "$en_pid"
	done
	return 0
}

alive() {
	grep -q '^State:' "/proc/$1/status" 2>/dev/null && ! grep -q '^State:.*Z' "/proc/$1/status"
}
