#!/bin/sh
# timeout: 600
# An appliance for armv7 on QEMU's virt board, with one container from an image of its own.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/vm/lib/machine.sh"
. "$TOP/tests/vm/lib/local.sh"
arch=armv7
local_story
tap_end
