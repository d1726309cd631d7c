# net.sh - a small world of network namespaces for stories about net/. After tap.sh:
#
#	net_world		namespaces host, outside, c1, c2, c3 of this test alone; a link host (192.0.2.1)
#				- outside (192.0.2.9) whose route to the containers leads by host
#	at NS COMMAND...	run there
#	tool ARGS...		net_tool in host
#	serve NS TCP_PORT UDP_PORT	answer with NS and the client's address, in the background
#	ask NS [tcp|udp] IP PORT	print the answer, or fail within 2 s
#	refuses NAME NS PROTO IP PORT	ok when no answer comes
#
# What net_world makes is removed when the test ends. Nothing of the machine's own network is touched.

net_tool=$O/tests/tool/net_tool
net_id=cl$$

ns_of() {
	echo "$net_id-$1"
}

at() {
	net_ns=$(ns_of "$1")
	shift
	ip netns exec "$net_ns" "$@"
}

tool() {
	at host "$net_tool" "$@"
}

net_remove() {
	for net_x in host outside c1 c2 c3; do
		ip netns del "$net_id-$net_x" 2>/dev/null
	done
	return 0
}

net_world() {
	at_exit net_remove
	for net_x in host outside c1 c2 c3; do
		ip netns add "$(ns_of $net_x)" || return 1
	done
	for net_x in host outside; do
		at $net_x ip link set lo up || return 1
	done
	ip -n "$(ns_of host)" link add wan type veth peer name eth0 netns "$(ns_of outside)" || return 1
	at host ip address add 192.0.2.1/24 dev wan || return 1
	at host ip link set wan up || return 1
	at outside ip address add 192.0.2.9/24 dev eth0 || return 1
	at outside ip link set eth0 up || return 1
	at outside ip route add default via 192.0.2.1 || return 1
}

net_py() {
	net_ns=$(ns_of "$1")
	shift
	ip netns exec "$net_ns" /usr/bin/python3 "$TOP/tests/lib/net_talk.py" "$@"
}

serve() {
	start "serve-$1-$2" ip netns exec "$(ns_of "$1")" /usr/bin/python3 "$TOP/tests/lib/net_talk.py" serve "$1" "$2" "$3"
	wait_for 10 grep -q ready "$TMP/serve-$1-$2.log"
}

ask() {
	net_from=$1
	shift
	net_py "$net_from" ask "$@"
}

refuses() {
	net_name=$1
	shift
	if net_got=$(ask "$@" 2>&1); then
		fail "$net_name" "got an answer: $net_got"
	else
		ok "$net_name"
	fi
}
