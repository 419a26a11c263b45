// Philox 4x32-10: four words of 32 bits for each counter (J. Salmon et al., 2011).
typedef unsigned int Word;
typedef unsigned long long Wide;

KERNEL philox_words(Word* result, Int count, Wide seed, Wide offset) {
    EACH(i, (count + 3) / 4) {
        Wide counter = offset + (Wide)i;
        Word a = (Word)counter, b = (Word)(counter >> 32), c = 0, d = 0;
        Word key0 = (Word)seed, key1 = (Word)(seed >> 32);
        for (int round = 0; round < 10; round++) {
            Wide left = (Wide)a * 0xD2511F53u, right = (Wide)c * 0xCD9E8D57u;
            a = (Word)(right >> 32) ^ b ^ key0;
            b = (Word)right;
            c = (Word)(left >> 32) ^ d ^ key1;
            d = (Word)left;
            key0 += 0x9E3779B9u;
            key1 += 0xBB67AE85u;
        }
        Word words[4] = {a, b, c, d};
        for (int k = 0; k < 4 && 4 * i + k < count; k++) result[4 * i + k] = words[k];
    }
}
