// A core of another version, for one test: loaded in front of the real library, it answers the two questions by which
// the bindings know their core. TAPTILL_NEWER says which answer is another one: "contract" or "surface".

#define _GNU_SOURCE
#include "newer_core.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static int newer(const char *what) {
    const char *wanted = getenv("TAPTILL_NEWER");
    return wanted != NULL && strcmp(wanted, what) == 0;
}

uint32_t ffi_taptill_ffi_uniffi_contract_version(void) {
    uint32_t (*real)(void) = dlsym(RTLD_NEXT, "ffi_taptill_ffi_uniffi_contract_version");
    return real() + (newer("contract") ? 1 : 0);
}

uint16_t uniffi_taptill_ffi_checksum_func_core_version(void) {
    uint16_t (*real)(void) = dlsym(RTLD_NEXT, "uniffi_taptill_ffi_checksum_func_core_version");
    return real() + (newer("surface") ? 1 : 0);
}
