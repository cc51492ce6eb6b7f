/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name - names and addresses that nobody chooses.
 *
 * All come from one hash of what they stand for. They need no place where they are kept, and after
 * a crash they are found again.
 */
#include "net/name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tinyrun/fd.h"
#include "tinyrun/proc.h"

#define HASH_START 0xcbf29ce484222325ULL /* FNV-1a, 64 bits */
#define HASH_PRIME 0x100000001b3ULL

static uint64_t hash_add(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * HASH_PRIME;
	return hash;
}

/* FNV leaves the high bits of short texts alike: mix them. */
static uint64_t hash_end(uint64_t hash)
{
	hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdULL;
	return hash ^ hash >> 33;
}

static uint64_t hash_texts(const char *a, const char *b)
{
	uint64_t hash = hash_add(HASH_START, a, strlen(a) + 1);

	return hash_end(hash_add(hash, b, strlen(b)));
}

uint32_t name_hash(const char *text)
{
	return (uint32_t)hash_end(hash_add(HASH_START, text, strlen(text)));
}

/* The high bits of @hash first. */
static void put_bytes(uint8_t *to, size_t n, uint64_t hash)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(hash >> (56 - 8 * i));
}

/* machine-id(5): 32 hexadecimal digits; "uninitialized" and an empty file are none. */
static bool read_machine_id(struct name_host *ret)
{
	auto_fd int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 && read(fd, ret->id, 33) >= 32 && strspn(ret->id, "0123456789abcdef") == 32;
}

int name_host_init(struct name_host *ret, struct err *e)
{
	char boot_id[37];
	int r;

	*ret = (struct name_host){.id = ""};
	if (read_machine_id(ret)) {
		ret->id[32] = '\0';
		return 0;
	}
	r = proc_boot_id(boot_id, e);
	if (r == 0)
		(void)snprintf(ret->id, sizeof(ret->id), "%s", boot_id);
	return r;
}

int name_veth(int root_fd, const char *owner, char ret[NET_LINK_NAME], struct err *e)
{
	struct stat root;
	uint64_t where[2], hash;

	if (fstat(root_fd, &root) < 0)
		return err_sys(e, "stat the state root");
	where[0] = root.st_dev;
	where[1] = root.st_ino;
	hash = hash_add(HASH_START, where, sizeof(where));
	hash = hash_end(hash_add(hash, owner, strlen(owner)));
	(void)snprintf(ret, NET_LINK_NAME, "tr%012llx", (unsigned long long)(hash >> 16));
	return 0;
}

bool name_is_veth(const char *name)
{
	return strncmp(name, "tr", 2) == 0 && strlen(name) == 14 &&
	       strspn(name + 2, "0123456789abcdef") == 12;
}

void name_bridge_mac(const struct name_host *host, const char *bridge, uint8_t ret[6])
{
	put_bytes(ret, 6, hash_texts(host->id, bridge));
	ret[0] = 0x06; /* of nobody's vendor, of one machine */
	ret[1] = 't';
	ret[2] = 'r';
}

void name_mac(const struct net_record *rec, uint8_t ret[6])
{
	const struct net_addr *addr = rec->ip.addr.family ? &rec->ip.addr : &rec->ip6.addr;
	size_t last = addr->family == AF_INET ? 4 : 16;

	ret[0] = 0x02;
	ret[1] = 't';
	memcpy(ret + 2, addr->bytes + last - 4, 4);
}

struct net_cidr name_subnet6(const struct name_host *host, const char *bridge)
{
	struct net_cidr subnet = {.addr = {.family = AF_INET6}, .prefix = 64};

	subnet.addr.bytes[0] = 0xfd;
	put_bytes(subnet.addr.bytes + 1, 5, hash_texts(host->id, "subnet6"));
	put_bytes(subnet.addr.bytes + 6, 2, hash_texts(host->id, bridge));
	return subnet;
}
