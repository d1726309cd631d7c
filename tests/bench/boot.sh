#!/bin/sh
# boot: a machine in QEMU with cleat as process 1 and an image in its store. Time from the start of /init to
# the first instruction of the first container; then the memory of init, engine and monitor.
. "$TOP/tests/bench/lib/bench.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/vm/lib/machine.sh"
. "$TOP/tests/vm/lib/local.sh"
need_root
need skopeo umoci
ROUNDS=${ROUNDS:-5}
arch=x86_64
[ "$ARCH" = "$arch" ] || skip_all "this build is for $ARCH"
vm_need "$arch"

# the container's first and only act is to say how long the machine is up
cat >app.yaml <<'END'
services:
  app:
    image: local/app:1
    command: [cat, /proc/uptime]
    restart: "no"
  rest:
    image: local/app:1
    command: [sleep, "1000"]
    depends_on: [app]
END
# each process of ours with its memory
cat >pss <<'END'
for p in /proc/[0-9]*; do
	[ -e "$p/exe" ] || continue # one of the kernel's
	pss=$(awk '/^Pss:/ { print $2 }' "$p/smaps_rollup" 2>/dev/null)
	[ -z "$pss" ] || echo "pss $(tr '\0' ' ' <"$p/cmdline" | cut -c1-16) = $pss"
done
END
vm_root root "$arch" "$CLEAT" && local_image root/image amd64 && cp app.yaml pss root/ &&
	vm_pack root root.cpio && vm_disk data.img 64 || exit
disk="-drive file=data.img,format=raw,if=virtio"

boot() {
	vm_start "$1" "$arch" root.cpio cleat_data=/dev/vda $disk && vm_shell 90 || exit
}
off() {
	vm_sh 1 'cleat poweroff' >/dev/null
	vm_ended 60 || vm_cut
}
# at_s: the seconds of the kernel's clock at which it logged a line. Not in a subshell: vm_sh counts
at() {
	vm_sh 10 "dmesg | grep -m 1 '$1'"
	at_s=$(printf '%s\n' "$vm_out" | sed -n 's/^\[ *\([0-9.]*\)\].*/\1/p' | head -n 1)
}

boot first
vm_sh 60 'cleat load -t local/app:1 /image && cleat apply /app.yaml' || { dump "$vm_log"; exit 1; }
vm_sh 10 'sync'
off
for i in $(seq "$ROUNDS"); do
	boot "boot$i"
	vm_sh 40 'i=0; until cleat ps | grep -q rest; do sleep 1; i=$((i+1)); [ $i -lt 30 ] || break; done; [ $i -lt 30 ]' ||
		{ dump "$vm_log"; exit 1; }
	vm_sh 10 'cleat logs app | tail -n 1'
	container=$(printf '%s\n' "$vm_out" | awk 'NF == 2 && $1 + 0 > 0 { print $1; exit }')
	at 'Run /init as init process'
	init=$at_s
	[ -n "$container" ] && [ -n "$init" ] || { dump "$vm_log"; exit 1; }
	echo "$init" >>init.s
	awk -v a="$init" -v b="$container" 'BEGIN { print b - a }' >>container.s
	if [ "$i" = "$ROUNDS" ]; then
		vm_sh 60 'sh /pss' || { dump "$vm_log"; exit 1; }
		printf '%s\n' "$vm_out" >memory
	fi
	off
done
table "Boot in QEMU (TCG, no KVM), image in the store, $ROUNDS boots" "" "median s"
row "kernel's start to /init" "$(median <init.s)"
row "/init to first instruction of the first container" "$(median <container.s)"

table "Memory of that machine at rest, Pss, KiB" "" KiB
awk '$1 != "pss" || $2 ~ /^(sh|sleep|cat)$/ || $2 ~ /bin.sh/ { next }
	{ kind = /@monitor/ ? "monitor" : / engine/ ? "engine" : /init/ ? "init" : ""; if (kind == "") next; sum[kind] += $NF; all += $NF }
	END { for (k in sum) print k "\t" sum[k]; print "together\t" all }' memory | sort >sums
rows <sums
bench_end
