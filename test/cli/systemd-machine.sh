#!/bin/sh
# systemd-machine.sh PROGRAM: becomes systemd, as the first process of namespaces of its own (unshare)
# that have the units of packaging/ and no other, the program at /opt/cairn, and a user alice.
set -eu
top=$1
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /run/lock /run/units /run/none /run/alice/.config/systemd/user
for unit in basic sysinit shutdown umount final multi-user network local-fs exit; do
  cp "/lib/systemd/system/$unit.target" /run/units/
done
cp /lib/systemd/system/systemd-exit.service "$top/packaging/systemd/cairn@.service" /run/units/
# What these want is of a whole machine.
sed -i '/^\(Wants\|Requires\|After\|Before\)=/d' /run/units/sysinit.target /run/units/basic.target
mount --bind /run/units /lib/systemd/system
mount --bind /run/none /etc/systemd/system
mount -t tmpfs tmpfs /opt
mkdir /opt/cairn
mount --bind "$top" /opt/cairn
cp /etc/passwd /run/passwd
echo 'alice:x:4711:4711::/run/alice:/bin/sh' >>/run/passwd
mount --bind /run/passwd /etc/passwd
cp "$top/packaging/systemd/cairn.service" /run/alice/.config/systemd/user/
chown -R 4711:4711 /run/alice
chmod 700 /run/alice
ip link set lo up
umount -l /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
export container=cairn-test
exec /lib/systemd/systemd --system --unit=multi-user.target --log-target=null
