/*
 * ledger.h - what fuzz_register keeps account of: the inputs since all began anew, to be seen again when one is a
 * finding that needs those before; and the claims of a database.
 */
#ifndef TESTS_FUZZ_LEDGER_H
#define TESTS_FUZZ_LEDGER_H

#include "mapd/claim.h"

/* An input is on its way; it and those before are written to fuzz_register.history when the process ends in it. */
void ledger_note(const uint8_t *data, size_t n);
void ledger_drop(void); /* it did nothing */
void ledger_good(void); /* it is through */
void ledger_forget(void); /* those before are not needed any more */

/* Any claim; false: there is none. */
bool ledger_first(struct change *change, struct name *owner);
/* All claims are so many seconds older. */
void ledger_age(struct change *change, uint64_t seconds);
/* Claims are counted right, of zones and of sources, and have the entries in EXPIRY that they say, no more. */
void ledger_holds(struct change *change);

#endif
