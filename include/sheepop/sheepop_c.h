/* SheepOp for C, and for every language that can call C: one model for any number of threads, with all that shared_model.h
 * has for C++.
 *
 *   sheepop_model* model = NULL;
 *   sheepop_error* error = sheepop_open("smollm2", NULL, &model);
 *   if (error != NULL) {
 *     fprintf(stderr, "%s\n", sheepop_error_message(error));
 *     sheepop_error_free(error);
 *     return 1;
 *   }
 *
 * Errors are values: a function that can fail returns NULL, or an error, which the caller frees; what it gives stands behind
 * its last parameters and is left alone where it fails. A parameter that is NULL and must not be is such an error, of the
 * category SHEEPOP_INVALID_ARGUMENT, named in the message.
 *
 * Texts are UTF-8 and end with a zero byte, but for those with a number of bytes beside them. Tokens are ids of the model's
 * vocabulary, 0 to vocabulary - 1. Requests and answers are JSON with the fields of the server's API (docs/serving.md), read
 * as strictly: a field that there is not, or a value out of its bounds, is refused by name, value and bound.
 *
 * What is given is the caller's: handles are freed by the function of their kind, strings and arrays by sheepop_free. Every
 * *_free takes NULL. A model may be used by any threads at once, and freed while its answers live: it is let go of with the
 * last of them. An answer is used by one thread at a time, but for sheepop_cancel. After a fork() only the parent may use
 * either.
 *
 * The binary interface is that of SHEEPOP_ABI: a library of the same number has every function and struct as they stand here.
 */
#ifndef SHEEPOP_SHEEPOP_C_H
#define SHEEPOP_SHEEPOP_C_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHEEPOP_ABI 1

typedef struct sheepop_model sheepop_model;
typedef struct sheepop_answer sheepop_answer;
typedef struct sheepop_error sheepop_error;

typedef enum sheepop_category {
  SHEEPOP_INVALID_ARGUMENT = 1,
  SHEEPOP_NOT_FOUND = 2,
  SHEEPOP_CORRUPT = 3,
  SHEEPOP_UNSUPPORTED = 4,
  SHEEPOP_LIMIT = 5, /* too long for the context, too large for the memory */
  SHEEPOP_BUSY = 6,
  SHEEPOP_IO = 7,
  SHEEPOP_NETWORK = 8,
  SHEEPOP_INTERRUPTED = 9,
  SHEEPOP_INTERNAL = 10
} sheepop_category;

sheepop_category sheepop_error_category(const sheepop_error* error);
/* A sentence for people. Lives as long as the error. */
const char* sheepop_error_message(const sheepop_error* error);
/* The field of a request that is at fault ("messages[2].content"), or "". Lives as long as the error. */
const char* sheepop_error_field(const sheepop_error* error);
void sheepop_error_free(sheepop_error* error);

/* Of the library that runs, which need not be that of this header. */
int sheepop_abi(void);
const char* sheepop_version(void);
void sheepop_free(void* given);

/* A GGUF file, a Hugging Face folder, or the name of a model that was pulled or comes with the program. `options`: NULL, or a
 * JSON object of `threads` (0: the physical cores), `context` (positions; 0: the model's own, at most 4096) and those flags of
 * `sheepop generate --help` that are no sampling, with _ for -: {"kv_type": "bf16"}. */
sheepop_error* sheepop_open(const char* path_or_name, const char* options, sheepop_model** model);
void sheepop_model_free(sheepop_model* model);
/* {"name", "path", "context", "vocabulary", "width", "chat", "warnings": [..]} */
sheepop_error* sheepop_facts(const sheepop_model* model, char** json);

/* Begins to write. The fields of POST /v1/completions and of POST /v1/chat/completions, without stream and its options. */
sheepop_error* sheepop_complete(const sheepop_model* model, const char* request, sheepop_answer** answer);
sheepop_error* sheepop_chat(const sheepop_model* model, const char* request, sheepop_answer** answer);
/* Cancels what has not ended. */
void sheepop_answer_free(sheepop_answer* answer);

