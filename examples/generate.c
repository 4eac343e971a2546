/* A model writes on, piece by piece, and says why it ended.
 *
 *   cc -std=c11 generate.c -lsheepop -o generate
 *   ./generate MODEL PROMPT          the name or path of a model, a text to go on from
 */
#define _POSIX_C_SOURCE 200809L /* fmemopen */
#include <sheepop/sheepop_c.h>
#include <stdio.h>

static int Failed(sheepop_error* error) {
  if (error == NULL) return 0;
  fprintf(stderr, "generate: %s\n", sheepop_error_message(error));
  sheepop_error_free(error);
  return 1;
}

/* As a string of JSON. */
static void PutQuoted(FILE* out, const char* text) {
  fputc('"', out);
  for (; *text != '\0'; ++text) {
    const unsigned char c = (unsigned char)*text;
    if (c < 0x20 || c == '"' || c == '\\') {
      fprintf(out, "\\u%04x", c);
    } else {
      fputc(c, out);
    }
  }
  fputc('"', out);
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: generate MODEL PROMPT\n");
    return 2;
  }
  char request[8192];
  FILE* out = fmemopen(request, sizeof(request), "w");
  if (out == NULL) return 1;
  fputs("{\"max_tokens\": 40, \"seed\": 1, \"prompt\": ", out);
  PutQuoted(out, argv[2]);
  fputs("}", out);
  if (fclose(out) != 0) {
    fprintf(stderr, "generate: the prompt is too long\n");
    return 1;
  }
  sheepop_model* model = NULL;
  sheepop_answer* answer = NULL;
  int failed = Failed(sheepop_open(argv[1], NULL, &model)) || Failed(sheepop_complete(model, request, &answer));
  sheepop_piece piece;
  sheepop_state state = SHEEPOP_PIECE;
  while (!failed && state != SHEEPOP_END) {
    failed = Failed(sheepop_next(answer, -1, &piece, &state));
    if (!failed && state == SHEEPOP_PIECE) {
      fputs(piece.text, stdout);
      fflush(stdout);
    }
  }
  if (!failed) fputc('\n', stdout);
  sheepop_answer_free(answer);
  sheepop_model_free(model);
  return failed;
}
