/*
 * policy.h - the policy table of RFC 6724 section 2.1: label and precedence of an address.
 */
#ifndef RESOLVERD_POLICY_H
#define RESOLVERD_POLICY_H

#include "core/wire/bytes.h"

#define POLICY_ROWS 64

struct policy_row {
	uint8_t prefix[16]; /* IPv4 mapped */
	uint8_t length;
	uint32_t value;
};

struct policy_table {
	size_t n;
	struct policy_row rows[POLICY_ROWS];
};

struct policy {
	struct policy_table labels, precedences;
};

void policy_default(struct policy *out) NONNULL;
/* The lines "label" and "precedence" of a gai.conf(5); as there, one of a kind replaces all of the
 * default of that kind. What it does not understand it counts, and leaves the rest in force. */
unsigned policy_read(struct policy *policy, const char *text, size_t n) NONNULL;

uint32_t policy_label(const struct policy *policy, const uint8_t address[16]) NONNULL;
uint32_t policy_precedence(const struct policy *policy, const uint8_t address[16]) NONNULL;

/* RFC 6724 3.1 and 2.2. */
unsigned policy_scope(const uint8_t address[16]) NONNULL;
unsigned policy_common(const uint8_t a[16], const uint8_t b[16], unsigned length) NONNULL;

#endif
