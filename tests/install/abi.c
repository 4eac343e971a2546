/* The binary interface of sheepop_c.h: what a program that was compiled once relies on. A change here is another SHEEPOP_ABI. */
#include <assert.h>
#include <sheepop/sheepop_c.h>

static_assert(SHEEPOP_ABI == 1, "the number of the interface");
static_assert(sizeof(sheepop_category) == 4 && SHEEPOP_INVALID_ARGUMENT == 1 && SHEEPOP_NOT_FOUND == 2, "");
static_assert(SHEEPOP_CORRUPT == 3 && SHEEPOP_UNSUPPORTED == 4 && SHEEPOP_LIMIT == 5 && SHEEPOP_BUSY == 6, "");
static_assert(SHEEPOP_IO == 7 && SHEEPOP_NETWORK == 8 && SHEEPOP_INTERRUPTED == 9 && SHEEPOP_INTERNAL == 10, "");
static_assert(SHEEPOP_TEXT == 0 && SHEEPOP_THINKING == 1 && SHEEPOP_CALL_NAME == 2 && SHEEPOP_CALL_ARGUMENTS == 3, "");
static_assert(SHEEPOP_PIECE == 0 && SHEEPOP_WAITING == 1 && SHEEPOP_END == 2, "");
static_assert(SHEEPOP_BEGIN == 1 && SHEEPOP_SPECIAL == 2 && SHEEPOP_MEAN == 0 && SHEEPOP_LAST == 1, "");
static_assert(sizeof(sheepop_piece) == 40 && offsetof(sheepop_piece, choice) == 0 && offsetof(sheepop_piece, call) == 8, "");
static_assert(offsetof(sheepop_piece, text) == 16 && offsetof(sheepop_piece, bytes) == 24, "");
static_assert(offsetof(sheepop_piece, kind) == 32, "");
static_assert(sizeof(sheepop_question) == 16 && offsetof(sheepop_question, data) == 8, "");

int main(void) { return sheepop_abi() != SHEEPOP_ABI; }
