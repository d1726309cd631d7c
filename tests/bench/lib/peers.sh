# peers.sh - other programs that pull images, each with its state below $TMP and, if asked, its memory in a
# cgroup of its own. After bench.sh and registry.sh, in a network namespace with the registry ($registry, $CERTS).
#
#	peers_start		start the daemons of those that are there; sets PEERS, of: ctr podman docker skopeo
#	peer_title NAME		for a table
#	peer_pull NAME REF	pull and unpack; the program's output to standard error
#	peer_forget NAME REF	remove what the last pull left
#	peer_daemons NAME	its long-lived processes
#
# With PEER_CGROUP=FOLDER (a v1 memory cgroup), daemons and commands run in FOLDER/NAME; docker and ctr share
# containerd, which is in FOLDER/containerd.

PEERS=
# podman wants a short path
: "${PEER_SHORT:=$(mktemp -d /tmp/peer.XXXXXX)}"
at_exit 'rm -rf "$PEER_SHORT"'
peer_containerd=
peer_dockerd=

peer_run() { # NAME COMMAND...
	peer_dir=${PEER_CGROUP:-}
	if [ -n "$peer_dir" ]; then
		peer_dir=$peer_dir/$1
		mkdir -p "$peer_dir"
	fi
	shift
	sh -c '[ -z "$0" ] || echo $$ >"$0/cgroup.procs"; exec "$@"' "$peer_dir" "$@"
}

# in the place of this shell, so that whoever ends it ends the daemon
peer_daemon() {
	peer_dir=${PEER_CGROUP:+$PEER_CGROUP/$1}
	[ -z "$peer_dir" ] || mkdir -p "$peer_dir"
	shift
	exec sh -c '[ -z "$0" ] || echo $$ >"$0/cgroup.procs"; exec "$@"' "$peer_dir" "$@"
}

peer_docker() {
	docker -H "unix://$TMP/docker.sock" "$@"
}

peers_containerd() {
	mkdir -p "$TMP/hosts/$registry"
	printf 'server = "https://%s"\n[host."https://%s"]\nca = "%s/ca.crt"\n' "$registry" "$registry" "$CERTS" \
		>"$TMP/hosts/$registry/hosts.toml"
	cat >"$TMP/containerd.toml" <<TOML
version = 2
root = "$TMP/peers/containerd"
state = "$TMP/peers/containerd-state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "$TMP/containerd.sock"
[ttrpc]
address = "$TMP/ttrpc.sock"
TOML
	start containerd peer_daemon containerd containerd --config "$TMP/containerd.toml"
	peer_containerd=$started
	wait_for 20 ctr -a "$TMP/containerd.sock" version
}

peers_docker() {
	cat >"$TMP/dockerd.json" <<JSON
{"data-root": "$TMP/peers/docker", "exec-root": "$TMP/peers/docker-exec", "pidfile": "$TMP/docker.pid",
 "hosts": ["unix://$TMP/docker.sock"], "containerd": "$TMP/containerd.sock", "storage-driver": "overlay2",
 "bridge": "none", "iptables": false, "ip6tables": false}
JSON
	start dockerd peer_daemon docker dockerd --config-file "$TMP/dockerd.json"
	peer_dockerd=$started
	wait_for 30 peer_docker version
}

peers_start() {
	mkdir -p "$TMP/peers"
	if command -v containerd ctr >/dev/null && peers_containerd; then
		PEERS="$PEERS ctr"
		command -v dockerd docker >/dev/null && peers_docker && PEERS="$PEERS docker"
	fi
	command -v podman >/dev/null && PEERS="$PEERS podman"
	command -v skopeo >/dev/null && command -v umoci >/dev/null && PEERS="$PEERS skopeo"
	for peer_name in ctr docker podman skopeo; do
		case " $PEERS " in *" $peer_name "*) ;; *) missing "$peer_name is not there" ;; esac
	done
}

peer_title() {
	case $1 in
	ctr) echo "ctr images pull" ;;
	docker) echo "docker pull" ;;
	podman) echo "podman pull" ;;
	skopeo) echo "skopeo copy, umoci unpack" ;;
	esac
}

peer_podman() {
	peer_run podman podman --root "$TMP/peers/podman" --runroot "$PEER_SHORT/run" --tmpdir "$PEER_SHORT/tmp" \
		--storage-driver overlay --cgroup-manager cgroupfs --events-backend file "$@"
}

peer_pull() {
	case $1 in
	ctr) peer_run ctr ctr -a "$TMP/containerd.sock" -n bench images pull --hosts-dir "$TMP/hosts" "$2" ;;
	docker) peer_docker pull -q "$2" ;;
	podman) peer_podman pull -q --cert-dir "$CERTS" "$2" ;;
	skopeo)
		peer_run skopeo skopeo copy -q --insecure-policy --src-cert-dir "$CERTS" "docker://$2" "oci:$TMP/peers/skopeo:1" &&
			peer_run skopeo umoci unpack --image "$TMP/peers/skopeo:1" "$TMP/peers/umoci"
		;;
	esac >&2
}

peer_forget() {
	case $1 in
	ctr) ctr -a "$TMP/containerd.sock" -n bench images rm --sync "$2" ;;
	docker) peer_docker rmi "$2" ;;
	podman) peer_podman rmi -f "$2" ;;
	skopeo) rm -rf "$TMP/peers/skopeo" "$TMP/peers/umoci" ;;
	esac >/dev/null
}

peer_daemons() {
	case $1 in
	ctr) echo "$peer_containerd" ;;
	docker) echo "$peer_dockerd $peer_containerd" ;;
	esac
}
