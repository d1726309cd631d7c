#!/bin/sh
# timeout: 240
# Layers upon layers (tests/lib/mklayers.py): what a container sees is, entry by entry, what umoci, containerd
# and podman make of the same image; what may not be is refused, and the host's files are not touched.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
need python3 umoci jq

mkdir -p "$E/root" "$E/run" "$E/etc" empty seen layouts
ip link set lo up
at_exit engine_cleanup
python3 "$TOP/tests/lib/mklayers.py" layouts "${UNPACK_RANDOM:-12}" || exit
expect "the engine starts" engine_start || tap_end
host=$(stat -c '%n %s %h %Y %Z' /etc/passwd)

see() { # CASE: what a container sees, at seen/
	# a layer is called by its diff ID, or by this and all that is below it if it depends on that
	seen_lower=$(python3 - "$1" "$E/root/layers" <<-'END'
		import hashlib, json, os, sys
		names = []
		for text in json.load(open(sys.argv[1]))["rootfs"]["diff_ids"]:
		    name = bytes.fromhex(text[7:])
		    if not os.path.exists(sys.argv[2] + "/" + name.hex()):
		        name = hashlib.sha256(b"below\0" + b"".join(names) + name).digest()
		    names.append(name)
		print(":".join(sys.argv[2] + "/" + n.hex() + "/fs" for n in reversed(names)))
	END
	)
	mount -t overlay -o "ro,lowerdir=$seen_lower:$TMP/empty" overlay seen
}

config() { # CASE: its configuration
	config_blob=$(jq -r '.manifests[0].digest' "layouts/$1/index.json")
	config_blob=$(jq -r '.config.digest' "layouts/$1/blobs/sha256/${config_blob#sha256:}")
	echo "layouts/$1/blobs/sha256/${config_blob#sha256:}"
}

same() { # CASE PEER TREE [IGNORED]
	python3 "$TOP/tests/lib/sametree.py" seen "$3" ${4:+"$4"} >diff.txt 2>&1 && ok "$1: as $2" || fail "$1: as $2" "$(head -n 20 diff.txt)"
}

good=
tab=$(printf '\t')
while IFS="$tab" read -r name want; do
	if [ "${want#ok}" = "$want" ]; then
		expect_err 1 "$want" "$name is refused" cleat load -t "local/$name:1" "layouts/$name"
		[ -z "$(ls "$E/root/staging")" ] || fail "$name leaves something staged"
		continue
	fi
	expect "$name" cleat load -t "local/$name:1" "layouts/$name" || continue
	good="$good $name"
	see "$(config "$name")" || { fail "$name: mount"; continue; }
	rm -rf bundle
	if umoci unpack --image "layouts/$name:x" bundle >umoci.txt 2>&1; then
		ignored=${want#ok, but }
		same "$name" umoci bundle/rootfs "$ignored"
	else
		fail "$name: umoci" "$(tail -n 3 umoci.txt)"
	fi
	umount seen
done <layouts/cases
expect_equal "$host" "$(stat -c '%n %s %h %Y %Z' /etc/passwd)" "the host's files are as before"
expect "fsck finds nothing" cleat fsck
tap_end
