# Runs a scratch Postgres in a world of its own: files, processes, network, users. To be run by sh inside new namespaces.
# $1 what the world is made of, $2 an empty folder to make it in, $3 KiB of disk, $4 KiB of memory for each process; then Postgres's options.
set -e
template=$1 root=$2 disk=$3 memory=$4
shift 4
mount -t tmpfs -o "size=${disk}k,mode=0755" scratch "$root"
cp -a "$template/." "$root"
for device in null zero urandom; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ulimit -c 0
ulimit -v "$memory"
exec env -i LC_ALL=C TZ=UTC LD_LIBRARY_PATH=/pg/lib unshare --user --root="$root" --wd=/ /pg/bin/postgres -D /data "$@"
