#!/bin/sh
# Builds a Debian 12 machine for run.sh: its kernel, and a disk with systemd, runc, crun and this checkout's
# node_modules. Root; needs debootstrap, busybox-static, e2fsprogs. Usage: build.sh DIRECTORY (2 GB, outside the checkout)
set -eu

checkout=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
cd "$1"
root=$PWD/root
packages=systemd,systemd-sysv,linux-image-cloud-amd64,kmod,runc,crun,iproute2,nftables,python3,libatomic1,procps,ca-certificates
debootstrap --variant=minbase --include=$packages bookworm "$root" http://deb.debian.org/debian
release=$(ls "$root/lib/modules")
cp "$root/boot/vmlinuz-$release" vmlinuz

mkdir -p "$root/job" "$root/alonzo"
cp -a "$checkout/package.json" "$checkout/node_modules" "$checkout/scripts" "$checkout/runtimes" "$checkout/examples" \
  "$root/alonzo/"
cat >"$root/etc/systemd/system/job.service" <<'UNIT'
[Unit]
After=basic.target
[Service]
ExecStart=/bin/sh -c '/bin/sh /job/commands; systemctl poweroff'
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
Environment=HOME=/root
[Install]
WantedBy=multi-user.target
UNIT
chroot "$root" systemctl enable job.service
# The console is the job's alone.
chroot "$root" systemctl mask getty.target serial-getty@ttyS0.service

# Without systemd: nothing but what Linux itself needs, and cgroups of version 2 only.
cat >"$root/sbin/plain-init" <<'INIT'
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
sh /job/commands >/dev/ttyS0 2>&1 </dev/null
echo o >/proc/sysrq-trigger
sleep 60
INIT
chmod +x "$root/sbin/plain-init"

# The cloud kernel has its disk driver as a module: a first file system in memory loads it.
mkdir -p first/bin first/dev first/proc first/new first/modules
cp "$(command -v busybox)" first/bin/
for name in sh cat insmod mount sleep switch_root; do ln -sf busybox "first/bin/$name"; done
chroot "$root" sh -c "for m in virtio_pci virtio_blk; do modprobe -S $release --show-depends \$m; done" |
  awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >modules
while read -r module; do
  cp "$root$module" first/modules/
  echo "insmod /modules/${module##*/}"
done <modules >first/load
cat >first/init <<'INIT'
#!/bin/sh
mount -t devtmpfs dev /dev
mount -t proc proc /proc
. /load
while [ ! -b /dev/vdb ]; do sleep 0.1; done
mount /dev/vda /new
mount -o ro /dev/vdb /new/job
for word in $(cat /proc/cmdline); do case $word in next=*) next=${word#next=} ;; esac; done
exec switch_root /new "$next"
INIT
chmod +x first/init
(cd first && find . | busybox cpio -o -H newc | gzip) >first.gz

mkfs.ext4 -q -F -d "$root" root.img 4G
rm -rf root first
