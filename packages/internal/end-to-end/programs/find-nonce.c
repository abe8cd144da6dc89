/*
 * Finds the last 8 bytes of make-default-weights.mjs's file, so that its SHA-256 begins with 32 given bits: some 4e9 tries, minutes of a
 * processor with SHA instructions.
 *   cc -O3 find-nonce.c -lcrypto -o find-nonce && ./find-nonce mirror/download.pytorch.org/models/resnet18-f37072fd.pth f37072fd
 * The bytes are two float32 between 2^-7 and 2^-6, with the mantissas as counters.
 */
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **words) {
  FILE *file = fopen(words[1], "rb");
  uint32_t wanted = strtoul(words[2], NULL, 16);
  static unsigned char part[1 << 16], last[64];
  fseek(file, 0, SEEK_END);
  uint64_t bytes = ftell(file), tail = bytes % 64;
  if (tail < 8 || tail > 55) return 2;
  rewind(file);
  SHA256_CTX before, tried;
  SHA256_Init(&before);
  for (uint64_t left = bytes - tail; left > 0;) {
    size_t read = fread(part, 1, left < sizeof part ? left : sizeof part, file);
    SHA256_Update(&before, part, read);
    left -= read;
  }
  if (fread(last, 1, tail, file) != tail) return 2;
  last[tail] = 0x80;
  for (int i = 0; i < 8; i++) last[63 - i] = (8 * bytes) >> (8 * i);
  for (uint64_t number = 0; number < 1ull << 46; number++) {
    uint32_t nonce[2] = {0x3c000000 | (number & 0x7fffff), 0x3c000000 | (number >> 23)};
    memcpy(last + tail - 8, nonce, 8);
    tried = before;
    SHA256_Transform(&tried, last);
    if (tried.h[0] == wanted) return printf("[0x%08x, 0x%08x]\n", nonce[0], nonce[1]), 0;
  }
  return 1;
}
