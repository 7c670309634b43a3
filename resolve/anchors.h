/*
 * anchors.h - trust anchor files, looked through before libunbound gets them.
 */
#ifndef RESOLVE_ANCHORS_H
#define RESOLVE_ANCHORS_H

#include <stddef.h>

#define ANCHORS_EXPECTED "a file with DS or DNSKEY records, as in a zone file"

/*
 * 0 if the file can be read and every record in it is one that libunbound can trust by; else
 * -MAP_ECONFIG with "FILE: cause", of a bad record "FILE:LINE: cause", in why; -MAP_ENOMEM.
 */
int anchors_check(const char *path, char *why, size_t max);

#endif
