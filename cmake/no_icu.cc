// What Debian's libxml2.a asks of ICU, without ICU. libxml2 converts with iconv and turns to ICU for encodings that iconv
// does not know; here it is told that ICU does not know them either.
#include <unicode/ucnv.h>
#include <unicode/ucnv_err.h>

extern "C" {

UConverter* ucnv_open(const char*, UErrorCode* error) {
  *error = U_FILE_ACCESS_ERROR;
  return nullptr;
}

// Nothing below is reached: each wants a converter, and there is none.
void ucnv_close(UConverter*) {}

void ucnv_setToUCallBack(UConverter*, UConverterToUCallback, const void*, UConverterToUCallback*, const void**,
                         UErrorCode* error) {
  *error = U_UNSUPPORTED_ERROR;
}

void ucnv_setFromUCallBack(UConverter*, UConverterFromUCallback, const void*, UConverterFromUCallback*, const void**,
                           UErrorCode* error) {
  *error = U_UNSUPPORTED_ERROR;
}

void ucnv_convertEx(UConverter*, UConverter*, char**, const char*, const char**, const char*, UChar*, UChar**, UChar**,
                    const UChar*, UBool, UBool, UErrorCode* error) {
  *error = U_UNSUPPORTED_ERROR;
}

void UCNV_TO_U_CALLBACK_STOP(const void*, UConverterToUnicodeArgs*, const char*, int32_t, UConverterCallbackReason,
                             UErrorCode*) {}

void UCNV_FROM_U_CALLBACK_STOP(const void*, UConverterFromUnicodeArgs*, const UChar*, int32_t, UChar32,
                               UConverterCallbackReason, UErrorCode*) {}
}
