/*
 * leaks.c - leaks of others that the leak sanitizer is not to report.
 */
const char *__lsan_default_suppressions(void);

/* ldns 1.8.3 loses a few octets when it refuses some records, as "CERT 0", or an IPSECKEY of too few words. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:ldns_rdf_new_frm_data\nleak:ldns_str2rdf_\n";
}
