/*
 * diag.h - messages for the operator: standard error, or the journal's "<N>" levels under systemd.
 */
#ifndef SYS_DIAG_H
#define SYS_DIAG_H

#include <stdbool.h>

enum diag_level { DIAG_ERROR, DIAG_WARN, DIAG_INFO, DIAG_DEBUG };

void diag_init(const char *program, enum diag_level level);
void diag_set_level(enum diag_level level);
int diag_level_from(const char *word); /* "info" ...; -1 */
__attribute__((format(printf, 1, 2))) void diag_error(const char *format, ...);
__attribute__((format(printf, 1, 2))) void diag_warn(const char *format, ...);
__attribute__((format(printf, 1, 2))) void diag_info(const char *format, ...);
__attribute__((format(printf, 1, 2))) void diag_debug(const char *format, ...);
/* Only before the loop starts: says why and exits with 1. */
__attribute__((format(printf, 1, 2), noreturn)) void diag_fatal(const char *format, ...);

#endif
