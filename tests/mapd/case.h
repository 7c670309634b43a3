/*
 * case.h - case files: text in, text out, no C.
 *
 *   zone  APEX [nsec|nsec3] FILE            serve the zone file, which stands beside the case file
 *   prefix APEX ADDRESS LENGTH              identities under it are looked up below that zone
 *   query NAME TYPE [+dnssec] [+tcp] [+noedns] [+bufsize=N] [+class=C] [+rd] [+cd]
 *   expect RCODE [aa] [tc] [rd] [cd] [ede=N] [size<=N]
 *   answer|authority|additional [unsigned] OWNER TTL TYPE RDATA
 *   answer rrsig OWNER TYPE                 a signature over TYPE, asked for by itself
 *   authority nsec|nsec3 match|cover NAME
 *   # a comment
 *
 * Every record of the answer must be named by a line, and every line have its record; with +dnssec
 * every RRset must have a signature that verifies, unless its line says "unsigned".
 */
#ifndef TESTS_MAPD_CASE_H
#define TESTS_MAPD_CASE_H

/* Runs one case file; returns how many questions failed, told on standard error; -1: unreadable. */
int case_run(const char *path, unsigned *questions);

#endif
