/*
 * petition.h - updates put together without a message, and done by the writer's commit.
 */
#ifndef TESTS_STORE_PETITION_H
#define TESTS_STORE_PETITION_H

#include "core/sys/crypto.h"
#include "mapd/commit.h"
#include "tests/store/past.h"

#define PETITION_ITEMS 16

/* One more update, of an administrator until petition_sign(); it is done with the others by petitions_run(). */
struct proposal *petition_new(void);
/* Signed by SIG(0) at now, by the key whose public half is given, as name. */
void petition_sign(struct proposal *p, const char *name, uint8_t algorithm, const uint8_t *key,
    size_t n);
/* text NULL: no RDATA; type NULL: of no type. */
void petition_item(
    struct proposal *p, enum update_verb verb, const char *owner, uint32_t ttl, const char *type, const char *text);
void petition_rdata(struct proposal *p, enum update_verb verb, const char *owner, uint32_t ttl,
    uint16_t type, struct bytes rdata);
/* All in one call of commit_updates(); their verdicts stay until petitions_free(). */
void petitions_run(void);
void petitions_free(void);

#endif