typedef enum sheepop_piece_kind {
  SHEEPOP_TEXT = 0,
  SHEEPOP_THINKING = 1,
  SHEEPOP_CALL_NAME = 2,
  SHEEPOP_CALL_ARGUMENTS = 3
} sheepop_piece_kind;

/* Text that has become certain. */
typedef struct sheepop_piece {
  size_t choice;    /* index of the prompt * n + i */
  size_t call;      /* of the two last kinds: which call of the choice, from 0 */
  const char* text; /* ends with a zero byte; lives until the next call with its answer */
  size_t bytes;     /* of the text, without that zero */
  int32_t kind;     /* sheepop_piece_kind */
} sheepop_piece;

typedef enum sheepop_state { SHEEPOP_PIECE = 0, SHEEPOP_WAITING = 1, SHEEPOP_END = 2 } sheepop_state;

/* The next piece, for which it waits `seconds` at most, or without a limit where they are negative. Fails as a choice did,
 * after the pieces before it. */
sheepop_error* sheepop_next(sheepop_answer* answer, double seconds, sheepop_piece* piece, sheepop_state* state);
/* The answer as the server would give it. Waits for the end. */
sheepop_error* sheepop_whole(sheepop_answer* answer, char** json);
/* Ends every choice within a step. Any thread. */
void sheepop_cancel(sheepop_answer* answer);
/* A file descriptor that can be read while sheepop_next would not wait: for loops of events. It is the answer's. */
sheepop_error* sheepop_ready(sheepop_answer* answer, int* descriptor);

/* Asked now and then on the thread of the call: other than 0 ends it with SHEEPOP_INTERRUPTED. NULL asks nobody. */
typedef struct sheepop_question {
  int (*stop)(void* data);
  void* data;
} sheepop_question;

/* Why each token of a text is drawn, as `sheepop explain --json` and --html. Fields: the prompt and those that say how to draw;
 * `explain_top`, `watch`. */
sheepop_error* sheepop_explain(const sheepop_model* model, const char* request, const sheepop_question* question,
                               char** json, char** page);

enum { SHEEPOP_BEGIN = 1, SHEEPOP_SPECIAL = 2 };

/* `how`, or-ed: SHEEPOP_BEGIN puts the begin-of-text token in front where the model wants one; with SHEEPOP_SPECIAL names of
 * control tokens are those tokens. */
sheepop_error* sheepop_tokenize(const sheepop_model* model, const char* text, size_t bytes, int how, int32_t** tokens,
                                size_t* count);
sheepop_error* sheepop_detokenize(const sheepop_model* model, const int32_t* tokens, size_t count, char** text,
                                  size_t* bytes);

/* Natural logarithms of the probabilities of tokens[1], tokens[2], ..., [count - 1], and how many tokens were more probable, in
 * windows of `context` that go on by `stride`; 0 and 0: as `sheepop score`. */
sheepop_error* sheepop_score(const sheepop_model* model, const int32_t* tokens, size_t count, size_t context,
                             size_t stride, const sheepop_question* question, double** logprobs, size_t** ranks);

/* What the model makes of the tokens up to each, of the token that follows: [count, vocabulary], row by row. */
sheepop_error* sheepop_logits(const sheepop_model* model, const int32_t* tokens, size_t count,
                              const sheepop_question* question, float** values, size_t* columns);

typedef enum sheepop_pooling { SHEEPOP_MEAN = 0, SHEEPOP_LAST = 1 } sheepop_pooling;

/* Of each text a vector of length 1: [count, width], row by row. */
sheepop_error* sheepop_embed(const sheepop_model* model, const char* const* texts, size_t count,
                             sheepop_pooling pooling, const sheepop_question* question, float** values,
                             size_t* columns);

/* The options of sampling: {"groups": [{"title", "options": [{"name", "help", "unit", "shape", "low", "high", "choices",
 * "default"}]}]}. */
sheepop_error* sheepop_sampling_options(char** json);

#ifdef __cplusplus
}
#endif

#endif
