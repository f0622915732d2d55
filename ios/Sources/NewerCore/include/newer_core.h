#ifndef NEWER_CORE_H
#define NEWER_CORE_H

// The two numbers by which bindings know their core, as a core of another version would tell them.
#include <stdint.h>

uint32_t ffi_taptill_ffi_uniffi_contract_version(void);
uint16_t uniffi_taptill_ffi_checksum_func_core_version(void);

#endif
