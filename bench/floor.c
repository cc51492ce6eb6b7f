/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor - the kernel's work of one container with the default configuration and nothing else: the
 * figure that no runtime can go below.
 *
 *   floor ROOTFS CGROUP PROGRAM
 *
 * clone3 with six namespaces into a new cgroup with a device filter, the default mounts, devices
 * and links, masked and read-only paths, a read-only root, pivot_root, capabilities, execve, wait,
 * rmdir. No configuration, no checks of the paths, no state, no log: not a runtime, and not safe.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define DO(call)                                                   \
	do {                                                       \
		if ((long)(call) < 0) {                            \
			fprintf(stderr, "floor: %s: %m\n", #call); \
			_exit(1);                                  \
		}                                                  \
	} while (0)

static void mounts(void)
{
	static const struct {
		const char *type, *at, *data;
		unsigned long flags;
	} m[] = {
		{"proc", "proc", NULL, 0},
		{"tmpfs", "dev", "mode=755,size=65536k", MS_NOSUID | MS_STRICTATIME},
		{"devpts", "dev/pts", "newinstance,ptmxmode=0666,mode=0620,gid=5",
		 MS_NOSUID | MS_NOEXEC},
		{"tmpfs", "dev/shm", "mode=1777,size=65536k", MS_NOSUID | MS_NOEXEC | MS_NODEV},
		{"mqueue", "dev/mqueue", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV},
		{"sysfs", "sys", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY},
		{"cgroup2", "sys/fs/cgroup", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY},
	};

	for (size_t i = 0; i < sizeof(m) / sizeof(*m); i++) {
		(void)mkdir(m[i].at, 0755);
		DO(mount(m[i].type, m[i].at, m[i].type, m[i].flags, m[i].data));
	}
}

static void devices(void)
{
	static const struct {
		const char *at;
		unsigned major, minor;
	} d[] = {{"dev/null", 1, 3},   {"dev/zero", 1, 5},    {"dev/full", 1, 7},
		 {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};

	umask(0);
	for (size_t i = 0; i < sizeof(d) / sizeof(*d); i++)
		DO(mknod(d[i].at, S_IFCHR | 0666, makedev(d[i].major, d[i].minor)));
	DO(symlink("/proc/self/fd", "dev/fd"));
	DO(symlink("/proc/self/fd/0", "dev/stdin"));
	DO(symlink("/proc/self/fd/1", "dev/stdout"));
	DO(symlink("/proc/self/fd/2", "dev/stderr"));
	DO(symlink("pts/ptmx", "dev/ptmx"));
}

static void paths(void)
{
	static const char *const masked[] = {"proc/kcore", "proc/keys", "proc/timer_list"};
	static const char *const dirs[] = {"proc/acpi", "proc/scsi", "sys/firmware"};
	static const char *const readonly[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys",
					       "proc/sysrq-trigger"};

	for (size_t i = 0; i < 3; i++)
		if (access(masked[i], F_OK) == 0)
			DO(mount("dev/null", masked[i], NULL, MS_BIND, NULL));
	for (size_t i = 0; i < 3; i++)
		if (access(dirs[i], F_OK) == 0)
			DO(mount("tmpfs", dirs[i], "tmpfs", MS_RDONLY, "nr_inodes=2"));
	for (size_t i = 0; i < 5; i++) {
		if (access(readonly[i], F_OK) < 0)
			continue;
		DO(mount(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL));
		DO(mount(NULL, readonly[i], NULL,
			 MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			 NULL));
	}
}

static void capabilities(void)
{
	static const uint64_t keep =
		1U << CAP_AUDIT_WRITE | 1U << CAP_KILL | 1U << CAP_NET_BIND_SERVICE;
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)keep, .permitted = (uint32_t)keep}};
	struct rlimit files = {1024, 1024};

	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(keep & 1ULL << cap))
			DO(prctl(PR_CAPBSET_DROP, cap, 0, 0, 0));
	DO(setrlimit(RLIMIT_NOFILE, &files));
	DO(syscall(SYS_capset, &head, data));
	DO(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static void child(const char *rootfs, const char *program)
{
	char *argv[] = {(char *)program, NULL};
	char *envp[] = {"PATH=/bin", NULL};

	DO(unshare(CLONE_NEWCGROUP));
	DO(setsid());
	DO(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	DO(mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL));
	DO(chdir(rootfs));
	mounts();
	devices();
	DO(sethostname("floor", 5));
	paths();
	DO(mount(NULL, rootfs, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
	DO(syscall(SYS_pivot_root, ".", "."));
	DO(umount2(".", MNT_DETACH));
	DO(chdir("/"));
	capabilities();
	execve(program, argv, envp);
	DO(-1);
}

static void device_filter(int cgroup_fd)
{
	/* the size of a usual rule set: compare type, access, major, minor; allow */
	struct bpf_insn insns[2 + 8 * 6];
	size_t n = 0;
	union bpf_attr load, attach;
	int fd;

	for (int i = 0; i < 8; i++) {
		insns[n++] = (struct bpf_insn){BPF_LDX | BPF_MEM | BPF_W, 2, 1, 4, 0};
		insns[n++] = (struct bpf_insn){BPF_LDX | BPF_MEM | BPF_W, 3, 1, 8, 0};
		insns[n++] = (struct bpf_insn){BPF_JMP | BPF_JNE | BPF_K, 2, 0, 3, 1};
		insns[n++] = (struct bpf_insn){BPF_JMP | BPF_JNE | BPF_K, 3, 0, 2, i};
		insns[n++] = (struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1};
		insns[n++] = (struct bpf_insn){BPF_JMP | BPF_EXIT, 0, 0, 0, 0};
	}
	insns[n++] = (struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1};
	insns[n++] = (struct bpf_insn){BPF_JMP | BPF_EXIT, 0, 0, 0, 0};
	memset(&load, 0, sizeof(load));
	load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	load.insns = (uintptr_t)insns;
	load.insn_cnt = (uint32_t)n;
	load.license = (uintptr_t) "Apache-2.0";
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
	DO(fd);
	memset(&attach, 0, sizeof(attach));
	attach.target_fd = (uint32_t)cgroup_fd;
	attach.attach_bpf_fd = (uint32_t)fd;
	attach.attach_type = BPF_CGROUP_DEVICE;
	attach.attach_flags = BPF_F_ALLOW_MULTI;
	DO(syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)));
	close(fd);
}

int main(int argc, char **argv)
{
	struct clone_args args = {.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
					   CLONE_NEWIPC | CLONE_NEWUTS | CLONE_INTO_CGROUP,
				  .exit_signal = SIGCHLD};
	int status, cgroup_fd;
	long pid;

	if (argc != 4) {
		fprintf(stderr, "usage: floor ROOTFS CGROUP PROGRAM\n");
		return 2;
	}
	DO(mkdir(argv[2], 0755));
	DO(cgroup_fd = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	device_filter(cgroup_fd);
	args.cgroup = (unsigned)cgroup_fd;
	DO(pid = syscall(SYS_clone3, &args, sizeof(args)));
	if (pid == 0)
		child(argv[1], argv[3]);
	DO(waitpid((pid_t)pid, &status, 0));
	DO(rmdir(argv[2]));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
