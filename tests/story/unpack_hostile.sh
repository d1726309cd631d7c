#!/bin/sh
# timeout: 300
# Layers that try to get out, to fill the machine, or are damaged: each is refused for the reason given in
# tests/golden/tar/mk.py, or becomes the tree given there, and nothing outside of the tree changes.
# Every case runs twice: in the confined role as in a pull, and unconfined, where only the
# extraction's own care keeps it in the tree.
. "$TOP/tests/lib/tap.sh"
need_root
need python3

client=$O/tests/tool/unpack_client
mkdir layers canary roots
echo canary >canary/file
chmod 640 canary/file
touch -d 2001-01-01 canary/file canary
python3 "$TOP/tests/golden/tar/mk.py" layers canary || exit

outside() {
	find canary -printf '%p %y %m %U:%G %s %T@ %n %l\n'
	cat canary/file
	ls roots
}

tree() {
	(cd "$1" && find . -mindepth 1 -printf '%P %y\n' | LC_ALL=C sort | paste -sd';' -)
}

run() { # how: "" or --unconfined
	rm -rf roots/root
	mkdir roots/root
	before=$(outside)
	out=$("$client" $1 "layers/$file" "$compression" roots/root "$max_bytes" "$max_entries" 2>&1)
	rc=$?
	name="$file${1:+ $1}"
	if [ "$(outside)" != "$before" ]; then
		fail "$name" "something outside of the tree changed" "$(outside)" "$out"
		return
	fi
	if [ "$want" = ok ]; then
		[ $rc = 0 ] || { fail "$name" "expected success" "$out"; return; }
		if [ "$pattern" != - ] && [ "$(tree roots/root)" != "$pattern" ]; then
			fail "$name" "expected: $pattern" "got:      $(tree roots/root)"
			return
		fi
	elif [ $rc != 1 ] || ! printf '%s\n' "$out" | grep -qE -e "^error $want .*($pattern)"; then
		fail "$name" "expected: error $want $pattern" "got: $out"
		return
	fi
	# the roles of a pull share a memory cgroup: none may come near its limit, whatever the layer
	peak=$(printf '%s\n' "$out" | sed -n 's/^peak //p')
	if [ "${peak:-0}" -gt "$max_peak" ]; then
		fail "$name" "peak memory $peak KiB, allowed $max_peak"
		return
	fi
	ok "$name"
}
max_peak=12288

tab=$(printf '\t')
while IFS="$tab" read -r file compression max_bytes max_entries want pattern; do
	run ""
	run --unconfined
done <layers/cases
tap_end
