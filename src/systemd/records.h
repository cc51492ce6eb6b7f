/* SPDX-License-Identifier: Apache-2.0 */
/* records - the properties that tinyrun has listed, from their strings into a D-Bus message. */
#ifndef SYSTEMD_RECORDS_H
#define SYSTEMD_RECORDS_H

#include <stddef.h>
#include <systemd/sd-bus.h>

struct records {
	char *text; /* runs of strings, each with its 0: tinyrun/scope.h */
	size_t len;
};

/* Up to the empty name that ends the list; what follows on @fd is left there. -EINVAL: no list. */
int records_read(struct records *ret, int fd);
void records_done(struct records *records);
/* Each as "(sv)", but for those that systemd @version does not have. */
int records_append(const struct records *records, unsigned version, sd_bus_message *m);

#endif
