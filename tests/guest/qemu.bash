# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are run's
#
# qemu - starts Debian's own kernel in QEMU, without KVM.  The package linux-image-amd64 is unpacked
# into the cache, never installed; qemu-system-x86 has to be there.

# qemu's options for the folders that the guest sees
shares=()

guest_parts() {
	command -v qemu-system-x86_64 >/dev/null ||
		die "no qemu-system-x86_64: install qemu-system-x86"
	[ -e "$cache/qemu/initramfs.gz" ] || fetch_kernel
	release=$(ls "$cache/qemu/lib/modules")
}

# A folder of the host is a 9p device; the guest knows it by its tag, left in $shared.
guest_share() {
	local readonly=''

	[ "$2" = rw ] || readonly=,readonly=on
	shared=share$((${#shares[@]} / 4))
	shares+=(-fsdev "local,id=$shared,path=$1,security_model=none,multidevs=remap$readonly"
		-device "virtio-9p-pci,fsdev=$shared,mount_tag=$shared")
}

fetch_kernel() {
	local package new=$cache/qemu.new

	echo "tests/guest/run: fetching Debian's kernel into $cache" >&2
	package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9]\)/\1/p')
	rm -rf "$new"
	mkdir -p "$new" && (cd "$new" && {
		apt-get -qq -o APT::Sandbox::User=root download "${package%%$'\n'*}" &&
			dpkg -x ./*.deb . && rm ./*.deb
	}) >&2 || die "cannot fetch the Debian package linux-image-amd64"
	release=$(ls "$new/lib/modules")
	depmod -b "$new" "$release" || busybox depmod -b "$new" "$release" || die "no depmod: install kmod"
	make_initramfs "$new/lib/modules/$release" "$new/initramfs.gz" || die "cannot make the initramfs"
	rm -rf "$cache/qemu"
	mv "$new" "$cache/qemu"
}

# busybox, init-qemu, and the modules that the root needs, in the order of their loading.
make_initramfs() {
	local modules=$1 tree name path

	tree=$(mktemp -d) || return 1
	mkdir -p "$tree"/{bin,proc,dev,lower,top,modules}
	cp "$(command -v busybox)" "$tree/bin/busybox" && cp "$here/init-qemu" "$tree/init" || return 1
	chmod 755 "$tree/init"
	for name in virtio_pci virtio_rng 9pnet_virtio 9p overlay; do
		path=$(cd "$modules" && find kernel -name "$name.ko*" | head -n 1)
		[ -z "$path" ] || add_module "$path"
	done
	(cd "$tree" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$2"
	rm -rf "$tree"
}

# modules.dep says what each needs, the nearest first.
add_module() {
	local path=$1 file=${1##*/} needed

	file=${file%.xz}
	! grep -qsx "$file" "$tree/modules/order" || return 0
	# shellcheck disable=SC2013 # words are wanted
	for needed in $(sed -n "s|^$path:||p" "$modules/modules.dep"); do
		add_module "$needed"
	done
	case $path in
	*.xz) xz -dc "$modules/$path" >"$tree/modules/$file" ;;
	*) cp "$modules/$path" "$tree/modules/$file" ;;
	esac
	echo "$file" >>"$tree/modules/order"
}

# The command's stdout and stderr are serial lines of their own.
guest_start() {
	local machine

	guest_share / ro
	local root=$shared
	guest_share "$job" rw
	local folder=$shared
	guest_share "$cache/qemu/lib/modules" ro
	# shellcheck disable=SC2054 # commas that are QEMU's
	machine=(-accel tcg,thread=multi -cpu max -machine q35 -m "$mem" -smp 2 -nodefaults
		-no-user-config -display none -no-reboot -device virtio-rng-pci)
	setsid qemu-system-x86_64 "${machine[@]}" \
		-kernel "$cache/qemu/boot/vmlinuz-$release" -initrd "$cache/qemu/initramfs.gz" \
		-append "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off nokaslr \
random.trust_cpu=on tsc=unstable no_timer_check GUEST_ROOT=$root GUEST_JOB=$folder \
GUEST_MODULES=$shared" "${shares[@]}" \
		-chardev "file,id=c0,path=$work/kernel.log" -chardev "file,id=c1,path=$work/out" \
		-chardev "file,id=c2,path=$work/err" \
		-serial chardev:c0 -serial chardev:c1 -serial chardev:c2 \
		</dev/null >"$work/qemu.log" 2>&1 &
	pid=$!
}
