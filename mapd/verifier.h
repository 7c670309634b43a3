/*
 * verifier.h - threads for the public-key work of updates, at a lower priority than those that answer.
 */
#ifndef MAPD_VERIFIER_H
#define MAPD_VERIFIER_H

#include "mapd/admission.h"

#define VERIFIER_WAITING 4096 /* proposals */
#define VERIFIER_OCTETS (48u << 20) /* of memory that these have */

struct verifier;

/* Starts the threads; each has its own snapshot. -MAP_ENOMEM, -MAP_ESYS, -MAP_EDATABASE */
int verifier_new(const struct admission_options *options, struct verifier **out) NONNULL MUST_CHECK;
/* Ends them; those that wait are answered (SERVFAIL). NULL allowed. */
void verifier_free(struct verifier *verifier);
/*
 * Hands one over, from any thread: it goes on to the writer, or its done is called, by a verifier's thread.
 * -MAP_ELIMIT: too many are waiting, in all or of its source; it is still the caller's.
 */
int verifier_put(struct verifier *verifier, struct proposal *proposal) NONNULL MUST_CHECK;

#endif
